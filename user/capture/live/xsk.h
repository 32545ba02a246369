/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * xsk.h - AF_XDP sockets, one per queue and worker or one per queue, and a source that consists of
 * a worker's sockets.
 *
 * Thread: main opens and closes sockets, each worker reads its source, and any thread may read
 * losses and fill levels.
 */
#ifndef WF_CAPTURE_LIVE_XSK_H
#define WF_CAPTURE_LIVE_XSK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <weft/limits.h>
#include <xdp/xsk.h>

#include "base/arrival_clock.h"
#include "capture/source.h"
#include "capture/live/umem.h"

struct wf_page_pool;

struct wf_xsk {
	struct xsk_socket *socket; /* owned */
	struct xsk_ring_cons rx;
	int fd;
	uint32_t drained_seen; /* value of the queue's umem.drained when the worker last read it */
};

/* Losses that the kernel counted for one socket. */
struct wf_xsk_losses {
	uint64_t ring_full;  /* the receive ring was full */
	uint64_t fill_empty; /* the fill ring was empty */
	uint64_t invalid;    /* a descriptor was invalid */
};

struct wf_xsk_opts {
	const char *ifname;
	uint32_t queue;
	uint32_t ring_frames;
	bool zero_copy;
	bool multi_buffer;
	uint32_t busy_poll_us;
};

/*
 * Open a socket. Return: 0 or negative errno. After an error other than -EBUSY with zero_copy, the
 * caller tries again without zero_copy.
 */
int wf_xsk_open(struct wf_xsk *xsk, struct wf_umem *umem, const struct wf_xsk_opts *opts);
void wf_xsk_close(struct wf_xsk *xsk);

/* Read the losses; they are 0 if they can't be read. Thread: any. */
void wf_xsk_losses(const struct wf_xsk *xsk, struct wf_xsk_losses *ret_losses);

/* Return: fill level of the receive ring in percent. Thread: any. */
uint32_t wf_xsk_fill_percent(const struct wf_xsk *xsk);

/* One worker's sockets on all queues of an interface, or on every queue_step-th queue. */
struct wf_xsk_source {
	struct wf_source source;
	struct wf_arena *arena;	   /* borrowed */
	struct wf_page_pool *pool; /* borrowed */
	struct wf_umem *umems;	   /* borrowed: one per queue of the interface */
	uint32_t first_queue;
	uint32_t queue_step;
	uint32_t queues;     /* number of queues: first_queue, first_queue + queue_step, ... */
	uint32_t next_queue; /* index of the next socket, round robin */
	struct wf_arrival_clock clock;
	bool clock_is_read;	 /* the clock was read in the current recv */
	struct wf_page *partial; /* owned: page of a packet of which buffers are missing; or NULL */
	uint32_t partial_bytes;
	bool partial_lost; /* the incomplete packet got no page */
	uint32_t partial_hash;
	uint8_t partial_policy;
	uint64_t partial_time_ns;
	_Atomic uint64_t received_frames;    /* read by any thread */
	_Atomic uint64_t no_page_frames;     /* packets in several buffers that got no page */
	struct wf_xsk xsks[WEFT_QUEUES_MAX]; /* the first `queues` are in use */
};

/* Set source.ops and clock, and clear all other members; iface_sockets.c sets some afterwards. */
void wf_xsk_source_init(struct wf_xsk_source *source);

#endif
