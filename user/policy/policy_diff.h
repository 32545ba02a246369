/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * policy_diff.h - the keys in which two policies differ.
 *
 * Thread: any. Memory: the result.
 */
#ifndef WF_POLICY_POLICY_DIFF_H
#define WF_POLICY_POLICY_DIFF_H

#include <jansson.h>

/*
 * Compare two policies that wf_policy_new() made. Return: an array, owned by the caller, of
 * {"key": "filter.ports", "from": value, "to": value}; NULL if there is no memory.
 */
json_t *wf_policy_diff_new(const json_t *from, const json_t *to);

#endif
