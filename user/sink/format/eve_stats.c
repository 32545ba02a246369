// SPDX-License-Identifier: BSD-2-Clause
/*
 * eve_stats.c - writes the numbers of a `stats` event.
 *
 * The table below has one line for each number that Suricata has too. Its value is the sum of the
 * metrics that the line names; a metric that does not exist counts as 0, and a test then fails.
 */
#include "sink/format/eve_stats.h"

#include <string.h>

#include <weft/weft.h>

#include "sink/format/json_out.h"

enum { METRICS_MAX = 6 };

struct row {
	const char *object; /* rows of one object follow each other; NULL: no object */
	const char *key;
	const char *metrics[METRICS_MAX];
};

static const struct row rows[] = {
	{"capture", "kernel_packets", {"kernel_seen_frames"}},
	{"capture",
	 "kernel_drops",
	 {"xsk_ring_full_frames", "xsk_fill_empty_frames", "xsk_invalid_frames",
	  "kernel_ring_full_frames", "kernel_failed_frames", "ring_invalid_frames"}},
	{"decoder", "pkts", {"frames"}},
	{"decoder", "invalid", {"frames_malformed_frames", "rebuilt_malformed_datagrams"}},
	{"decoder",
	 "tcp",
	 {"frames_processed_frames", "frames_checksum_frames", "rebuilt_processed_datagrams",
	  "rebuilt_checksum_datagrams"}},
	{"defrag", "fragments", {"fragments_seen_fragments"}},
	{"defrag", "reassembled", {"datagrams_rebuilt_datagrams"}},
	{"defrag", "max_frag_hits", {"fragments_evicted_fragments"}},
	{"flow", "memcap", {"memory_limit_bytes"}},
	{"flow", "total", {"flows_opened_flows"}},
	{"flow", "active", {"flows_active_flows"}},
	{"flow", "tcp", {"flows_opened_flows"}},
	{"flow", "tcp_reuse", {"flows_closed_reused_flows"}},
	{"flow", "get_used", {"flows_evicted_flows"}},
	{"flow", "memuse", {"memory_tables_bytes", "memory_slabs_bytes"}},
	{"flow_bypassed", "pkts", {"kernel_shunted_frames"}},
	{"flow_bypassed", "bytes", {"kernel_shunted_bytes"}},
	{"tcp", "sessions", {"flows_opened_flows"}},
	{"tcp", "active_sessions", {"flows_active_flows"}},
	{"tcp", "ssn_memcap_drop", {"flows_refused_flows"}},
	{"tcp", "invalid_checksum", {"frames_checksum_frames", "rebuilt_checksum_datagrams"}},
	{"tcp", "midstream_pickups", {"flows_midstream_flows"}},
	{"tcp", "pkt_on_wrong_thread", {"ownership_violations"}},
	{"tcp", "ack_unseen_data", {"anomalies_ack_of_unsent_anomalies"}},
	{"tcp", "stream_depth_reached", {"gaps_depth_gaps"}},
	{"tcp", "reassembly_gap", {"gaps"}},
	{"tcp", "overlap_diff_data", {"anomalies_overlap_conflict_anomalies"}},
	{"tcp", "memuse", {"memory_used_bytes"}},
	{"tcp", "reassembly_memuse", {"memory_pages_bytes", "memory_frames_bytes"}},
	{NULL, "memcap_pressure", {"pressure_reading_percent"}},
};
enum { ROWS_COUNT = sizeof(rows) / sizeof(rows[0]) };

static bool row_has(const struct row *row, const char *metric)
{
	for (size_t i = 0; i < METRICS_MAX && row->metrics[i]; i++)
		if (!strcmp(row->metrics[i], metric))
			return true;
	return false;
}

static void add_metric(const struct weft_metric *metric, void *ctx)
{
	uint64_t *sums = ctx;

	for (size_t i = 0; i < ROWS_COUNT; i++)
		if (row_has(&rows[i], metric->name))
			sums[i] += metric->value;
}

static void put_metric(const struct weft_metric *metric, void *ctx)
{
	wf_json_u64(ctx, metric->name, metric->value);
}

void wf_eve_stats_put(struct wf_json *json, const struct weft *weft)
{
	uint64_t sums[ROWS_COUNT] = {0};
	const char *object = NULL;

	weft_stats_each(weft, add_metric, sums);
	for (size_t i = 0; i < ROWS_COUNT; i++) {
		const struct row *row = &rows[i];

		if (object && (!row->object || strcmp(object, row->object)))
			wf_json_object_end(json);
		if (row->object && (!object || strcmp(object, row->object)))
			wf_json_object_begin(json, row->object);
		object = row->object;
		wf_json_u64(json, row->key, sums[i]);
	}
	wf_json_object_begin(json, "weft");
	weft_stats_each(weft, put_metric, json);
	wf_json_object_end(json);
}
