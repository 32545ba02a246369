/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * limits.h - all defaults and maxima, with their units.
 *
 * There are no other limits. The comment of a limit states the effect of reaching it, and the
 * metric that counts it if there is one.
 */
#ifndef WEFT_LIMITS_H
#define WEFT_LIMITS_H

enum weft_limit {
	/* capture */
	WEFT_WORKERS_MAX = 64,
	WEFT_QUEUES_MAX = 64, /* maximum number of receive queues of one interface */
	WEFT_INTERFACES_MAX = 16,
	WEFT_FRAME_BYTES = 4096, /* size of a UMEM frame, which holds one received frame */
	WEFT_RING_FRAMES = 2048, /* number of entries of each rx ring and each fill ring */
	/*
	 * Host mode: default size of each worker's ring buffer, in MiB. All segments of one
	 * connection go to one worker, so the size does not depend on the number of workers. The
	 * rings of all interfaces use at most 1/WEFT_HOST_RING_PARTS of the memory limit. If a ring
	 * is full, further segments are lost and counted in kernel_ring_full_frames.
	 */
	WEFT_HOST_RING_MB = 64,
	WEFT_HOST_RING_MAX_MB = 4096,
	WEFT_HOST_RING_PARTS = 4,
	/* minimum size of each worker's ring buffer; the longest packet fits */
	WEFT_HOST_RING_MIN_BYTES = 1048576,
	/* maximum size of a packet in a file; a larger one counts as malformed */
	WEFT_FRAME_MAX_BYTES = 262144,
	WEFT_CAPTURE_FILES_MAX = 32768, /* maximum number of files that are read as one capture */
	/* interfaces in one section of a pcapng file; a file with more is reported as damaged */
	WEFT_PCAPNG_INTERFACES_MAX = 4096,
	/* entries of the per-flow BPF map; a full map evicts the least recently used entry */
	WEFT_FLOW_MAP_ENTRIES = 65536,
	/* entries of the BPF map of handshakes; a full map evicts the least recently used entry */
	WEFT_HANDSHAKE_MAP_ENTRIES = 16384,
	/* minimum number of entries of the per-flow BPF map; it is not halved further to save
	   memory */
	WEFT_FLOW_MAP_MIN_ENTRIES = 1024,
	/*
	 * The flow and handshake maps of all interfaces use at most 1/WEFT_MAP_PARTS of the memory
	 * limit. The hot-flow maps are disabled if they exceed the same share. The number of their
	 * slots is raised above the minimum as long as they use at most 1/WEFT_HOT_PARTS.
	 */
	WEFT_MAP_PARTS = 8,
	WEFT_HOT_PARTS = 32,
	WEFT_FILTER_PORTS_MAX = 1024,
	WEFT_TUNNEL_PORTS_MAX = 8, /* maximum number of ports of VXLAN, and of GENEVE */
	WEFT_FILTER_PREFIXES_MAX = 1024,

	/* after this time without overload, fewer new connections are shed, as a trial */
	WEFT_SHED_CALM_MS = 1000,
	/* maximum of the time WEFT_SHED_CALM_MS, which doubles after each trial that fails */
	WEFT_SHED_CALM_MAX_MS = 60000,

	WEFT_FLOW_VIEWS = 100, /* default number of connections that weft_flows_each() reports */
	/* maximum number of connections that weft_flows_each() reports; further ones are only
	   counted */
	WEFT_FLOW_VIEWS_MAX = 1000,
	/* maximum time that a control call waits for a worker's answer */
	WEFT_ASK_TIMEOUT_MS = 1000,

	/* memory */
	WEFT_SPAN_BYTES = 65536,
	WEFT_MEMORY_MB = 512,
	/* without a limit in the options, at most 1/8 of the memory that is left is used */
	WEFT_MEMORY_PARTS = 8,
	WEFT_MEMORY_MIN_MB = 16,
	WEFT_WORKER_MIN_MB = 2, /* minimum memory per worker, in MiB */
	WEFT_PAGE_SMALL_BYTES = 256,
	WEFT_PAGE_MEDIUM_BYTES = 1500,
	WEFT_PAGE_LARGE_BYTES = 9000,
	WEFT_PAGE_FIXED_BYTES = 1900, /* size of all pages if adaptive sizing is off */
	WEFT_PAGE_MIN_BYTES = 64,
	WEFT_PAGE_MAX_BYTES = WEFT_SPAN_BYTES / 2,

	/*
	 * Rings of weft_submit(). If a ring is full, weft_submit() waits up to its timeout, and
	 * then rejects the packet.
	 */
	WEFT_SUBMIT_RING_BYTES = 1048576, /* default size of each worker's ring */
	WEFT_SUBMIT_RING_MIN_BYTES = 262144,
	WEFT_SUBMIT_THREADS_MAX = 64, /* maximum of ordered_threads */
	/*
	 * weft_submit() does not wait for a thread of ordered_threads that submitted no packet for
	 * this time
	 */
	WEFT_SUBMIT_SILENCE_MS = 1000,
	WEFT_SUBMIT_RING_MAX_BYTES = 1 << 30,
	WEFT_SUBMIT_MAX_BYTES =
		65536, /* maximum size of a packet that must be copied; a larger one is rejected */

	/* threads */
	/* maximum time that a control call waits for another one (metric lock_timeouts) */
	WEFT_LOCK_TIMEOUT_MS = 1000,

	/* housekeeping */
	WEFT_PRESSURE_LOW_PERCENT = 70,
	WEFT_PRESSURE_HIGH_PERCENT = 85,
	WEFT_PRESSURE_CRITICAL_PERCENT = 95,
	WEFT_PRESSURE_HYSTERESIS_PERCENT = 5,
	/* the level falls after this many consecutive low readings */
	WEFT_PRESSURE_CALM_CHECKS = 3,
	WEFT_PRESSURE_INTERVAL_MS = 500,
	WEFT_PRESSURE_SOURCES_MAX = 8,
	WEFT_PRESSURE_HANDLERS_MAX = 16,
	WEFT_PRESSURE_CHANGES_MAX =
		64, /* number of level changes that are kept; the oldest is dropped first */
	/* if less than 1/32 of the memory is left, input from a pipe pauses until workers release
	   held data */
	WEFT_SHORT_PARTS = 32,
	/* if less than 1/64 of the memory is left, a stream reports a gap instead of holding more
	   data */
	WEFT_SCARCE_PARTS = 64,
	/* memory that the process may use in addition to the limit: code, libraries, stacks, sinks
	 */
	WEFT_PROCESS_SLACK_MB = 32,
	WEFT_CLEANUP_INTERVAL_SEC = 30,
	WEFT_CLEANUP_TASKS_MAX = 64,

	/* decode: a frame that exceeds one of these four limits is malformed (metric
	   frames_malformed_frames) */
	WEFT_TUNNEL_DEPTH_MAX = 8, /* levels of encapsulation */
	WEFT_VLAN_DEPTH_MAX = 4,   /* VLAN tags in one Ethernet header */
	WEFT_MPLS_LABELS_MAX = 16,
	WEFT_IPV6_EXTENSIONS_MAX = 16, /* extension headers of one IPv6 header */

	/*
	 * Defragmentation, per worker: if a table is full, the oldest datagram is dropped. A
	 * datagram with too many fragments is dropped too (fragments_evicted_fragments counts
	 * both).
	 */
	WEFT_FRAGMENT_DATAGRAMS_MAX = 4096, /* incomplete datagrams */
	WEFT_FRAGMENTS_MAX = 16384,	    /* fragments held in all datagrams */
	/* fragments of one datagram; 1500 bytes in fragments of 8 bytes need 188 */
	WEFT_FRAGMENTS_PER_DATAGRAM_MAX = 256,
	/* an incomplete datagram is dropped this long after its first fragment */
	WEFT_FRAGMENT_TIMEOUT_MS = 30000,

	/* flow */
	/* connections of all workers; at the limit the least useful one of a small random sample is
	   evicted */
	WEFT_FLOWS_MAX = 1000000,
	/*
	 * half-open connections of all workers; at the limit the oldest one without a SYN-ACK is
	 * evicted, or the oldest one with a SYN-ACK if more than half of the maximum have one
	 */
	WEFT_EMBRYONIC_MAX = 65536,
	WEFT_HALF_OPEN_PER_SOURCE_MAX = 1024,
	WEFT_SYN_DATA_MAX =
		1024, /* payloads of SYN segments held per worker; further payloads are not held */
	/*
	 * Four-tuples of ended connections recorded in all workers. At the limit the oldest record
	 * is removed; a later connection with that four-tuple is reported as its first one.
	 */
	WEFT_RECENT_MAX = 131072,
	/* the record of an ended connection is removed at this age; earlier under memory pressure
	 */
	WEFT_RECENT_TTL_SEC = 86400,
	WEFT_TIMEOUT_EMBRYONIC_SEC = 30,
	WEFT_TIMEOUT_ESTABLISHED_SEC = 3600,
	WEFT_TIMEOUT_CLOSING_SEC = 60,
	/* a larger step ahead between packet times counts only if the next packet confirms it */
	WEFT_CLOCK_AHEAD_MS = 10000,
	/* a larger step ahead means that the clock was set: no timer advances */
	WEFT_CLOCK_STEP_SEC = 86400,
	/* a larger step back, shown by two packets, means that the clock was set */
	WEFT_CLOCK_BEHIND_MS = 1000,
	/* late segments of an ended flow are recognised for this time */
	WEFT_TIMEOUT_CLOSED_SEC = 10,

	/* reassembly */
	WEFT_STREAM_PAGES_MAX = 256, /* pages held out of order in one direction; at the limit the
					first missing bytes become a gap */
	WEFT_STREAM_PAGES_LIMIT =
		65535, /* maximum value of the option reassembly.max_pages_per_flow */
	/*
	 * number of held bytes that count as one page of WEFT_STREAM_PAGES_MAX; each held range
	 * counts 8 bytes more
	 */
	WEFT_STREAM_PAGE_BYTES = 4096,
	/* time after which missing bytes become a gap if only one side of the connection is seen */
	WEFT_ONE_SIDED_GAP_TIMEOUT_MS = 10000,
	WEFT_ACK_PATIENCE_MS = 100, /* wait for missing bytes that the receiver has acknowledged */
	/* bytes received in the window after which the wait of WEFT_ACK_PATIENCE_MS ends early */
	WEFT_ACK_PATIENCE_BYTES = 262144,
	WEFT_START_PATIENCE_MS =
		100, /* wait for earlier bytes at the start of a stream whose SYN was not seen */
	/*
	 * The wait of WEFT_START_PATIENCE_MS ends early when this many bytes have arrived. The
	 * start of the stream moves back by at most this distance.
	 */
	WEFT_START_PATIENCE_BYTES = 65536,
	WEFT_OVERRUN_PATIENCE_MS = 2, /* wait for missing bytes while receive rings overflow */
	WEFT_OVERRUN_MS = 100, /* time for which the rings count as overflowing after an overflow */

	/* delivery */
	WEFT_SUBSCRIPTIONS_MAX = 32,
	/* limit of each (worker, subscription) queue, including payload */
	WEFT_QUEUE_BYTES = 8388608,
	WEFT_QUEUE_MIN_BYTES = 131072,
	WEFT_QUEUE_MIN_EVENTS = 16,
	WEFT_BLOCK_TIMEOUT_MS = 100,
	WEFT_BLOCK_TIMEOUT_LIVE_MAX_MS = 100,
	/*
	 * one in WEFT_BUDGET_CALLS calls of an inline subscription is measured; WEFT_BUDGET_STRIKES
	 * slow ones in a row end it (weft_sub_opts.budget_us)
	 */
	WEFT_BUDGET_CALLS = 64,
	WEFT_BUDGET_STRIKES = 3,
	/* open stream files; at the limit the file that was idle longest is closed */
	WEFT_FILES_OPEN_MAX = 512,
	/*
	 * Incomplete stream files in the table of the output. At the limit, the entry of the file
	 * that was idle longest is removed; only the number in its name is kept.
	 */
	WEFT_FILES_TRACKED_MAX = 131072,
};

#endif
