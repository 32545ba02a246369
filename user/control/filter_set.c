// SPDX-License-Identifier: BSD-2-Clause
/*
 * filter_set.c - replaces the filter of a running engine as a whole.
 */
#include "control/filter_set.h"

#include <errno.h>

#include "capture/file/pcap_filter.h"
#include "engine/engine_body.h"
#include "engine/engine_call.h"
#include "packet/segment_filter.h"

/* Set the worker's filter. Thread: the worker. */
static void change_over(void *ctx, struct wf_pipeline *pipeline)
{
	wf_pipeline_set_filter(pipeline, ctx);
}

/*
 * Set the filter of every worker. If a worker does not answer, restore the old filter in the
 * workers that already use the new one.
 */
static int set_in_workers(struct wf_engine *engine, struct wf_pcap_filter *filter)
{
	const struct wf_call forth = {.fn = change_over, .ctx = filter};
	const struct wf_call back = {.fn = change_over, .ctx = engine->filter};
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

static int set_locked(struct wf_engine *engine, const struct weft_interface_opts *wanted,
		      struct wf_pcap_filter **filter)
{
	uint64_t words[WEFT_INTERFACES_MAX];
	struct wf_pcap_filter *old;
	int err = prepare_ifaces(engine, wanted, words);

	if (!err)
		err = set_in_workers(engine, *filter);
	if (err)
		return err;
	old = engine->filter;
	engine->filter = *filter;
	*filter = old;
	return switch_ifaces(engine, words);
}

/* Set the filter of a handle that reads files. Its workers do not run yet. */
static int set_for_files(struct wf_engine *engine, const struct weft_filter_opts *opts)
{
	struct wf_pcap_filter *filter = NULL;
	struct wf_segment_filter *segment_filter;
	int err = 0;

	if (opts->expression && *opts->expression)
		err = wf_pcap_filter_new(opts->expression, &filter);
	if (!err)
		err = wf_segment_filter_new(opts, &segment_filter);
	if (err) {
		wf_pcap_filter_free(filter);
		return err;
	}
	if (opts->expression) {
		wf_pcap_filter_free(engine->filter);
		engine->filter = filter;
	}
	wf_segment_filter_free(engine->segment_filter);
	engine->segment_filter = segment_filter;
	return 0;
}

int wf_engine_filter_set(struct wf_engine *engine, const struct weft_filter_opts *opts)
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
	struct wf_pcap_filter *filter = NULL;
	int err = 0;

	if (engine->file_paths_count && !engine->is_started)
		return set_for_files(engine, opts);
	if (!engine->is_started || !engine->ifaces.count)
		return -ENODEV;
	if (opts->expression && *opts->expression)
		err = wf_pcap_filter_new(opts->expression, &filter);
	if (!err)
		err = wf_engine_control_lock(engine);
	if (!err) {
		err = set_locked(engine, &wanted, &filter);
		wf_engine_control_unlock(engine);
	}
	/* Free the filter that is not in use: the old one, or the new one after an error. */
	wf_pcap_filter_free(filter);
	return err;
}
