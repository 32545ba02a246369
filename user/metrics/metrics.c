// SPDX-License-Identifier: BSD-2-Clause
/* metrics.c - sums the blocks, and lists the rows of metrics.def with their values. */
#include "metrics/metrics_internal.h"

#include <string.h>

#include "base/lock.h"

#define ROW(name_, kind_, family_, labels_, help_, member) \
	{.metric = {.name = (name_),                       \
		    .help = (help_),                       \
		    .kind = (kind_),                       \
		    .family = (family_),                   \
		    .labels = (labels_)},                  \
	 .offset = offsetof(struct wf_metrics, member)},

const struct wf_metric_row wf_metric_rows[] = {
#define X_COUNTER(name, family, labels, help) \
	ROW(#name, WEFT_METRIC_COUNTER, family, labels, help, name)
#define X_GAUGE(name, family, labels, help) \
	ROW(#name, WEFT_METRIC_GAUGE, family, labels, help, name)
#define X_ELEMENT(array, index, name, family, labels, help) \
	ROW(name, WEFT_METRIC_COUNTER, family, labels, help, array[index])
#include "metrics/metrics.def"
};

const size_t wf_metric_rows_count = sizeof(wf_metric_rows) / sizeof(wf_metric_rows[0]);

void wf_metrics_sum(const struct wf_metrics *block, struct wf_metrics *ret_sum)
{
	for (size_t i = 0; i < wf_metric_rows_count; i++) {
		const struct wf_metric_row *row = &wf_metric_rows[i];

		atomic_store_explicit(wf_metric_slot(ret_sum, row),
				      wf_metric_value(ret_sum, row) + wf_metric_value(block, row),
				      memory_order_relaxed);
	}
}

void wf_metrics_add_lock(struct wf_metrics *ret_sum, const struct wf_lock *lock)
{
	wf_metric_add(ret_sum, lock_waits,
		      atomic_load_explicit(&lock->waits, memory_order_relaxed));
	wf_metric_add(ret_sum, lock_wait_ns,
		      atomic_load_explicit(&lock->wait_ns, memory_order_relaxed));
	wf_metric_add(ret_sum, lock_timeouts,
		      atomic_load_explicit(&lock->timeouts, memory_order_relaxed));
}

void wf_metrics_each(const struct wf_metrics *sum, weft_metric_fn fn, void *ctx)
{
	for (size_t i = 0; i < wf_metric_rows_count; i++) {
		struct weft_metric metric = wf_metric_rows[i].metric;

		metric.value = wf_metric_value(sum, &wf_metric_rows[i]);
		fn(&metric, ctx);
	}
}

uint64_t wf_metrics_find(const struct wf_metrics *sum, const char *name)
{
	for (size_t i = 0; i < wf_metric_rows_count; i++)
		if (!strcmp(wf_metric_rows[i].metric.name, name))
			return wf_metric_value(sum, &wf_metric_rows[i]);
	return 0;
}
