// SPDX-License-Identifier: BSD-2-Clause
/*
 * metrics.c - sums of blocks, and the rows of metrics.def with their values.
 */
#include "metrics/metrics.h"

#include <string.h>

#include "base/lock.h"

/* A line of metrics.def, and the place of its value in struct wf_metrics. */
struct row {
	struct weft_metric metric; /* without value */
	size_t offset;
};

#define ROW(name_, kind_, family_, labels_, help_, member) \
	{.metric = {.name = (name_),                       \
		    .help = (help_),                       \
		    .kind = (kind_),                       \
		    .family = (family_),                   \
		    .labels = (labels_)},                  \
	 .offset = offsetof(struct wf_metrics, member)},

static const struct row rows[] = {
#define X_COUNTER(name, family, labels, help) \
	ROW(#name, WEFT_METRIC_COUNTER, family, labels, help, name)
#define X_GAUGE(name, family, labels, help) \
	ROW(#name, WEFT_METRIC_GAUGE, family, labels, help, name)
#define X_ELEMENT(array, index, name, family, labels, help) \
	ROW(name, WEFT_METRIC_COUNTER, family, labels, help, array[index])
#include "metrics/metrics.def"
};

enum { ROW_COUNT = sizeof(rows) / sizeof(rows[0]) };

static _Atomic uint64_t *slot(const struct wf_metrics *metrics, const struct row *row)
{
	return (_Atomic uint64_t *)((char *)metrics + row->offset);
}

static uint64_t value_of(const struct wf_metrics *metrics, const struct row *row)
{
	return atomic_load_explicit(slot(metrics, row), memory_order_relaxed);
}

void wf_metrics_sum(const struct wf_metrics *block, struct wf_metrics *ret_sum)
{
	for (size_t i = 0; i < ROW_COUNT; i++)
		atomic_store_explicit(slot(ret_sum, &rows[i]),
				      value_of(ret_sum, &rows[i]) + value_of(block, &rows[i]),
				      memory_order_relaxed);
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
	for (size_t i = 0; i < ROW_COUNT; i++) {
		struct weft_metric metric = rows[i].metric;

		metric.value = value_of(sum, &rows[i]);
		fn(&metric, ctx);
	}
}

uint64_t wf_metrics_find(const struct wf_metrics *sum, const char *name)
{
	for (size_t i = 0; i < ROW_COUNT; i++)
		if (!strcmp(rows[i].metric.name, name))
			return value_of(sum, &rows[i]);
	return 0;
}
