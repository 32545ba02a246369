/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * submit.h - packets that the caller has, from any number of threads.
 *
 *   weft_new() → weft_add_submit() → weft_subscribe() → weft_start()
 *     → weft_submit() ... from any thread → weft_stop() → weft_wait() → weft_free()
 *
 * Each packet goes to the worker that owns its connection: one connection is one, whichever
 * threads its packets come from. Packets of a connection are taken in the order in which
 * their calls began to write them: those of one thread in its order, those of several as
 * they happen to come, which reassembly puts right as it does on the wire.
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

/** struct weft_submit_opts - how submitted packets are taken */
struct weft_submit_opts {
	size_t sz;
	uint64_t ring_bytes; /* of each worker's ring: a power of two; 0: WEFT_SUBMIT_RING_BYTES */
	bool live;	     /* packets are of now: timers follow the clock of the host; else they
				follow packet times, as in a capture file */
};
#define weft_submit_opts__last_field live

/**
 * weft_add_submit() - packets will come by weft_submit()
 * @opts: borrowed for the call; NULL: all defaults
 *
 * Beside interfaces (then @live, whatever @opts says) or alone; not beside a file. Call
 * before weft_subscribe(), which must know whether its source is live. The rings are part
 * of the handle's memory budget.
 * Return: 0; -EINVAL: an option, or the handle reads a file; -EBUSY: it was started;
 * -EEXIST: called before; -ETIMEDOUT: other calls took too long. Thread: any, before
 * weft_start().
 */
int weft_add_submit(struct weft *weft, const struct weft_submit_opts *opts);

/** struct weft_packet - one packet, borrowed for the call unless @is_stable */
struct weft_packet {
	const void *bytes;
	uint64_t time_ns;    /* since 1970; 0: now */
	uint32_t cap_bytes;  /* present at @bytes; at most WEFT_SUBMIT_MAX_BYTES */
	uint32_t wire_bytes; /* length on the wire; 0: as @cap_bytes */
	uint16_t link;	     /* enum weft_link */
	bool is_stable;	     /* @bytes stay as they are until weft_free(): they are not copied,
				and may be up to WEFT_FRAME_MAX_BYTES long */
};

/**
 * weft_submit() - give @count packets to the workers that own their connections
 * @timeout_ms: how long to wait for room, for all of them together: 0: not at all; -1: no limit
 *
 * Copies what is not stable before it returns. A packet that was taken has its outcome in
 * the counters as any other (user_frames in weft_ledgers()); one that was not, in
 * submit_refused_packets.
 *
 * Return: how many were taken, from the first on; fewer than @count if there was no room in
 * time, or if what is told below is true of the next. If that is the first:
 * -EAGAIN: no room in time; -ESHUTDOWN: the handle stops; -EINVAL: not started, no
 * weft_add_submit(), or a packet's lengths or link make no sense; -EMSGSIZE: a packet
 * is too long; -EDEADLK: called with a timeout by a consumer on a worker's thread, which
 * would wait for itself.
 *
 * Thread: any, after weft_start() has returned; all calls have returned before weft_free().
 * Never takes a lock; a thread that is stopped by the system in the middle of a call delays
 * what comes behind it for the same worker, and no other caller. Must not be cancelled
 * (pthread_cancel()). Not for signal handlers.
 */
int weft_submit(struct weft *weft, const struct weft_packet *packets, uint32_t count,
		int timeout_ms);

WEFT_END_DECLS

#endif
