/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stats.h - all counters of a handle, and the sums that must hold between them.
 *
 * Names, meanings and sums are data, so that a program can print and check all of them without
 * knowing a single one.
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
 * struct weft_metric - one value; all strings are static
 * @name:   ends with its unit: _bytes, _frames, _ns, _percent, ...
 * @help:   one sentence that stands alone
 * @family: the metric of Prometheus that it is a part of; NULL: it is the sum of others, and
 *          Prometheus computes it
 * @labels: what tells it from others of its family, "key=value,..."; may be "". A key without a
 *          value (interface, task) stands for each interface or task, whose sum @value is
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
 * weft_stats_each() - call @fn for every metric, with the sum over all threads and interfaces
 * @fn, @ctx: called in a fixed order; the metric is lent for the call
 *
 * The values of a running handle are read one after the other, so the ledgers close exactly only
 * when no traffic flows or the handle has stopped. Thread: any. Memory: none.
 */
typedef void (*weft_metric_fn)(const struct weft_metric *metric, void *ctx);
void weft_stats_each(const struct weft *weft, weft_metric_fn fn, void *ctx);

/**
 * weft_stats_prometheus() - write all metrics in the text format of Prometheus
 * @out: borrowed; neither flushed nor closed
 *
 * One line for each family and set of labels; those of an interface or a housekeeping task are not
 * summed. Return: 0; -ENOMEM; -EIO: @out has an error. Thread: any, as weft_stats_each(). Memory:
 * 130 KB for the time of the call. Reference: text-based format, version 0.0.4.
 */
int weft_stats_prometheus(const struct weft *weft, FILE *out);

/**
 * struct weft_ledger - one sum that must hold: total = sum of parts
 * @name:  "kernel_frames", "user_frames", "payload_bytes" and others
 * @total: name of the metric that is the sum
 * @parts: names of the metrics that are its outcomes; NULL-terminated
 */
struct weft_ledger {
	const char *name;
	const char *total;
	const char *const *parts;
};

/** weft_ledgers() - all ledgers; the name of the last entry is NULL. Static. Thread: any. */
const struct weft_ledger *weft_ledgers(void);

WEFT_END_DECLS

#endif
