// SPDX-License-Identifier: BSD-2-Clause
/*
 * filter_set.c - replaces the filter of an engine as a whole.
 */
#include "control/filter_set.h"

#include <errno.h>

#include "capture/file/pcap_filter.h"
#include "engine/engine_body.h"
#include "engine/engine_call.h"
#include "packet/segment_filter.h"

/*
 * The filters that workers apply: the expression; if no kernel program filters, also the other
 * rules.
 */
struct filters {
	struct wf_pcap_filter *expression;
	struct wf_segment_filter *segments;
};

/* Set the worker's filters. Thread: the worker. */
static void change_over(void *ctx, struct wf_pipeline *pipeline)
{
	const struct filters *filters = ctx;

	wf_pipeline_set_filter(pipeline, filters->expression, filters->segments);
}

/*
 * Set the filters of every worker. If a worker does not answer, restore the old filters in the
 * workers that already use the new ones.
 */
static int set_in_workers(struct wf_engine *engine, struct filters *filters)
{
	struct filters old = {engine->filter, engine->segment_filter};
	const struct wf_call forth = {.fn = change_over, .ctx = filters};
	const struct wf_call back = {.fn = change_over, .ctx = &old};
	uint32_t done = 0;
	int err = 0;

	for (; !err && done < engine->crew.count; done++)
		err = wf_engine_call(engine, done, &forth);
	if (!err)
		return 0;
	/*
	 * Restore the workers called before the one that did not answer. They have answered once,
	 * so a call that times out is repeated.
	 */
	for (done--; done > 0; done--)
		while (wf_engine_call(engine, done - 1, &back) == -ETIMEDOUT)
			;
	return err;
}

static int prepare_ifaces(struct wf_engine *engine, const struct weft_interface_opts *wanted,
			  uint64_t words[WEFT_INTERFACES_MAX])
{
	int err = 0;

	for (uint32_t i = 0; !err && i < engine->ifaces.count; i++)
		err = wf_iface_prepare_filter(engine->ifaces.list[i].iface, wanted, &words[i]);
	return err;
}

static int switch_ifaces(struct wf_engine *engine, const uint64_t words[WEFT_INTERFACES_MAX])
{
	int err = 0;

	for (uint32_t i = 0; i < engine->ifaces.count; i++) {
		int one = wf_iface_switch_filter(engine->ifaces.list[i].iface, words[i]);

		err = one ? one : err;
	}
	return err;
}

/* Exchange @filters and the filters of the engine. */
static void exchange(struct wf_engine *engine, struct filters *filters)
{
	const struct filters old = {engine->filter, engine->segment_filter};

	engine->filter = filters->expression;
	engine->segment_filter = filters->segments;
	*filters = old;
}

static int set_locked(struct wf_engine *engine, const struct weft_interface_opts *wanted,
		      struct filters *filters)
{
	uint64_t words[WEFT_INTERFACES_MAX];
	int err = prepare_ifaces(engine, wanted, words);

	if (!err)
		err = set_in_workers(engine, filters);
	if (err)
		return err;
	exchange(engine, filters);
	return switch_ifaces(engine, words);
}

static int set_running(struct wf_engine *engine, const struct weft_filter_opts *opts,
		       struct filters *filters)
{
	const struct weft_interface_opts wanted = {
		.ports = opts->ports,
		.ports_count = opts->ports_count,
		.allow = opts->allow,
		.allow_count = opts->allow_count,
		.deny = opts->deny,
		.deny_count = opts->deny_count,
		.sample = opts->sample,
	};
	int err = wf_engine_control_lock(engine);

	if (err)
		return err;
	err = set_locked(engine, &wanted, filters);
	wf_engine_control_unlock(engine);
	return err;
}

/* Before the start, the expression of struct weft_opts stays in use if @opts contains none. */
static void set_before_start(struct wf_engine *engine, const struct weft_filter_opts *opts,
			     struct filters *filters)
{
	if (!opts->expression) {
		filters->expression = engine->filter;
		engine->filter = NULL;
	}
	exchange(engine, filters);
}

int wf_engine_filter_set(struct wf_engine *engine, const struct weft_filter_opts *opts)
{
	struct filters filters = {NULL, NULL};
	int err = 0;

	if (!engine->is_started && engine->ifaces.count)
		return -ENODEV;
	if (opts->expression && *opts->expression)
		err = wf_pcap_filter_new(opts->expression, &filters.expression);
	if (!err)
		err = wf_segment_filter_new(opts, &filters.segments);
	if (!err && engine->is_started)
		err = set_running(engine, opts, &filters);
	else if (!err)
		set_before_start(engine, opts, &filters);
	/* Free the filters that are not in use: the old ones, or the new ones after an error. */
	wf_pcap_filter_free(filters.expression);
	wf_segment_filter_free(filters.segments);
	return err;
}
