/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * submit.h - packets from the caller, from any number of threads.
 *
 *   weft_new() → weft_add_submit() → weft_subscribe() → weft_start()
 *     → weft_submit() ... from any thread → weft_stop() → weft_wait() → weft_free()
 *
 * Each packet goes to the worker that owns its connection, whichever thread submits it. Packets of
 * one connection are processed in order of arrival: those of one thread in the order of its calls,
 * those of several threads in any order, which reassembly handles as reordering in the network.
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
	bool live; /* timers follow the clock of the host; else they follow packet times,
		      as in a capture file */
};
#define weft_submit_opts__last_field live

/**
 * weft_add_submit() - add weft_submit() as a source of packets
 * @opts: borrowed for the call; NULL: all defaults
 *
 * It may be the only source, or be beside interfaces (then @live is always true), but not beside a
 * file. Call it before weft_subscribe(), which must know whether the source is live.
 * Return: 0; -EINVAL: an option is invalid, or the handle reads a file; -EBUSY: the handle was
 * started; -EEXIST: called before; -ETIMEDOUT: other calls took too long. Thread: any, before
 * weft_start(). Memory: @ring_bytes for each worker, from the handle's budget, at weft_start().
 */
int weft_add_submit(struct weft *weft, const struct weft_submit_opts *opts);

/** struct weft_packet - one packet, borrowed for the call unless @is_stable */
struct weft_packet {
	const void *bytes;
	uint64_t time_ns;    /* ns since 1970; 0: now */
	uint32_t cap_bytes;  /* number of bytes present at @bytes; at most WEFT_SUBMIT_MAX_BYTES */
	uint32_t wire_bytes; /* length on the wire; 0: the same as @cap_bytes */
	uint16_t link;	     /* enum weft_link */
	bool is_stable;	     /* @bytes do not change until weft_free(): they are not copied, and may
				be up to WEFT_FRAME_MAX_BYTES long */
};

/**
 * weft_submit() - give @count packets to the workers that own their connections
 * @packets:    array of @count packets, borrowed for the call
 * @timeout_ms: longest time to wait for room, for all packets together; 0: none; -1: no limit
 *
 * Packets whose bytes are not stable are copied before the call returns. An accepted packet has its
 * outcome in the ledger user_frames, a rejected one is counted in submit_refused_packets.
 *
 * Return: number of packets accepted, from the first on. It is less than @count if the next packet
 * fails with one of the errors below; if that is the first packet, the error is returned:
 * -EAGAIN: no room in time; -ESHUTDOWN: the handle stops; -EINVAL: the handle was not started or
 * has no weft_add_submit(), or lengths or link of the packet are invalid; -EMSGSIZE: the packet is
 * too long; -EDEADLK: an inline consumer called with a timeout, and its worker would wait for
 * itself.
 *
 * Thread: any, after weft_start() has returned; all calls return before weft_free(). No call takes
 * a lock: a thread that is preempted during a call delays later packets for the same worker, but no
 * other caller. It must not be cancelled (pthread_cancel()) and is not async-signal-safe.
 * Memory: none beyond the rings.
 */
int weft_submit(struct weft *weft, const struct weft_packet *packets, uint32_t count,
		int timeout_ms);

WEFT_END_DECLS

#endif
