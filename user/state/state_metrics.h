/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * state_metrics.h - the metrics of a store in the text format of Prometheus.
 */
#ifndef WF_STATE_STATE_METRICS_H
#define WF_STATE_STATE_METRICS_H

#include <stdio.h>

struct wf_store;

enum { WF_STATE_PREFIXES_MAX = 16 };

/*
 * Print the metrics. The label of a key is its part before the first "/". The first
 * WF_STATE_PREFIXES_MAX labels in the order of keys are listed; keys with further labels are
 * counted as "other". Return: 0; -ENOMEM; -ETIMEDOUT. Thread: any.
 */
int wf_state_metrics_print(struct wf_store *store, FILE *out);

#endif
