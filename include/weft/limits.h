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
	WEFT_HANDSHAKE_MAP_ENTRIES = 16384, /* of that for handshakes; likewise */
	WEFT_FLOW_MAP_MIN_ENTRIES = 1024,   /* both are halved while there is less memory, or ... */
	WEFT_MAP_PARTS = 8, /* of the limit: flows and handshakes of all interfaces get one, ...
			       hot flows another; what these don't fit, they are not used */
	WEFT_FILTER_PORTS_MAX = 1024,
	WEFT_FILTER_PREFIXES_MAX = 1024,

	WEFT_SHED_CALM_MS = 1000,      /* without overload before some of what is shed is tried */
	WEFT_SHED_CALM_MAX_MS = 60000, /* ... after trials that failed */

	WEFT_FLOW_VIEWS = 100, /* connections that one weft_flows_each() tells, if not asked ... */
	WEFT_FLOW_VIEWS_MAX = 1000, /* ... for more; the rest is only counted */
	WEFT_ASK_TIMEOUT_MS = 1000, /* for a worker to answer, or for another caller to end */

	/* memory */
	WEFT_SPAN_BYTES = 65536,
	WEFT_MEMORY_MB = 512,
	WEFT_MEMORY_MIN_MB = 16,
	WEFT_WORKER_MIN_MB = 2, /* of it, for each worker */
	WEFT_PAGE_SMALL_BYTES = 256,
	WEFT_PAGE_MEDIUM_BYTES = 1500,
	WEFT_PAGE_LARGE_BYTES = 9000,
	WEFT_PAGE_FIXED_BYTES = 1900, /* of the one class without adaptive sizing */
	WEFT_PAGE_MIN_BYTES = 64,
	WEFT_PAGE_MAX_BYTES = WEFT_SPAN_BYTES / 2,

	/* packets given by weft_submit(); no room: the caller waits or is refused */
	WEFT_SUBMIT_RING_BYTES = 1048576, /* of each worker */
	WEFT_SUBMIT_RING_MIN_BYTES = 262144,
	WEFT_SUBMIT_RING_MAX_BYTES = 1 << 30,
	WEFT_SUBMIT_MAX_BYTES = 65536, /* longest packet that is copied; longer: refused */

	/* threads */
	WEFT_LOCK_TIMEOUT_MS = 1000, /* of a control call for another (lock_timeouts) */

	/* upkeep */
	WEFT_PRESSURE_LOW_PERCENT = 70,
	WEFT_PRESSURE_HIGH_PERCENT = 85,
	WEFT_PRESSURE_CRITICAL_PERCENT = 95,
	WEFT_PRESSURE_HYSTERESIS_PERCENT = 5,
	WEFT_PRESSURE_CALM_CHECKS = 3, /* before a level falls */
	WEFT_PRESSURE_INTERVAL_MS = 500,
	WEFT_PRESSURE_SOURCES_MAX = 8,
	WEFT_PRESSURE_HANDLERS_MAX = 16,
	WEFT_PRESSURE_CHANGES_MAX = 64, /* remembered; then the oldest is forgotten */
	/* When only one part in so many of the memory is left, */
	WEFT_SHORT_PARTS = 32,	/* packets of a pipe wait until workers have given up held data; */
	WEFT_SCARCE_PARTS = 64, /* a stream that would hold more gives up its hole instead */
	WEFT_PROCESS_SLACK_MB = 32, /* beside the limit: code, libraries, stacks, sinks */
	WEFT_CLEANUP_INTERVAL_SEC = 30,
	WEFT_CLEANUP_TASKS_MAX = 64,

	/* decode: a frame beyond one of the first four is malformed (frames_malformed_frames) */
	WEFT_TUNNEL_DEPTH_MAX = 8, /* headers around headers */
	WEFT_VLAN_DEPTH_MAX = 4,   /* tags of one Ethernet header */
	WEFT_MPLS_LABELS_MAX = 16,
	WEFT_IPV6_EXTENSIONS_MAX = 16, /* of one IPv6 header */

	/*
	 * defragmentation, a worker: when a table is full, the oldest datagram is dropped; a
	 * datagram of too many fragments is (both fragments_evicted_fragments)
	 */
	WEFT_FRAGMENT_DATAGRAMS_MAX = 4096,    /* being rebuilt */
	WEFT_FRAGMENTS_MAX = 16384,	       /* held */
	WEFT_FRAGMENTS_PER_DATAGRAM_MAX = 256, /* 1500 bytes in 8-byte pieces are 188 */
	WEFT_FRAGMENT_TIMEOUT_MS = 30000, /* since the datagram's first; then it is incomplete */

	/* flow */
	WEFT_FLOWS_MAX = 1000000,   /* established, all workers; then the least useful is evicted */
	WEFT_EMBRYONIC_MAX = 65536, /* handshakes under way; then the oldest is forgotten */
	WEFT_HALF_OPEN_PER_SOURCE_MAX = 1024,
	WEFT_SYN_DATA_MAX = 1024,    /* SYNs whose payload is held, a worker; then it is not held */
	WEFT_RECENT_MAX = 131072,    /* closed four-tuples remembered, all workers; then the
					oldest is forgotten and its next use is told as the first */
	WEFT_RECENT_TTL_SEC = 86400, /* ... likewise; less under pressure */
	WEFT_TIMEOUT_EMBRYONIC_SEC = 30,
	WEFT_TIMEOUT_ESTABLISHED_SEC = 3600,
	WEFT_TIMEOUT_CLOSING_SEC = 60,
	WEFT_CLOCK_STEP_SEC =
		86400, /* packet times farther apart: the clock was set, no time passed */
	WEFT_TIMEOUT_CLOSED_SEC = 10, /* kept to recognise late segments */

	/* reassembly */
	WEFT_STREAM_PAGES_MAX =
		256, /* held out of order in one direction; then the oldest hole is a gap */
	WEFT_STREAM_PAGES_LIMIT = 65535, /* the most that may be set */
	WEFT_STREAM_PAGE_BYTES = 4096,	 /* ... each; every held range counts 8 bytes more */
	WEFT_GAP_TIMEOUT_MS = 1000,	 /* a hole that nothing fills for so long is a gap */
	WEFT_ACK_PATIENCE_MS =
		100, /* late data may still come after the receiver acknowledged it */
	WEFT_ACK_PATIENCE_BYTES = 262144, /* ... or until so much in-window data followed */
	WEFT_START_PATIENCE_MS = 100,	  /* a stream whose SYN was not seen waits so long for bytes
					     before its first */
	WEFT_START_PATIENCE_BYTES = 65536, /* ... or until so much was seen; at most so far back */
	WEFT_OVERRUN_PATIENCE_MS = 2,	   /* likewise, while receive rings overflow */
	WEFT_OVERRUN_MS = 100,		   /* they are taken to for so long after they did */

	/* delivery */
	WEFT_SUBSCRIPTIONS_MAX = 32,
	WEFT_QUEUE_BYTES = 8388608, /* of each (worker, subscription) queue, payload included */
	WEFT_QUEUE_MIN_BYTES = 131072,
	WEFT_FILES_OPEN_MAX = 512, /* stream files open at once; the idlest is closed meanwhile */
	WEFT_FILES_TRACKED_MAX = 131072, /* stream files not yet complete; then the idlest is
					    taken for complete: more of it goes to another file */
};

#endif
