/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * metrics_internal.h - the lines of metrics.def as an array, for functions that list all metrics.
 */
#ifndef WF_METRICS_METRICS_INTERNAL_H
#define WF_METRICS_METRICS_INTERNAL_H

#include "metrics/metrics.h"

/* A line of metrics.def, and the offset of its value in struct wf_metrics. */
struct wf_metric_row {
	struct weft_metric metric; /* description of the metric; its member value is not used */
	size_t offset;
};

extern const struct wf_metric_row wf_metric_rows[];
extern const size_t wf_metric_rows_count;

static inline _Atomic uint64_t *wf_metric_slot(const struct wf_metrics *metrics,
					       const struct wf_metric_row *row)
{
	return (_Atomic uint64_t *)((char *)metrics + row->offset);
}

static inline uint64_t wf_metric_value(const struct wf_metrics *metrics,
				       const struct wf_metric_row *row)
{
	return atomic_load_explicit(wf_metric_slot(metrics, row), memory_order_relaxed);
}

#endif
