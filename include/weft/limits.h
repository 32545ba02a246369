/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * limits.h - every default and every maximum, with its unit.
 *
 * A limit that is not here does not exist. What happens when one is reached is
 * told beside it and counted under the metric named there.
 */
#ifndef WEFT_LIMITS_H
#define WEFT_LIMITS_H

enum weft_limit {
	/* capture */
	WEFT_WORKERS_MAX = 64,
	WEFT_QUEUES_MAX = 64, /* receive queues of one interface */
	WEFT_INTERFACES_MAX = 16,
	WEFT_FRAME_BYTES = 4096,	   /* of UMEM for each received frame */
	WEFT_RING_FRAMES = 2048,	   /* of each rx and fill ring */
	WEFT_FRAME_MAX_BYTES = 262144,	   /* largest packet read from a file; longer: malformed */
	WEFT_PCAPNG_INTERFACES_MAX = 4096, /* described in one section of a file; more: damaged */
	WEFT_FLOW_MAP_ENTRIES = 65536, /* of the per-flow BPF map; then least recently used go */
	WEFT_FILTER_PORTS_MAX = 1024,
	WEFT_FILTER_PREFIXES_MAX = 1024,

	/* memory */
	WEFT_SPAN_BYTES = 65536,
	WEFT_MEMORY_MB = 512,
	WEFT_MEMORY_MIN_MB = 16,
	WEFT_PAGE_SMALL_BYTES = 256,
	WEFT_PAGE_MEDIUM_BYTES = 1500,
	WEFT_PAGE_LARGE_BYTES = 9000,

	/* decode */
	WEFT_TUNNEL_DEPTH_MAX = 8, /* headers around headers; deeper: malformed */
	WEFT_VLAN_DEPTH_MAX = 4,
	WEFT_FRAGMENT_DATAGRAMS_MAX =
		4096, /* being rebuilt, a worker; then the oldest is dropped */
	WEFT_FRAGMENTS_PER_DATAGRAM_MAX = 64,
	WEFT_FRAGMENT_TIMEOUT_MS = 30000,

	/* flow */
	WEFT_FLOWS_MAX = 1000000,   /* established, all workers; then the least useful is evicted */
	WEFT_EMBRYONIC_MAX = 65536, /* handshakes under way; then the oldest is forgotten */
	WEFT_HALF_OPEN_PER_SOURCE_MAX = 1024,
	WEFT_SYN_DATA_MAX = 1024, /* SYNs whose payload is held, a worker; then it is not held */
	WEFT_RECENT_MAX = 131072, /* closed four-tuples remembered, all workers; then the
				     oldest is forgotten and its next use is told as the first */
	WEFT_TIMEOUT_EMBRYONIC_SEC = 30,
	WEFT_TIMEOUT_ESTABLISHED_SEC = 3600,
	WEFT_TIMEOUT_CLOSING_SEC = 60,
	WEFT_TIMEOUT_CLOSED_SEC = 10, /* kept to recognise late segments */

	/* reassembly */
	WEFT_STREAM_PAGES_MAX =
		256, /* held out of order in one direction; then the oldest hole is a gap */
	WEFT_GAP_TIMEOUT_MS = 1000, /* a hole that nothing fills for so long is a gap */
	WEFT_ACK_PATIENCE_MS =
		100, /* late data may still come after the receiver acknowledged it */
	WEFT_ACK_PATIENCE_BYTES = 262144, /* ... or until so much in-window data followed */

	/* delivery */
	WEFT_SUBSCRIPTIONS_MAX = 32,
	WEFT_QUEUE_BYTES = 8388608, /* of each (worker, subscription) queue, payload included */
	WEFT_QUEUE_MIN_BYTES = 131072,
	WEFT_FILES_OPEN_MAX = 512, /* stream files open at once; the idlest is closed meanwhile */
	WEFT_FILES_TRACKED_MAX = 131072, /* stream files not yet complete; then the idlest is
					    taken for complete: more of it goes to another file */
};

#endif
