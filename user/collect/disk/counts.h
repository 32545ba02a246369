/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * counts.h - the counters and values that a collector shows. The collector's thread writes them,
 * any thread reads them.
 */
#ifndef WF_COLLECT_DISK_COUNTS_H
#define WF_COLLECT_DISK_COUNTS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "bus/message.h"

struct wf_collect_counts {
#define X(member, metric, labels, help) _Atomic uint64_t member;
#include "collect/disk/counts.def"
#undef X
	_Atomic uint64_t rejected[WF_BUS_FAULT_COUNT];
	_Atomic uint64_t live, ended, flows_max; /* connections in the table, and its size */
	_Atomic uint64_t open_files;
	_Atomic uint64_t pending; /* messages of this shard that the server has not sent */
	/* age of the newest message of the last batch when the batch was committed */
	_Atomic uint64_t lag_ns;
	_Atomic uint64_t commit_ns; /* duration of the last commit */
	_Atomic bool is_connected;
	_Atomic bool is_waiting_for_disk;
};

#define wf_collect_count(counts, member, amount) \
	atomic_fetch_add_explicit(&(counts)->member, (amount), memory_order_relaxed)

/* Return the counters in the text format of Prometheus; owned by the caller; NULL: no memory. */
char *wf_collect_metrics_new(const struct wf_collect_counts *counts);

#endif
