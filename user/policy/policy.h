/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * policy.h - a policy as JSON: which segments and bytes an agent captures.
 *
 *   {"filter": {"expression": "tcp port 80", "allow": ["10.0.0.0/8"], "deny": [], "ports": [80],
 *               "sample": 1.0, "verdict_by_prefix": {"10.9.0.0/16": "shunt"}},
 *    "reassembly": {"overlap": "linux", "overlap_by_prefix": {}, "depth_bytes": 0}}
 *
 * The members are keys of the configuration, with the same types, ranges and defaults. In a policy
 * that is read, each may be missing, which selects its default. A policy that is made here has all
 * of them, in this order, so that equal policies are equal texts.
 *
 * Thread: any. Memory: bounded by the maxima of the lists.
 */
#ifndef WF_POLICY_POLICY_H
#define WF_POLICY_POLICY_H

#include <jansson.h>

#include <weft/policy.h>

#include "config/config_table.h"

/* struct wf_policy_error - one line: "filter.ports[2]: '70000': expected ..." */
struct wf_policy_error {
	char text[256];
};

/* Return true if @key is a member of policies. */
bool wf_policy_has(const struct wf_config_key *key);

/* Return the policy in @config, owned by the caller; NULL if there is no memory. */
json_t *wf_policy_new(const struct wf_config *config);

/*
 * Check @policy as a whole, and replace the values of all its keys in @config. Return: 0; -EINVAL
 * with the place and the reason in @ret_error; -ENOMEM. After an error, some keys in @config may
 * have been replaced.
 */
int wf_policy_read(const json_t *policy, struct wf_config *config,
		   struct wf_policy_error *ret_error);

/* Return the policy in @config as options of the library, which borrow from @config. */
struct weft_policy_opts wf_policy_opts(const struct wf_config *config);

#endif
