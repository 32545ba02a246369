/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * limits.h - defaults, minima and maxima, with their units.
 *
 * The comment of a limit that traffic can reach states what happens then, and the metric that
 * counts this if there is one. An option or argument beyond its minimum or maximum is rejected.
 */
#ifndef WEFT_LIMITS_H
#define WEFT_LIMITS_H

enum weft_limit {
	/* capture */
	WEFT_WORKERS_MAX = 64,
	WEFT_QUEUES_MAX = 64, /* maximum number of receive queues of one interface */
	WEFT_INTERFACES_MAX = 16,
	WEFT_FRAME_BYTES = 4096, /* size of a UMEM frame, which holds one received frame */
	/*
	 * tap mode: number of entries of each rx ring and each fill ring if none is configured;
	 * halved, but not below the second value, while the fill rings of all queues would need
	 * more than 1/WEFT_RING_PARTS of the memory limit
	 */
	WEFT_RING_FRAMES = 8192,
	WEFT_RING_MIN_FRAMES = 2048,
	WEFT_RING_PARTS = 8,
	WEFT_RING_LEAST_FRAMES = 64, /* the shortest ring that can be configured */
	/*
	 * Host mode: default size of each worker's ring buffer, in MiB. It does not depend on the
	 * number of workers, because all segments of one connection go to one worker. The rings of
	 * all interfaces use at most 1/WEFT_HOST_RING_PARTS of the memory limit, or more if each
	 * has only WEFT_HOST_RING_MIN_BYTES.
	 *
	 * Each worker has a smaller ring in addition, which is used as long as it is not full,
	 * because its memory stays in the processor's caches: 1/WEFT_HOST_FIRST_RING_PARTS of the
	 * size, but at most WEFT_HOST_FIRST_RING_BYTES. If both rings are full, further packets are
	 * lost and counted in kernel_ring_full_frames.
	 */
	WEFT_HOST_RING_MB = 64,
	WEFT_HOST_RING_MAX_MB = 4096,
	WEFT_HOST_RING_PARTS = 4,
	WEFT_HOST_FIRST_RING_PARTS = 16,
	WEFT_HOST_FIRST_RING_BYTES = 4194304,
	/* minimum size of each worker's larger ring buffer; the longest packet fits */
	WEFT_HOST_RING_MIN_BYTES = 1048576,
	/*
	 * maximum size of a packet in a file, or of a packet of weft_submit() that is not copied. A
	 * file with a larger one is reported as damaged and not read further; weft_submit() rejects
	 * a larger one
	 */
	WEFT_FRAME_MAX_BYTES = 262144,
	WEFT_CAPTURE_FILES_MAX = 32768, /* maximum number of files that are read as one capture */
	WEFT_SHARED_FILES_MAX = 8, /* maximum number of files for weft_share_file(), per process */
	/*
	 * maximum number of interfaces in one section of a pcapng file; a file with more is
	 * reported as damaged
	 */
	WEFT_PCAPNG_INTERFACES_MAX = 4096,
	/* entries of the per-flow BPF map; a full map evicts the least recently used entry */
	WEFT_FLOW_MAP_ENTRIES = 65536,
	/* slots of the BPF map of handshakes; a new handshake may replace an older one */
	WEFT_HANDSHAKE_MAP_ENTRIES = 16384,
	/* to save memory, the per-flow BPF map is halved repeatedly, but not below this size */
	WEFT_FLOW_MAP_MIN_ENTRIES = 1024,
	/*
	 * The flow and handshake maps of all interfaces use at most 1/WEFT_MAP_PARTS of the memory
	 * limit, or more if each flow map has only WEFT_FLOW_MAP_MIN_ENTRIES. If the hot-flow maps
	 * would exceed the same share even with the minimum number of slots, they are disabled.
	 * They get more slots as long as they use at most 1/WEFT_HOT_PARTS of the memory limit.
	 */
	WEFT_MAP_PARTS = 8,
	WEFT_HOT_PARTS = 32,
	WEFT_FILTER_PORTS_MAX = 1024,
	WEFT_TUNNEL_PORTS_MAX = 8, /* maximum number of ports of VXLAN, and of GENEVE */
	WEFT_FILTER_PREFIXES_MAX = 1024,
	/*
	 * maximum number of different depths of the connections of a worker and of the policy;
	 * weft_policy_set() rejects a further one with -ENOSPC
	 */
	WEFT_DEPTHS_MAX = 16,

	/*
	 * Time without overload after which fewer new connections are shed, as a trial. The time
	 * begins with WEFT_SHED_CALM_MS, and doubles after each trial that leads to overload, until
	 * it has reached WEFT_SHED_CALM_MAX_MS; after more than two trials in succession without
	 * overload it is halved. It is WEFT_SHED_CALM_MS while the frame rate is below half of the
	 * rate at the last loss.
	 */
	WEFT_SHED_CALM_MS = 1000,
	WEFT_SHED_CALM_MAX_MS = 60000,

	WEFT_FLOW_VIEWS = 100, /* default number of connections that weft_flows_each() reports */
	/* maximum number of connections that weft_flows_each() reports; others are only counted */
	WEFT_FLOW_VIEWS_MAX = 1000,
	/* maximum number of addresses of one call of weft_half_open_read() */
	WEFT_HALF_OPEN_ADDRS_MAX = 1000,
	/* maximum time that a control call waits for a worker's answer */
	WEFT_ASK_TIMEOUT_MS = 1000,

	/* memory */
	WEFT_SPAN_BYTES = 65536,
	WEFT_MEMORY_MB = 512,
	/*
	 * if the options set no memory limit, the limit is at most 1/8 of the memory that the host
	 * and the control group of the process have left at start, but at least WEFT_MEMORY_MIN_MB
	 */
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
	WEFT_SUBMIT_THREADS_MAX = 64, /* maximum value of weft_submit_opts.ordered_threads */
	/*
	 * weft_submit() does not wait for a thread of ordered_threads that made no call of
	 * weft_submit() for this time
	 */
	WEFT_SUBMIT_SILENCE_MS = 1000,
	WEFT_SUBMIT_RING_MAX_BYTES = 1 << 30,
	WEFT_SUBMIT_MAX_BYTES =
		65536, /* maximum size of a packet that must be copied; a larger one is rejected */

	/* threads */
	/*
	 * default of the maximum time that a control call waits for another one; then the call
	 * fails (metric lock_timeouts)
	 */
	WEFT_LOCK_TIMEOUT_MS = 1000,

	/* housekeeping */
	WEFT_PRESSURE_LOW_PERCENT = 70,
	WEFT_PRESSURE_HIGH_PERCENT = 85,
	WEFT_PRESSURE_CRITICAL_PERCENT = 95,
	/* a pressure level ends when the highest reading is more than this below its threshold */
	WEFT_PRESSURE_HYSTERESIS_PERCENT = 5,
	/* the pressure level falls after this many consecutive readings that are low enough */
	WEFT_PRESSURE_CALM_CHECKS = 3,
	WEFT_PRESSURE_INTERVAL_MS = 500,
	WEFT_PRESSURE_SOURCES_MAX = 8,
	WEFT_PRESSURE_HANDLERS_MAX = 16,
	WEFT_PRESSURE_CHANGES_MAX =
		64, /* number of level changes that are kept; the oldest is dropped first */
	/*
	 * if at most 1/32 of the memory limit is left, reading from a pipe waits for free pages; if
	 * less than 1/32 of the memory for traffic is left, queues do not share events
	 */
	WEFT_SHORT_PARTS = 32,
	/*
	 * if less than 1/64 of the memory for traffic is left, a stream that holds data reports a
	 * gap instead of holding more (1/128 if it holds little)
	 */
	WEFT_SCARCE_PARTS = 64,
	/* memory of the process that the limit does not include: code, libraries, stacks, sinks */
	WEFT_PROCESS_SLACK_MB = 32,
	WEFT_CLEANUP_INTERVAL_SEC = 30,
	WEFT_CLEANUP_TASKS_MAX = 64,
	WEFT_CLEANUP_ADDED_MAX = 8, /* cleanup tasks that an application adds; more are rejected */

	/*
	 * decode: a worker counts a frame that exceeds one of these four limits as malformed
	 * (metric frames_malformed_frames)
	 */
	WEFT_TUNNEL_DEPTH_MAX = 8, /* tunnel headers, and tags other than VLAN tags */
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
	/*
	 * half-open connections from one source address, of which each worker allows an equal
	 * share; at the limit its further SYNs are rejected (metric half_open_refused_flows)
	 */
	WEFT_HALF_OPEN_PER_SOURCE_MAX = 1024,
	WEFT_SYN_DATA_MAX =
		1024, /* payloads of SYN segments held per worker; further payloads are not held */
	/*
	 * Four-tuples of ended connections recorded in all workers. At the limit the oldest record
	 * is removed; a later connection with that four-tuple is reported as its first one.
	 */
	WEFT_RECENT_MAX = 131072,
	/* the record of an ended connection is removed at this age, earlier under pressure */
	WEFT_RECENT_TTL_SEC = 86400,
	WEFT_TIMEOUT_EMBRYONIC_SEC = 30,
	WEFT_TIMEOUT_ESTABLISHED_SEC = 3600,
	WEFT_TIMEOUT_CLOSING_SEC = 60,
	/*
	 * Time stamps of capture files (user/packet/stamp_clock.h). If a stamp is more than
	 * WEFT_CLOCK_AHEAD_MS later than the time of the timers, the timers advance only if the
	 * next stamp confirms it. If the stamp is even more than WEFT_CLOCK_STEP_SEC later, the
	 * recording clock was set, and if two stamps in succession are more than
	 * WEFT_CLOCK_BEHIND_MS earlier, it was set back: in both cases the timers do not advance
	 * with these stamps, but with those that follow.
	 */
	WEFT_CLOCK_AHEAD_MS = 10000,
	WEFT_CLOCK_STEP_SEC = 86400,
	WEFT_CLOCK_BEHIND_MS = 1000,
	/* time after the end of a connection in which its late segments are recognised */
	WEFT_TIMEOUT_CLOSED_SEC = 10,

	/* reassembly */
	WEFT_STREAM_PAGES_MAX = 256, /* pages held out of order in one direction; at the limit the
					first missing bytes become a gap */
	WEFT_STREAM_PAGES_LIMIT =
		65535, /* maximum value of the option reassembly.max_pages_per_flow */
	/*
	 * number of held bytes that count as one page of WEFT_STREAM_PAGES_MAX; each held segment
	 * counts 8 bytes more
	 */
	WEFT_STREAM_PAGE_BYTES = 4096,
	/* time after which missing bytes become a gap if only one side of the connection is seen */
	WEFT_ONE_SIDED_GAP_TIMEOUT_MS = 10000,
	/* time that weft waits for missing bytes after the receiver has acknowledged them */
	WEFT_ACK_PATIENCE_MS = 100,
	/* the wait of WEFT_ACK_PATIENCE_MS ends early when this many later bytes have arrived */
	WEFT_ACK_PATIENCE_BYTES = 262144,
	/* time that weft waits for earlier bytes of a stream whose SYN was not seen */
	WEFT_START_PATIENCE_MS = 100,
	/*
	 * The wait of WEFT_START_PATIENCE_MS ends early when this many bytes have arrived. The
	 * start of the stream moves back by at most this distance.
	 */
	WEFT_START_PATIENCE_BYTES = 65536,
	/* time that weft waits for acknowledged missing bytes while receive rings overflow */
	WEFT_OVERRUN_PATIENCE_MS = 2,
	/* time after the last loss in a receive ring in which the rings count as overflowing */
	WEFT_OVERRUN_MS = 100,

	/* delivery */
	WEFT_SUBSCRIPTIONS_MAX = 32,
	/* default size of the queue from each worker to each subscription, including payload */
	WEFT_QUEUE_BYTES = 8388608,
	WEFT_QUEUE_MIN_BYTES = 131072,
	WEFT_QUEUE_MIN_EVENTS = 16,
	WEFT_BLOCK_TIMEOUT_MS = 100,
	WEFT_BLOCK_TIMEOUT_LIVE_MAX_MS = 100,
	/*
	 * live capture: a worker waits for room in queues for at most 1/WEFT_BLOCK_LIVE_SHARE of
	 * the time, after a first wait of WEFT_BLOCK_TIMEOUT_LIVE_MAX_MS
	 */
	WEFT_BLOCK_LIVE_SHARE = 100,
	/*
	 * one in WEFT_BUDGET_CALLS calls of an inline subscription's callback is measured; if
	 * WEFT_BUDGET_STRIKES measured calls in a row exceed weft_sub_opts.budget_us, the
	 * subscription ends
	 */
	WEFT_BUDGET_CALLS = 64,
	WEFT_BUDGET_STRIKES = 3,
	/* open stream files; at the limit the file that was idle longest is closed */
	WEFT_FILES_OPEN_MAX = 512,
	/*
	 * Incomplete stream files in the table of the output. At the limit, the entry of the file
	 * idle longest is removed; enough is kept to continue that file until log rotation.
	 */
	WEFT_FILES_TRACKED_MAX = 131072,
	/*
	 * Open connections in the table of the output --pcap. At the limit, the connection that was
	 * idle longest is ended in the file, and continued as another connection.
	 */
	WEFT_PCAP_CONNS_MAX = 131072,
};

#endif
