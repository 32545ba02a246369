/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * policy.h - replaces the policy of a running handle as a whole: the filter of segments, and the
 * depth, overlap policies and verdicts of connections.
 */
#ifndef WEFT_POLICY_H
#define WEFT_POLICY_H

#include <stddef.h>
#include <stdint.h>

#include <weft/api.h>
#include <weft/opts.h>

WEFT_BEGIN_DECLS

struct weft;

/**
 * struct weft_policy_opts - a complete policy; a member that is 0 or NULL selects its default
 *
 * The members up to @sample are a filter and mean the same as in struct weft_filter_opts; the
 * members after it mean the same as in struct weft_opts.
 */
struct weft_policy_opts {
	size_t sz;
	const char *expression;
	const uint16_t *ports;
	size_t ports_count;
	const struct weft_prefix *allow;
	size_t allow_count;
	const struct weft_prefix *deny;
	size_t deny_count;
	double sample;
	enum weft_overlap overlap;
	const struct weft_overlap_rule *overlap_rules;
	size_t overlap_rules_count;
	uint64_t depth_bytes;
	const struct weft_verdict_rule *verdict_rules;
	size_t verdict_rules_count;
};
#define weft_policy_opts__last_field verdict_rules_count

/**
 * weft_policy_set() - replace the policy of all interfaces and workers
 * @opts: borrowed for the call
 *
 * Each segment is processed by either the complete old policy or the complete new one. The filter
 * applies to each segment. A connection keeps the depth, the overlap policies and the verdict with
 * which it began: the new ones apply to connections that begin after the change, and
 * weft_flow_set() changes the verdict of one connection. Connections that the new filter excludes
 * are closed by their idle timeout.
 *
 * Return: 0 on success; -EINVAL if the expression (logged) or a number is invalid; -ENODEV if the
 * handle was not started; -ENOSPC if connections with WEFT_DEPTHS_MAX - 1 other depths exist;
 * -ESHUTDOWN if all workers have ended; -EBUSY if another control call took too long; -ETIMEDOUT if
 * a worker did not answer; -ENOMEM; another negative errno of the kernel. After an error the old
 * policy stays in use. Thread: any; in an inline callback, the call waits for the other workers,
 * but not for the callback's own. Memory: the compiled expression, and a copy of the lists.
 */
int weft_policy_set(struct weft *weft, const struct weft_policy_opts *opts);

WEFT_END_DECLS

#endif
