/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * endpoints_metrics.h - the metrics of a table of hosts, in the text format of Prometheus.
 */
#ifndef WF_ENDPOINTS_ENDPOINTS_METRICS_H
#define WF_ENDPOINTS_ENDPOINTS_METRICS_H

#include <stdio.h>

struct wf_endpoints;

/* Print the metrics to @out, which is not flushed. ferror(@out) reports failures. Thread: any. */
void wf_endpoints_metrics_print(const struct wf_endpoints *table, FILE *out);

#endif
