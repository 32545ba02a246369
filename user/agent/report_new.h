/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report_new.h - builds the report of report.h; the request "stats" returns it.
 */
#ifndef WF_AGENT_REPORT_NEW_H
#define WF_AGENT_REPORT_NEW_H

#include <jansson.h>

struct weft;
struct wf_config;
struct wf_request_env;

/*
 * Write the source of a run to @buf: the names of the interfaces or, if there are files, that of
 * the first file and the number of the others.
 */
void wf_report_name_source(const struct wf_config *config, char *const *files, size_t files_count,
			   char *buf, size_t buf_bytes);

/* Return a new report, owned by the caller; NULL if there is no memory. Thread: any. */
json_t *wf_report_new(const struct wf_request_env *env);

/* Return the member "pressure" of the report, owned by the caller. Thread: any. */
json_t *wf_report_pressure_new(const struct weft *weft);

/* Return the member "workers" of the report, owned by the caller. Thread: any. */
json_t *wf_report_workers_new(const struct weft *weft);

/* Return the member "subscriptions" of the report, owned by the caller. Thread: any. */
json_t *wf_report_subscriptions_new(const struct weft *weft);

#endif
