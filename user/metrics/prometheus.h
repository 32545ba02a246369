/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * prometheus.h - all metrics in the text format of Prometheus, version 0.0.4.
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

/* What one interface or housekeeping task counted: for labels whose key has no value. */
struct wf_metrics_part {
	const char *key;		  /* "interface" or "task"; borrowed */
	const char *value;		  /* its name; borrowed */
	const struct wf_metrics *metrics; /* borrowed */
};

/*
 * Write every family of metrics.def once. Lines that have a label without value are written for
 * each part of that label, the others from @sum. Return: 0; -EIO: @out has an error.
 */
int wf_prometheus_write(FILE *out, const struct wf_metrics *sum,
			const struct wf_metrics_part *parts, size_t parts_count);

#endif
