// SPDX-License-Identifier: BSD-2-Clause
/*
 * policy_set.c - replaces the policy of an engine, or only its filter, as a whole.
 */
#include "control/policy_set.h"

#include <errno.h>

#include "capture/file/pcap_filter.h"
#include "engine/engine_body.h"
#include "engine/engine_call.h"
#include "packet/segment_filter.h"

/*
 * A policy in the form that workers apply: the expression; the ports, prefixes and sample, which a
 * worker applies only to packets that no kernel program has tested with this policy; and the rules.
 */
struct parts {
	struct wf_pcap_filter *expression;
	struct wf_segment_filter *segments;
	struct wf_rules rules;
	uint32_t number;
};

/* The context of a call to a worker. */
struct change {
	struct wf_pipeline_policy policy;
	int err;
};

/* Set the worker's policy. Thread: the worker. */
static void change_over(void *ctx, struct wf_pipeline *pipeline)
{
	struct change *change = ctx;

	change->err = wf_pipeline_set_policy(pipeline, &change->policy);
}

static int set_in_worker(struct wf_engine *engine, uint32_t worker, const struct parts *parts)
{
	struct change change = {
		.policy = {parts->expression, parts->segments, &parts->rules, parts->number},
	};
	const struct wf_call call = {.fn = change_over, .ctx = &change};
	int err = wf_engine_call(engine, worker, &call);

	return err ? err : change.err;
}

/*
 * Restore the policy @old in the first @count workers, which have just set another one. They have
 * all answered, and the entry of the old depth is kept, so nothing but a delay or the end of the
 * workers can be the reason of an error: a call that times out is repeated, and workers that have
 * ended need no policy.
 */
static void restore_in_workers(struct wf_engine *engine, const struct parts *old, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		int err;

		do
			err = set_in_worker(engine, i, old);
		while (err == -ETIMEDOUT);
		wf_assert(!err || err == -ESHUTDOWN);
	}
}

/* Set the policy of every worker, or of none. */
static int set_in_workers(struct wf_engine *engine, const struct parts *parts)
{
	const struct parts old = {engine->filter, engine->segment_filter, engine->rules,
				  engine->policy};
	uint32_t done = 0;
	int err = 0;

	for (; !err && done < engine->crew.count; done++)
		err = set_in_worker(engine, done, parts);
	if (err)
		restore_in_workers(engine, &old, done - 1);
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

static void switch_ifaces(struct wf_engine *engine, const uint64_t words[WEFT_INTERFACES_MAX])
{
	for (uint32_t i = 0; i < engine->ifaces.count; i++)
		wf_iface_switch_filter(engine->ifaces.list[i].iface, words[i], engine->policy);
}

/* Exchange @parts and the policy of the engine. */
static void exchange(struct wf_engine *engine, struct parts *parts)
{
	const struct parts old = {engine->filter, engine->segment_filter, engine->rules,
				  engine->policy};

	engine->filter = parts->expression;
	engine->segment_filter = parts->segments;
	engine->rules = parts->rules;
	engine->policy = parts->number;
	*parts = old;
}

static int set_locked(struct wf_engine *engine, const struct weft_interface_opts *wanted,
		      struct parts *parts)
{
	uint64_t words[WEFT_INTERFACES_MAX];
	int err = prepare_ifaces(engine, wanted, words);

	parts->number = engine->policy + 1;
	if (!err)
		err = set_in_workers(engine, parts);
	if (err)
		return err;
	exchange(engine, parts);
	switch_ifaces(engine, words);
	return 0;
}

static int copy_rules(struct wf_rules *rules, const struct weft_policy_opts *opts)
{
	const struct wf_rules given = {
		.overlap = opts->overlap,
		.overlap_rules = opts->overlap_rules,
		.overlap_rules_count = opts->overlap_rules_count,
		.depth_bytes = opts->depth_bytes,
		.verdict_rules = opts->verdict_rules,
		.verdict_rules_count = opts->verdict_rules_count,
	};

	return wf_rules_copy(rules, &given);
}

static int set_running(struct wf_engine *engine, const struct weft_filter_opts *filter,
		       const struct weft_policy_opts *opts, struct parts *parts)
{
	const struct weft_interface_opts wanted = {
		.ports = filter->ports,
		.ports_count = filter->ports_count,
		.allow = filter->allow,
		.allow_count = filter->allow_count,
		.deny = filter->deny,
		.deny_count = filter->deny_count,
		.sample = filter->sample,
	};
	int err = opts ? copy_rules(&parts->rules, opts) : 0;

	if (!err)
		err = wf_engine_control_lock(engine);
	if (err)
		return err;
	/*
	 * If @opts is NULL, the engine keeps its rules: exchange() exchanges them with this copy.
	 */
	if (!opts)
		parts->rules = engine->rules;
	err = set_locked(engine, &wanted, parts);
	if (!opts)
		parts->rules.lists = NULL;
	wf_engine_control_unlock(engine);
	return err;
}

/* Before the start, the expression of struct weft_opts stays in use if @opts contains none. */
static void set_before_start(struct wf_engine *engine, const struct weft_filter_opts *opts,
			     struct parts *parts)
{
	if (!opts->expression) {
		parts->expression = engine->filter;
		engine->filter = NULL;
	}
	parts->rules = engine->rules;
	exchange(engine, parts);
	parts->rules.lists = NULL;
}

/* Replace the filter and, if @opts is not NULL, the rules. */
static int set(struct wf_engine *engine, const struct weft_filter_opts *filter,
	       const struct weft_policy_opts *opts)
{
	struct parts parts = {.expression = NULL};
	int err = 0;

	if (filter->expression && *filter->expression)
		err = wf_pcap_filter_new(filter->expression, &parts.expression);
	if (!err)
		err = wf_segment_filter_new(filter, &parts.segments);
	if (!err && engine->is_started)
		err = set_running(engine, filter, opts, &parts);
	else if (!err)
		set_before_start(engine, filter, &parts);
	/* Free what is not in use: the old policy, or the new one after an error. */
	wf_pcap_filter_free(parts.expression);
	wf_segment_filter_free(parts.segments);
	wf_rules_fini(&parts.rules);
	return err;
}

int wf_engine_filter_set(struct wf_engine *engine, const struct weft_filter_opts *opts)
{
	return !engine->is_started && engine->ifaces.count ? -ENODEV : set(engine, opts, NULL);
}

int wf_engine_policy_set(struct wf_engine *engine, const struct weft_policy_opts *opts)
{
	WEFT_OPTS(weft_filter_opts, filter, .expression = opts->expression, .ports = opts->ports,
		  .ports_count = opts->ports_count, .allow = opts->allow,
		  .allow_count = opts->allow_count, .deny = opts->deny,
		  .deny_count = opts->deny_count, .sample = opts->sample);

	return engine->is_started ? set(engine, &filter, opts) : -ENODEV;
}
