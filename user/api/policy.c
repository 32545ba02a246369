// SPDX-License-Identifier: BSD-2-Clause
/*
 * policy.c - implements weft/policy.h and weft/filter.h.
 */
#include <weft/policy.h>

#include <errno.h>
#include <weft/filter.h>

#include "api/handle.h"
#include "api/last_error.h"
#include "api/opts.h"
#include "base/log.h"
#include "capture/file/pcap_filter.h"
#include "control/policy_set.h"

static bool are_prefixes(const struct weft_prefix *prefixes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (prefixes[i].bits > 128)
			return false;
	return count <= WEFT_FILTER_PREFIXES_MAX;
}

static int check_filter(const char *call, const struct weft_filter_opts *opts)
{
	if (!(opts->sample < 0) && !(opts->sample > 1) &&
	    opts->ports_count <= WEFT_FILTER_PORTS_MAX &&
	    are_prefixes(opts->allow, opts->allow_count) &&
	    are_prefixes(opts->deny, opts->deny_count))
		return 0;
	wf_error("%s: at most %d ports, %d prefixes of at most 128 bits, and a sample from 0 to 1 "
		 "are allowed",
		 call, WEFT_FILTER_PORTS_MAX, WEFT_FILTER_PREFIXES_MAX);
	return -EINVAL;
}

static bool are_rules(const struct weft_policy_opts *opts)
{
	if (opts->overlap_rules_count > WEFT_FILTER_PREFIXES_MAX ||
	    opts->verdict_rules_count > WEFT_FILTER_PREFIXES_MAX ||
	    (unsigned int)opts->overlap >= WEFT_OVERLAP_COUNT)
		return false;
	for (size_t i = 0; i < opts->overlap_rules_count; i++)
		if (opts->overlap_rules[i].prefix.bits > 128 ||
		    (unsigned int)opts->overlap_rules[i].policy >= WEFT_OVERLAP_COUNT)
			return false;
	for (size_t i = 0; i < opts->verdict_rules_count; i++)
		if (opts->verdict_rules[i].prefix.bits > 128 ||
		    (unsigned int)opts->verdict_rules[i].verdict >= WEFT_VERDICT_SHED)
			return false;
	return true;
}

static int check_policy(const struct weft_policy_opts *opts)
{
	const struct weft_filter_opts filter = {
		.ports_count = opts->ports_count,
		.allow = opts->allow,
		.allow_count = opts->allow_count,
		.deny = opts->deny,
		.deny_count = opts->deny_count,
		.sample = opts->sample,
	};

	if (!are_rules(opts)) {
		wf_error("weft_policy_set: at most %d rules for prefixes of at most 128 bits are "
			 "allowed, with policies of enum weft_overlap and the verdicts STEER, "
			 "SHUNT and PASS",
			 WEFT_FILTER_PREFIXES_MAX);
		return -EINVAL;
	}
	return check_filter("weft_policy_set", &filter);
}

int weft_policy_set(struct weft *weft, const struct weft_policy_opts *opts)
{
	struct weft_policy_opts copy;
	int err;

	wf_api_begin();
	err = wf_opts_copy("weft_policy_opts", opts, sizeof(copy), &copy);
	if (!err)
		err = check_policy(&copy);
	if (!err)
		err = wf_engine_policy_set(weft->engine, &copy);
	return wf_api_end(weft, "weft_policy_set", err);
}

int weft_filter_set(struct weft *weft, const struct weft_filter_opts *opts)
{
	struct weft_filter_opts copy;
	int err;

	wf_api_begin();
	err = wf_opts_copy("weft_filter_opts", opts, sizeof(copy), &copy);
	if (!err)
		err = check_filter("weft_filter_set", &copy);
	if (!err)
		err = wf_engine_filter_set(weft->engine, &copy);
	return wf_api_end(weft, "weft_filter_set", err);
}

int weft_filter_check(const char *expression, char *reason, size_t reason_bytes)
{
	return wf_pcap_filter_check(expression, reason, reason_bytes);
}
