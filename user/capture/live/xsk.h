/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * xsk.h - AF_XDP sockets, one for each (queue, worker) or one for each queue, and a worker's set
 * of them as a source.
 *
 * Thread: open, close, stats: main; the source: its worker.
 */
#ifndef WF_CAPTURE_LIVE_XSK_H
#define WF_CAPTURE_LIVE_XSK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <weft/limits.h>
#include <xdp/xsk.h>

#include "capture/source.h"
#include "capture/live/umem.h"

struct wf_page_pool;

struct wf_xsk {
	struct xsk_socket *socket; /* owned */
	struct xsk_ring_cons rx;
	int fd;
	uint32_t drained_seen; /* of its queue's umem */
};

/* Losses that the kernel counted for one socket. */
struct wf_xsk_losses {
	uint64_t ring_full;
	uint64_t fill_empty;
	uint64_t invalid;
};

struct wf_xsk_opts {
	const char *ifname;
	uint32_t queue;
	uint32_t ring_frames;
	bool zero_copy;
	bool multi_buffer;
	uint32_t busy_poll_us;
};

/* Return: 0; -EOPNOTSUPP and others: with zero_copy, try again without. */
int wf_xsk_open(struct wf_xsk *xsk, struct wf_umem *umem, const struct wf_xsk_opts *opts);
void wf_xsk_close(struct wf_xsk *xsk);
void wf_xsk_losses(const struct wf_xsk *xsk, struct wf_xsk_losses *ret_losses);

/* How full the receive ring is. Thread: any. */
uint32_t wf_xsk_fill_percent(const struct wf_xsk *xsk);

/* One worker's sockets on all queues of an interface, or on every so manieth. */
struct wf_xsk_source {
	struct wf_source source;
	struct wf_arena *arena; /* borrowed, as all below */
	struct wf_page_pool *pool;
	struct wf_umem *umems; /* by queue */
	uint32_t first_queue;
	uint32_t queue_step;
	uint32_t queues;     /* with a socket: first_queue, first_queue + queue_step, ... */
	uint32_t next_queue; /* of these, round robin */
	bool multi_buffer;
	uint64_t now_ns;	     /* CLOCK_MONOTONIC of this recv; 0: not read yet */
	uint64_t tick_ns;	     /* the XDP program's clock may be so far behind */
	uint64_t realtime_offset_ns; /* CLOCK_REALTIME - CLOCK_MONOTONIC */
	uint64_t offset_until_ns;    /* monotonic; then look again */
	struct wf_page *partial;     /* owned: a frame of several buffers, not complete yet */
	uint32_t partial_bytes;
	bool partial_lost; /* ... that found no page */
	uint16_t partial_flags;
	uint32_t partial_hash;
	uint64_t partial_time_ns;
	_Atomic uint64_t received_frames;    /* read by any */
	_Atomic uint64_t no_page_frames;     /* of several buffers, no page to gather them in */
	struct wf_xsk xsks[WEFT_QUEUES_MAX]; /* as many as queues */
};

/* Fills in ops; the rest is set by iface.c. */
void wf_xsk_source_init(struct wf_xsk_source *source);

#endif
