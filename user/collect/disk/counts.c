// SPDX-License-Identifier: BSD-2-Clause
/*
 * counts.c - writes the counters of a collector for Prometheus.
 */
#include "collect/disk/counts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static void put_help(FILE *out, const char *metric, const char *type, const char *help)
{
	fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", metric, help, metric, type);
}

static void put_counter(FILE *out, const char *metric, const char *labels, const char *help,
			uint64_t value)
{
	if (*help)
		put_help(out, metric, "counter", help);
	fprintf(out, *labels ? "%s{%s} %" PRIu64 "\n" : "%s%s %" PRIu64 "\n", metric, labels,
		value);
}

static void put_gauge(FILE *out, const char *metric, const char *help, double value)
{
	put_help(out, metric, "gauge", help);
	fprintf(out, "%s %.9g\n", metric, value);
}

static void put_rejected(FILE *out, const struct wf_collect_counts *counts)
{
	put_help(out, "weft_collect_rejected_messages_total", "counter",
		 "messages that were rejected, by reason");
	for (int fault = WF_BUS_FAULT_NONE + 1; fault < WF_BUS_FAULT_COUNT; fault++)
		fprintf(out, "weft_collect_rejected_messages_total{reason=\"%s\"} %" PRIu64 "\n",
			wf_bus_fault_name((enum wf_bus_fault)fault),
			atomic_load(&counts->rejected[fault]));
}

static void put_gauges(FILE *out, const struct wf_collect_counts *counts)
{
	put_help(out, "weft_collect_connections", "gauge", "connections in the table");
	fprintf(out, "weft_collect_connections{state=\"live\"} %" PRIu64 "\n",
		atomic_load(&counts->live));
	fprintf(out, "weft_collect_connections{state=\"ended\"} %" PRIu64 "\n",
		atomic_load(&counts->ended));
	put_gauge(out, "weft_collect_connections_limit", "size of the table of connections",
		  (double)atomic_load(&counts->flows_max));
	put_gauge(out, "weft_collect_open_files", "stream files that are open",
		  (double)atomic_load(&counts->open_files));
	put_gauge(out, "weft_collect_pending_messages",
		  "messages that the server holds for this shard and has not sent",
		  (double)atomic_load(&counts->pending));
	put_gauge(out, "weft_collect_lag_seconds",
		  "time from the capture of the newest bytes to their commit",
		  (double)atomic_load(&counts->lag_ns) / 1e9);
	put_gauge(out, "weft_collect_commit_seconds", "duration of the last commit",
		  (double)atomic_load(&counts->commit_ns) / 1e9);
	put_gauge(out, "weft_collect_connected", "1 if NATS is connected",
		  atomic_load(&counts->is_connected));
	put_gauge(out, "weft_collect_disk_full", "1 while the collector waits for space on disk",
		  atomic_load(&counts->is_waiting_for_disk));
}

char *wf_collect_metrics_new(const struct wf_collect_counts *counts)
{
	char *text = NULL;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	if (!out)
		return NULL;
	put_help(out, "weft_build_info", "gauge", "version of weft");
	fprintf(out, "weft_build_info{version=\"%s\"} 1\n", WEFT_VERSION);
#define X(member, metric, labels, help) \
	put_counter(out, metric, labels, help, atomic_load(&counts->member));
#include "collect/disk/counts.def"
#undef X
	put_rejected(out, counts);
	put_gauges(out, counts);
	return fclose(out) ? NULL : text;
}
