/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * prometheus.h - writes all metrics in the text format of Prometheus, version 0.0.4.
 *
 *   # HELP weft_gaps_total gaps reported, by cause
 *   # TYPE weft_gaps_total counter
 *   weft_gaps_total{cause="timeout"} 3
 *
 * Reference: https://prometheus.io/docs/instrumenting/exposition_formats/
 */
#ifndef WF_METRICS_PROMETHEUS_H
#define WF_METRICS_PROMETHEUS_H

#include <stddef.h>
#include <stdio.h>

struct wf_metrics;

/*
 * Metrics of one interface, cleanup task, worker or name of subscriptions, for labels whose
 * key has no value.
 */
struct wf_metrics_part {
	const char *key;   /* "interface", "task", "worker" or "name"; borrowed */
	const char *value; /* name of the interface, task or subscription, number of the worker;
			      borrowed */
	const struct wf_metrics *metrics; /* borrowed */
};

/*
 * Write every family of metrics.def once. A line whose label has a key without a value is written
 * once for each part with that key. The values of all other lines are taken from @sum. Return: 0;
 * -EIO: writing to @out failed.
 */
int wf_prometheus_write(FILE *out, const struct wf_metrics *sum,
			const struct wf_metrics_part *parts, size_t parts_count);

#endif
