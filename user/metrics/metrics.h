/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * metrics.h - counters, in one block for each thread that counts; a reader sums the blocks.
 *
 * Each block has one writer, which uses relaxed atomic loads and stores: a reader never sees a torn
 * value, and counting costs one addition. Any thread may read at any time. metrics.def lists all
 * metrics.
 */
#ifndef WF_METRICS_METRICS_H
#define WF_METRICS_METRICS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <weft/event.h>
#include <weft/pressure.h>
#include <weft/stats.h>

#include "base/assert.h"

struct wf_lock;

/* A block of metrics. Written by the thread that owns it, read by any thread. */
struct wf_metrics {
#define X_COUNTER(name, family, labels, help) _Atomic uint64_t name;
#define X_GAUGE(name, family, labels, help)   _Atomic uint64_t name;
#define X_ARRAY(name, count)		      _Atomic uint64_t name[count];
#include "metrics/metrics.def"
} __attribute__((aligned(WF_CACHE_LINE)));

/*
 * Add to a counter or gauge of a block that the calling thread owns. @name may be an element of
 * an array: gaps_by_cause[cause].
 */
#define wf_metric_add(metrics, name, amount)                                                 \
	atomic_store_explicit(&(metrics)->name,                                              \
			      atomic_load_explicit(&(metrics)->name, memory_order_relaxed) + \
				      (amount),                                              \
			      memory_order_relaxed)

#define wf_metric_inc(metrics, name)	     wf_metric_add(metrics, name, 1)
#define wf_metric_sub(metrics, name, amount) wf_metric_add(metrics, name, -(uint64_t)(amount))
#define wf_metric_set(metrics, name, amount) \
	atomic_store_explicit(&(metrics)->name, (amount), memory_order_relaxed)
#define wf_metric_get(metrics, name) atomic_load_explicit(&(metrics)->name, memory_order_relaxed)

/*
 * Add the values of @block to @ret_sum. @block may belong to another thread. Thread: the owner
 * of @ret_sum.
 */
void wf_metrics_sum(const struct wf_metrics *block, struct wf_metrics *ret_sum);

/* Add the wait counters of @lock to @ret_sum. Thread: the owner of @ret_sum. */
void wf_metrics_add_lock(struct wf_metrics *ret_sum, const struct wf_lock *lock);

/* Call @fn for each metric of @sum, in the order of metrics.def. */
void wf_metrics_each(const struct wf_metrics *sum, weft_metric_fn fn, void *ctx);

/* Return the value of the metric called @name; 0 if there is no such metric. */
uint64_t wf_metrics_find(const struct wf_metrics *sum, const char *name);

#endif
