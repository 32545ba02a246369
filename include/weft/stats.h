/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stats.h - all metrics of a handle, and the ledgers: sums that must hold between metrics.
 *
 * The library provides names and help texts together with the values, so that an application can
 * print and check all metrics without knowing their names.
 */
#ifndef WEFT_STATS_H
#define WEFT_STATS_H

#include <stdint.h>
#include <stdio.h>

#include <weft/api.h>

WEFT_BEGIN_DECLS

struct weft;

enum weft_metric_kind {
	WEFT_METRIC_COUNTER = 0, /* a value that only rises */
	WEFT_METRIC_GAUGE,	 /* a value that rises and falls */
};

/**
 * struct weft_metric - one metric; all strings are static
 * @name:   name, which ends with the unit: _bytes, _frames, _ns, _percent and others
 * @help:   description, understood without the other metrics
 * @family: name of the metric in Prometheus to which this value belongs; NULL: the value is not
 *          exported to Prometheus
 * @labels: labels "key=value,..." that distinguish the value from others of its family; may be "".
 *          A key without a value (interface, task, worker, name) means that @value is the sum over
 *          all interfaces, tasks, workers or subscriptions; for worker_busy_percent,
 *          worker_last_seen_ns and subscription_lag_ns, it is the highest value of any of them
 */
struct weft_metric {
	const char *name;
	const char *help;
	enum weft_metric_kind kind;
	uint64_t value;
	const char *family;
	const char *labels;
};

/**
 * weft_stats_each() - call @fn for each metric, with its value for the whole handle
 * @fn, @ctx: called for the metrics in a fixed order; the struct is lent for the call
 *
 * The values of a running handle are read one after the other. The sums of the ledgers are
 * therefore exact only when no traffic flows or the handle has stopped. Thread: any. Memory: none.
 */
typedef void (*weft_metric_fn)(const struct weft_metric *metric, void *ctx);
void weft_stats_each(const struct weft *weft, weft_metric_fn fn, void *ctx);

/**
 * weft_stats_prometheus() - write all metrics in the text format of Prometheus
 * @out: borrowed; not flushed or closed
 *
 * Writes one line per family and set of labels. Interfaces, cleanup tasks, workers and names of
 * subscriptions have separate lines. Return: 0 on success; -ENOMEM; -EIO if writing to @out fails.
 * Thread: any. Memory: 350 KB during the call. Reference: text-based format, version 0.0.4.
 */
int weft_stats_prometheus(const struct weft *weft, FILE *out);

/**
 * struct weft_ledger - a sum that must hold: the total equals the sum of the parts
 * @name:  name of the ledger, such as "kernel_frames", "user_frames" or "payload_bytes"
 * @total: name of the metric that is the total
 * @parts: names of the metrics that are the parts; NULL-terminated
 */
struct weft_ledger {
	const char *name;
	const char *total;
	const char *const *parts;
};

/** weft_ledgers() - return the static array of all ledgers, which ends with an entry whose name is
 * NULL. Thread: any. */
const struct weft_ledger *weft_ledgers(void);

WEFT_END_DECLS

#endif
