// SPDX-License-Identifier: BSD-2-Clause
/*
 * ledger.c - the sums that must hold: what came in is, to the last one, accounted for.
 */
#include <weft/stats.h>

#include <stddef.h>

static const char *const kernel_parts[] = {
	"xdp_passed_frames",	"xdp_filtered_frames", "xdp_shunted_frames",
	"xdp_shed_frames",

	"xdp_unsteered_frames", "xdp_steered_frames",  NULL,
};

static const char *const mirror_parts[] = {
	"mirror_unwanted_frames",
	"mirror_cloned_frames",
	"mirror_failed_frames",
	"mirror_stale_frames",
	NULL,
};

static const char *const steered_parts[] = {
	"xsk_ring_full_frames",
	"xsk_fill_empty_frames",
	"xsk_invalid_frames",
	"xsk_received_frames",
	NULL,
};

static const char *const user_parts[] = {
	"frames_processed_frames",    "frames_fragment_frames",	 "frames_filtered_frames",
	"frames_not_tcp_frames",      "frames_malformed_frames", "frames_checksum_frames",
	"frames_handoff_lost_frames", "frames_no_memory_frames", NULL,
};

/* A rebuilt datagram passes the same stages again, but came in no frame of its own. */
static const char *const fragment_parts[] = {
	"fragments_rebuilt_fragments",
	"fragments_duplicate_fragments",
	"fragments_overlap_fragments",
	"fragments_contradiction_fragments",
	"fragments_incomplete_fragments",
	"fragments_evicted_fragments",
	"fragments_no_memory_fragments",
	"fragments_cut_fragments",
	"fragments_not_tcp_fragments",
	"fragments_held_fragments",
	NULL,
};

static const char *const rebuilt_parts[] = {
	"rebuilt_processed_datagrams", "rebuilt_fragment_datagrams",
	"rebuilt_filtered_datagrams",  "rebuilt_not_tcp_datagrams",
	"rebuilt_malformed_datagrams", "rebuilt_checksum_datagrams",
	"rebuilt_lost_datagrams",      NULL,
};

static const char *const payload_parts[] = {
	"payload_delivered_bytes",  "payload_duplicate_bytes",	   "payload_before_start_bytes",
	"payload_overlap_bytes",    "payload_out_of_window_bytes", "payload_evicted_bytes",
	"payload_depth_bytes",	    "payload_no_flow_bytes",	   "payload_no_memory_bytes",
	"payload_unaccepted_bytes", "payload_held_bytes",	   NULL,
};

static const struct weft_ledger ledgers[] = {
	{"kernel_frames", "xdp_seen_frames", kernel_parts},
	{"mirror_frames", "mirror_seen_frames", mirror_parts},
	{"steered_frames", "xdp_steered_frames", steered_parts},
	{"user_frames", "frames", user_parts},
	{"fragments", "fragments_seen_fragments", fragment_parts},
	{"rebuilt_datagrams", "datagrams_rebuilt_datagrams", rebuilt_parts},
	{"payload_bytes", "payload_bytes", payload_parts},
	{NULL, NULL, NULL},
};

const struct weft_ledger *weft_ledgers(void)
{
	return ledgers;
}
