// SPDX-License-Identifier: BSD-2-Clause
/*
 * metrics.c - names, helps and sums, all generated from metrics.def.
 */
#include "metrics/metrics.h"

#include <string.h>

#include "base/lock.h"

struct metric_desc {
	const char *name;
	const char *help;
	enum weft_metric_kind kind;
	size_t offset;
};

static const struct metric_desc descs[] = {
#define X_COUNTER(name, help) {#name, help, WEFT_METRIC_COUNTER, offsetof(struct wf_metrics, name)},
#define X_GAUGE(name, help)   {#name, help, WEFT_METRIC_GAUGE, offsetof(struct wf_metrics, name)},
#include "metrics/metrics.def"
#undef X_COUNTER
#undef X_GAUGE
};

enum { DESC_COUNT = sizeof(descs) / sizeof(descs[0]) };

static _Atomic uint64_t *slot(const struct wf_metrics *metrics, const struct metric_desc *desc)
{
	return (_Atomic uint64_t *)((char *)metrics + desc->offset);
}

static uint64_t value_of(const struct wf_metrics *metrics, const struct metric_desc *desc)
{
	return atomic_load_explicit(slot(metrics, desc), memory_order_relaxed);
}

void wf_metrics_sum(const struct wf_metrics *block, struct wf_metrics *ret_sum)
{
	for (size_t i = 0; i < DESC_COUNT; i++)
		atomic_store_explicit(slot(ret_sum, &descs[i]),
				      value_of(ret_sum, &descs[i]) + value_of(block, &descs[i]),
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
	for (size_t i = 0; i < DESC_COUNT; i++) {
		struct weft_metric metric = {
			.name = descs[i].name,
			.help = descs[i].help,
			.kind = descs[i].kind,
			.value = value_of(sum, &descs[i]),
		};

		fn(&metric, ctx);
	}
}

uint64_t wf_metrics_find(const struct wf_metrics *sum, const char *name)
{
	for (size_t i = 0; i < DESC_COUNT; i++)
		if (!strcmp(descs[i].name, name))
			return value_of(sum, &descs[i]);
	return 0;
}
