/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report_privileges.h - the privileges of the agent as JSON and in words.
 *
 * Thread: any, after wf_privileges_drop().
 */
#ifndef WF_AGENT_PRIVILEGES_REPORT_PRIVILEGES_H
#define WF_AGENT_PRIVILEGES_REPORT_PRIVILEGES_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/privileges/drop.h"

enum { WF_CAPABILITIES_TEXT_BYTES = 512 };

/* Write the names of @capabilities to @buf, such as "CAP_NET_ADMIN, CAP_BPF". Return: @buf. */
const char *wf_capabilities_text(uint64_t capabilities, char *buf, size_t buf_bytes);

/* Write "not given up: WHAT: WHY" for the privilege @kept to @buf. */
void wf_kept_text(const struct wf_kept *kept, char *buf, size_t buf_bytes);

/* Return the member "privileges" of the report, owned by the caller; NULL if there is no memory. */
json_t *wf_privileges_report(const struct wf_privileges *privileges);

#endif
