/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * submit.h - packets that the application passes to weft, from any number of threads.
 *
 *   weft_new() → weft_add_submit() → weft_subscribe() → weft_start()
 *     → weft_submit() ... from any thread → weft_stop() → weft_wait() → weft_free()
 *
 * Each packet is processed by the worker that owns its connection, independent of the thread that
 * submits it. Packets of one connection from one thread are processed in the order of its calls.
 *
 * If several threads submit packets of one connection, such as one direction each, set
 * ordered_threads to their number: the packets are then processed in the order of their times, as
 * if one thread had submitted them. Otherwise they are processed in any order, and reassembly
 * treats this like reordering in the network, within two limits. First, if missing bytes were
 * acknowledged, weft waits for their packet only until it has processed a packet whose time is
 * WEFT_ACK_PATIENCE_MS later, or WEFT_ACK_PATIENCE_BYTES of later data; then it reports a gap.
 * Second, packets that are processed after the end of their connection, such as after a RST that
 * another thread submitted, are not delivered; those of their bytes that were acknowledged before
 * the end are reported as a gap. If each thread submits one direction, only the second limit
 * applies, because the data of each direction is then in order.
 */
#ifndef WEFT_SUBMIT_H
#define WEFT_SUBMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weft/api.h>
#include <weft/link.h>
#include <weft/opts.h>

WEFT_BEGIN_DECLS

struct weft;

/** struct weft_submit_opts - options of weft_add_submit() */
struct weft_submit_opts {
	size_t sz;
	/* size of each worker's ring: a power of two; 0: WEFT_SUBMIT_RING_BYTES */
	uint64_t ring_bytes;
	bool live; /* true: timers follow the clock of the host; false: timers follow the times of
		      the packets, as with a capture file */
	/*
	 * number of threads that submit packets of the same connections, each thread in order of
	 * time; 0: packets of several threads are not ordered. At most WEFT_SUBMIT_THREADS_MAX; not
	 * with live. A call waits, within its timeout, for each other thread until that thread has
	 * submitted all its packets with earlier times, has made a call with @count 0, or has made
	 * no call for WEFT_SUBMIT_SILENCE_MS (before its first call: counted from the first call of
	 * any thread). A call in an inline callback is not ordered and does not wait for threads.
	 */
	uint32_t ordered_threads;
};
#define weft_submit_opts__last_field ordered_threads

/**
 * weft_add_submit() - add weft_submit() as a source of packets
 * @opts: borrowed for the call; NULL: all defaults
 *
 * It may be the only source or be combined with interfaces (@live is then always true), but not
 * with a file. Call this before weft_subscribe(), whose checks depend on whether the source is
 * live. Return: 0 on success; -EINVAL if an option is invalid or the handle reads a file; -EBUSY if
 * the handle was started; -EEXIST if this was called before; -ETIMEDOUT if other control calls took
 * too long. Thread: any, before weft_start(). Memory: @ring_bytes for each worker, from the
 * handle's budget, at weft_start().
 */
int weft_add_submit(struct weft *weft, const struct weft_submit_opts *opts);

/** struct weft_packet - one packet; @bytes is borrowed for the call unless @is_stable is true */
struct weft_packet {
	const void *bytes;
	uint64_t time_ns;    /* capture time in ns since 1970; 0: the time of the call */
	uint32_t cap_bytes;  /* number of bytes at @bytes; at most WEFT_SUBMIT_MAX_BYTES unless
				@is_stable is true */
	uint32_t wire_bytes; /* length of the packet on the wire; 0: equal to @cap_bytes */
	uint16_t link;	     /* enum weft_link */
	bool is_stable; /* true: @bytes stays unchanged until weft_free(), so it is not copied and
			   may have up to WEFT_FRAME_MAX_BYTES bytes */
};

/**
 * weft_submit() - pass @count packets to the workers that own their connections
 * @packets:    array of @count packets, borrowed for the call
 * @count:      0: with ordered_threads, this thread submits no more packets
 * @timeout_ms: maximum time to wait for room in the rings, for all packets together; 0: do not
 *              wait; -1: no limit
 *
 * Packets without @is_stable are copied before the call returns. Each accepted packet is counted in
 * the ledger user_frames. If a ring has no room in time, the packet for it and all later packets of
 * the call are rejected and counted in submit_refused_packets. Packets that are not accepted for
 * another reason, such as invalid ones, those after -EDEADLK, and those for which the wait for
 * other threads did not end in time, are not counted.
 *
 * Return: the number of accepted packets, counted from the first; it is less than @count if a later
 * packet failed. If the first packet fails, a negative errno: -EAGAIN if there was no room in time,
 * or if the wait for other threads of ordered_threads did not end in time; -ESHUTDOWN if the handle
 * stops; -EINVAL if the handle was not started or weft_add_submit() was not called, if a length or
 * the link type is invalid, or if @bytes is NULL; -EMSGSIZE if the packet is too long; -EUSERS if
 * more than ordered_threads threads submit packets; -EDEADLK if a ring is full and an inline
 * callback calls this with a timeout, because its worker could wait for itself.
 *
 * Thread: any, after weft_start() has returned; all calls must have returned before weft_free() is
 * called. No call takes a lock: a thread that is preempted during a call delays later packets for
 * the same worker, but no other caller unless ordered_threads is set. The calling thread must not
 * be cancelled by pthread_cancel(). Not async-signal-safe. Memory: none.
 */
int weft_submit(struct weft *weft, const struct weft_packet *packets, uint32_t count,
		int timeout_ms);

WEFT_END_DECLS

#endif
