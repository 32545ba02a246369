/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report_new.h - builds the report of report.h; the request "stats" returns it.
 */
#ifndef WF_AGENT_REPORT_NEW_H
#define WF_AGENT_REPORT_NEW_H

#include <jansson.h>

struct wf_request_env;

/* Return a new report, owned by the caller; NULL if there is no memory. Thread: any. */
json_t *wf_report_new(const struct wf_request_env *env);

#endif
