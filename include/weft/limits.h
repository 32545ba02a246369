/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * limits.h - every default and every maximum, with its unit.
 *
 * There are no other limits. The comment of a limit says what happens when it is reached, and names
 * the metric that counts it.
 */
#ifndef WEFT_LIMITS_H
#define WEFT_LIMITS_H

enum weft_limit {
	/* capture */
	WEFT_WORKERS_MAX = 64,
	WEFT_QUEUES_MAX = 64, /* receive queues of one interface */
	WEFT_INTERFACES_MAX = 16,
	WEFT_FRAME_BYTES = 4096, /* UMEM bytes for each received frame */
	WEFT_RING_FRAMES = 2048, /* entries of each rx and fill ring */
	/* largest packet read from a file; a longer one is malformed */
	WEFT_FRAME_MAX_BYTES = 262144,
	/* interfaces in one section of a file; more: the file is damaged */
	WEFT_PCAPNG_INTERFACES_MAX = 4096,
	/* entries of the per-flow BPF map; a full map evicts the least recently used */
	WEFT_FLOW_MAP_ENTRIES = 65536,
	/* entries of the handshake map, which evicts in the same way */
	WEFT_HANDSHAKE_MAP_ENTRIES = 16384,
	/* least entries of the per-flow map when the maps are halved to save memory */
	WEFT_FLOW_MAP_MIN_ENTRIES = 1024,
	/*
	 * The flow and handshake maps of all interfaces use at most 1/WEFT_MAP_PARTS of the memory
	 * limit. The hot-flow maps are disabled if they exceed another such part.
	 */
	WEFT_MAP_PARTS = 8,
	WEFT_FILTER_PORTS_MAX = 1024,
	WEFT_FILTER_PREFIXES_MAX = 1024,

	/* time without overload before a part of the shed load is accepted again */
	WEFT_SHED_CALM_MS = 1000,
	/* longest such time; it doubles after each trial that failed */
	WEFT_SHED_CALM_MAX_MS = 60000,

	WEFT_FLOW_VIEWS = 100, /* default number of connections that weft_flows_each() shows */
	/* most connections that it shows; further ones are only counted */
	WEFT_FLOW_VIEWS_MAX = 1000,
	/* longest wait for a worker's answer, or for another caller to end */
	WEFT_ASK_TIMEOUT_MS = 1000,

	/* memory */
	WEFT_SPAN_BYTES = 65536,
	WEFT_MEMORY_MB = 512,
	WEFT_MEMORY_MIN_MB = 16,
	WEFT_WORKER_MIN_MB = 2, /* least part of the memory for each worker */
	WEFT_PAGE_SMALL_BYTES = 256,
	WEFT_PAGE_MEDIUM_BYTES = 1500,
	WEFT_PAGE_LARGE_BYTES = 9000,
	WEFT_PAGE_FIXED_BYTES = 1900, /* page size of the only class without adaptive sizing */
	WEFT_PAGE_MIN_BYTES = 64,
	WEFT_PAGE_MAX_BYTES = WEFT_SPAN_BYTES / 2,

	/*
	 * Rings of weft_submit(). If a ring has no room, the caller waits or its packet is
	 * rejected.
	 */
	WEFT_SUBMIT_RING_BYTES = 1048576, /* bytes of each worker's ring */
	WEFT_SUBMIT_RING_MIN_BYTES = 262144,
	WEFT_SUBMIT_RING_MAX_BYTES = 1 << 30,
	WEFT_SUBMIT_MAX_BYTES = 65536, /* longest packet that is copied; a longer one is rejected */

	/* threads */
	/* longest wait of a control call for another one (lock_timeouts) */
	WEFT_LOCK_TIMEOUT_MS = 1000,

	/* housekeeping */
	WEFT_PRESSURE_LOW_PERCENT = 70,
	WEFT_PRESSURE_HIGH_PERCENT = 85,
	WEFT_PRESSURE_CRITICAL_PERCENT = 95,
	WEFT_PRESSURE_HYSTERESIS_PERCENT = 5,
	WEFT_PRESSURE_CALM_CHECKS = 3, /* calm checks before the level falls */
	WEFT_PRESSURE_INTERVAL_MS = 500,
	WEFT_PRESSURE_SOURCES_MAX = 8,
	WEFT_PRESSURE_HANDLERS_MAX = 16,
	WEFT_PRESSURE_CHANGES_MAX = 64, /* changes kept; the oldest is dropped first */
	/* with less than 1/32 of the memory left, a pipe waits until workers release held data */
	WEFT_SHORT_PARTS = 32,
	/* with less than 1/64 of it left, a stream gives up its hole instead of holding more */
	WEFT_SCARCE_PARTS = 64,
	/* memory of the process outside the limit: code, libraries, stacks, sinks */
	WEFT_PROCESS_SLACK_MB = 32,
	WEFT_CLEANUP_INTERVAL_SEC = 30,
	WEFT_CLEANUP_TASKS_MAX = 64,

	/* decode: a frame that exceeds one of these four is malformed (frames_malformed_frames) */
	WEFT_TUNNEL_DEPTH_MAX = 8, /* levels of encapsulation */
	WEFT_VLAN_DEPTH_MAX = 4,   /* VLAN tags of one Ethernet header */
	WEFT_MPLS_LABELS_MAX = 16,
	WEFT_IPV6_EXTENSIONS_MAX = 16, /* extension headers of one IPv6 header */

	/*
	 * Defragmentation, per worker: if a table is full, the oldest datagram is dropped. A
	 * datagram with too many fragments is dropped too (fragments_evicted_fragments counts
	 * both).
	 */
	WEFT_FRAGMENT_DATAGRAMS_MAX = 4096, /* datagrams being reassembled */
	WEFT_FRAGMENTS_MAX = 16384,	    /* fragments held */
	/* fragments of one datagram; 1500 bytes in 8-byte pieces are 188 */
	WEFT_FRAGMENTS_PER_DATAGRAM_MAX = 256,
	/* time since the first fragment after which a datagram is incomplete */
	WEFT_FRAGMENT_TIMEOUT_MS = 30000,

	/* flow */
	WEFT_FLOWS_MAX = 1000000, /* connections of all workers; then the least useful is evicted */
	WEFT_EMBRYONIC_MAX = 65536, /* half-open connections; then the oldest is evicted */
	WEFT_HALF_OPEN_PER_SOURCE_MAX = 1024,
	WEFT_SYN_DATA_MAX = 1024, /* SYN payloads held per worker; further ones are not held */
	/*
	 * Ended four-tuples recorded for all workers. Beyond that the oldest is removed, and its
	 * next connection is reported as its first.
	 */
	WEFT_RECENT_MAX = 131072,
	/* age at which such a record is removed; less under memory pressure */
	WEFT_RECENT_TTL_SEC = 86400,
	WEFT_TIMEOUT_EMBRYONIC_SEC = 30,
	WEFT_TIMEOUT_ESTABLISHED_SEC = 3600,
	WEFT_TIMEOUT_CLOSING_SEC = 60,
	WEFT_CLOCK_STEP_SEC =
		86400, /* larger step between packet times: the clock was set, no time passed */
	/* time for which an ended flow is kept to recognise late segments */
	WEFT_TIMEOUT_CLOSED_SEC = 10,

	/* reassembly */
	WEFT_STREAM_PAGES_MAX =
		256, /* pages held out of order in one direction; then the oldest hole is a gap */
	WEFT_STREAM_PAGES_LIMIT = 65535, /* largest value of the option */
	/* bytes of such a page; each held range counts 8 bytes more */
	WEFT_STREAM_PAGE_BYTES = 4096,
	WEFT_GAP_TIMEOUT_MS = 1000, /* time after which an unfilled hole is a gap */
	WEFT_ACK_PATIENCE_MS =
		100, /* wait for late segments after the receiver acknowledged them */
	WEFT_ACK_PATIENCE_BYTES = 262144, /* in-window data after which that wait ends too */
	WEFT_START_PATIENCE_MS = 100, /* wait of a stream without SYN for bytes before its first */
	/* Data after which that wait ends too, and the farthest that the start moves back. */
	WEFT_START_PATIENCE_BYTES = 65536,
	WEFT_OVERRUN_PATIENCE_MS = 2, /* wait for late segments while receive rings overflow */
	WEFT_OVERRUN_MS = 100, /* time after an overflow for which rings count as overflowing */

	/* delivery */
	WEFT_SUBSCRIPTIONS_MAX = 32,
	/* bytes of each (worker, subscription) queue, payload included */
	WEFT_QUEUE_BYTES = 8388608,
	WEFT_QUEUE_MIN_BYTES = 131072,
	/* stream files open at once; beyond that the longest idle one is closed */
	WEFT_FILES_OPEN_MAX = 512,
	/*
	 * Incomplete stream files. Beyond that the longest idle one counts as complete, and its
	 * further data goes to another file.
	 */
	WEFT_FILES_TRACKED_MAX = 131072,
};

#endif
