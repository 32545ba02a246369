// SPDX-License-Identifier: BSD-2-Clause
/*
 * xsk.c - takes frames from a worker's sockets, in batches, round robin over queues.
 *
 * A frame stays in its place in the arena, with the metadata that the XDP program wrote in front of
 * it. Only a packet in several buffers (a jumbo frame) is copied into one page, so that all later
 * stages see linear frames.
 */
#include "capture/live/xsk.h"

#include <errno.h>
#include <linux/if_xdp.h>
#include <string.h>
#include <sys/socket.h>

#include "bpf/shared.h"
#include "memory/arena.h"
#include "memory/page.h"
#include "memory/page_pool.h"

/* The headers of Debian 12 do not define the XDP constants, older ones none of these. */
#ifndef XDP_USE_SG
#define XDP_USE_SG (1 << 4)
#endif
#ifndef XDP_PKT_CONTD
#define XDP_PKT_CONTD (1 << 0)
#endif
#ifndef SO_PREFER_BUSY_POLL
#define SO_PREFER_BUSY_POLL 69
#endif
#ifndef SO_BUSY_POLL_BUDGET
#define SO_BUSY_POLL_BUDGET 70
#endif

enum { AHEAD_FRAMES = 4 }; /* distance at which frames are prefetched */

static void set_busy_poll(int fd, uint32_t busy_poll_us)
{
	int on = 1;
	int us = (int)busy_poll_us;
	int budget = 64;

	/* A driver without busy polling ignores these options. */
	setsockopt(fd, SOL_SOCKET, SO_PREFER_BUSY_POLL, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_BUSY_POLL, &us, sizeof(us));
	setsockopt(fd, SOL_SOCKET, SO_BUSY_POLL_BUDGET, &budget, sizeof(budget));
}

int wf_xsk_open(struct wf_xsk *xsk, struct wf_umem *umem, const struct wf_xsk_opts *opts)
{
	const struct xsk_socket_config config = {
		.rx_size = opts->ring_frames,
		.tx_size = XSK_RING_PROD__DEFAULT_NUM_DESCS,
		.libxdp_flags = XSK_LIBXDP_FLAGS__INHIBIT_PROG_LOAD,
		.bind_flags = (uint16_t)(XDP_USE_NEED_WAKEUP |
					 (opts->zero_copy ? XDP_ZEROCOPY : XDP_COPY) |
					 (opts->multi_buffer ? XDP_USE_SG : 0)),
	};
	int err;

	err = xsk_socket__create_shared(&xsk->socket, opts->ifname, opts->queue, umem->umem,
					&xsk->rx, NULL, &umem->fill, &umem->completion, &config);
	if (err)
		return err;
	xsk->fd = xsk_socket__fd(xsk->socket);
	if (umem->kick_fd < 0)
		umem->kick_fd = xsk->fd;
	if (opts->busy_poll_us)
		set_busy_poll(xsk->fd, opts->busy_poll_us);
	return 0;
}

void wf_xsk_close(struct wf_xsk *xsk)
{
	if (xsk->socket)
		xsk_socket__delete(xsk->socket);
	xsk->socket = NULL;
}

void wf_xsk_losses(const struct wf_xsk *xsk, struct wf_xsk_losses *ret_losses)
{
	struct xdp_statistics stats = {0};
	socklen_t len = sizeof(stats);

	memset(ret_losses, 0, sizeof(*ret_losses));
	if (!xsk->socket || getsockopt(xsk->fd, SOL_XDP, XDP_STATISTICS, &stats, &len))
		return;
	/*
	 * rx_dropped counts frames of this socket that got no buffer (xsk_rcv() in the kernel).
	 * rx_fill_ring_empty_descs is not used, because it counts attempts of all sockets of the
	 * queue.
	 */
	ret_losses->fill_empty = stats.rx_dropped;
	ret_losses->ring_full = stats.rx_ring_full;
	ret_losses->invalid = stats.rx_invalid_descs;
}

uint32_t wf_xsk_fill_percent(const struct wf_xsk *xsk)
{
	uint32_t waiting;

	if (!xsk->socket)
		return 0;
	waiting = __atomic_load_n(xsk->rx.producer, __ATOMIC_RELAXED) -
		  __atomic_load_n(xsk->rx.consumer, __ATOMIC_RELAXED);
	/* The two indices are read at different times, so the difference may exceed the ring. */
	return waiting < xsk->rx.size ? (uint32_t)((uint64_t)waiting * 100 / xsk->rx.size) : 100;
}

static const struct weft_frame_meta *meta_of(const uint8_t *bytes)
{
	return (const struct weft_frame_meta *)(bytes - sizeof(struct weft_frame_meta));
}

static void fill_frame(struct wf_xsk_source *source, const uint8_t *bytes, uint32_t len_bytes,
		       struct wf_page *page, struct wf_frame *ret_frame)
{
	const struct weft_frame_meta *meta = meta_of(bytes);

	*ret_frame = (struct wf_frame){
		.bytes = bytes,
		.time_ns = wf_arrival_clock_monotonic(&source->clock, meta->time_ns) +
			   source->clock.realtime_offset_ns,
		.skew_ns = source->clock.realtime_offset_ns,
		.cap_bytes = len_bytes,
		.wire_bytes = len_bytes,
		.hash = meta->hash,
		.policy = (uint8_t)meta->policy,
		.flags = WF_FRAME_HASHED,
		.link = WEFT_LINK_ETHERNET,
		.page = page,
	};
}

/* Save the metadata of a packet's first buffer and take a page for the whole packet. */
static void begin_partial(struct wf_xsk_source *source, const uint8_t *bytes)
{
	const struct weft_frame_meta *meta = meta_of(bytes);

	source->partial_hash = meta->hash;
	source->partial_policy = (uint8_t)meta->policy;
	source->partial_time_ns = wf_arrival_clock_monotonic(&source->clock, meta->time_ns);
	source->partial_bytes = 0;
	source->partial = wf_page_pool_take(source->pool, WEFT_SPAN_BYTES);
	source->partial_lost = !source->partial;
}

static bool is_partial(const struct wf_xsk_source *source)
{
	return source->partial || source->partial_lost;
}

/* Add a buffer to the partial packet. Return: true if the packet is complete and in *ret_frame. */
static bool gather(struct wf_xsk_source *source, const uint8_t *bytes, const struct xdp_desc *desc,
		   struct wf_frame *ret_frame)
{
	if (!is_partial(source))
		begin_partial(source, bytes);
	if (source->partial &&
	    !wf_page_copy_in(source->partial, source->partial_bytes, bytes, desc->len))
		source->partial_bytes += desc->len;
	wf_page_put(wf_arena_page_at(source->arena, desc->addr));
	if (desc->options & XDP_PKT_CONTD)
		return false;

	if (source->partial_lost) {
		atomic_fetch_add_explicit(&source->no_page_frames, 1, memory_order_relaxed);
		source->partial_lost = false;
		return false;
	}
	*ret_frame = (struct wf_frame){
		.bytes = wf_page_bytes(source->partial),
		.time_ns = source->partial_time_ns + source->clock.realtime_offset_ns,
		.skew_ns = source->clock.realtime_offset_ns,
		.cap_bytes = source->partial_bytes,
		.wire_bytes = source->partial_bytes,
		.hash = source->partial_hash,
		.policy = source->partial_policy,
		.flags = WF_FRAME_HASHED,
		.link = WEFT_LINK_ETHERNET,
		.page = source->partial,
	};
	source->partial = NULL;
	return true;
}

/* Prefetch the metadata and the headers of the frame at @bytes, which lie in different lines. */
static void prefetch_head(const uint8_t *bytes)
{
	__builtin_prefetch(meta_of(bytes));
	__builtin_prefetch(bytes);
}

static uint32_t recv_queue(struct wf_xsk_source *source, uint32_t queue, struct wf_frame *frames,
			   uint32_t max)
{
	struct wf_xsk *xsk = &source->xsks[queue];
	uint8_t *base = wf_arena_base(source->arena);
	uint32_t count = 0;
	uint32_t slot;
	uint32_t ready = xsk_ring_cons__peek(&xsk->rx, max, &slot);

	/* The ring is full: the kernel has probably dropped later frames. */
	if (wf_unlikely(xsk->rx.cached_prod - xsk->rx.cached_cons + ready == xsk->rx.size))
		source->source.overran = true;

	if (ready && !source->clock_is_read) {
		wf_arrival_clock_read(&source->clock);
		source->clock_is_read = true;
	}
	for (uint32_t i = 0; i < ready; i++) {
		const struct xdp_desc *desc = xsk_ring_cons__rx_desc(&xsk->rx, slot + i);
		const uint8_t *bytes = base + desc->addr;

		if (i + AHEAD_FRAMES < ready)
			prefetch_head(
				base +
				xsk_ring_cons__rx_desc(&xsk->rx, slot + i + AHEAD_FRAMES)->addr);
		if (wf_unlikely(desc->options & XDP_PKT_CONTD || is_partial(source)))
			count += gather(source, bytes, desc, &frames[count]);
		else
			fill_frame(source, bytes, desc->len,
				   wf_arena_page_at(source->arena, desc->addr), &frames[count++]);
	}
	if (ready)
		xsk_ring_cons__release(&xsk->rx, ready);
	return count;
}

static int source_recv(struct wf_source *base, struct wf_frame *frames, unsigned int max)
{
	struct wf_xsk_source *source = (struct wf_xsk_source *)base;
	uint32_t count = 0;

	source->clock_is_read = false;
	for (uint32_t i = 0; i < source->queues && count < max; i++) {
		/*
		 * The buffers of one packet are adjacent in their ring: complete a partial packet
		 * first.
		 */
		uint32_t queue = is_partial(source) ? source->next_queue
						    : (source->next_queue + i) % source->queues;

		count += recv_queue(source, queue, frames + count, max - count);
		if (is_partial(source)) {
			source->next_queue = queue;
			break;
		}
	}
	if (!is_partial(source))
		source->next_queue = (source->next_queue + 1) % source->queues;
	atomic_store_explicit(&source->received_frames,
			      atomic_load_explicit(&source->received_frames, memory_order_relaxed) +
				      count,
			      memory_order_relaxed);
	return (int)count;
}

static void source_done(struct wf_source *base)
{
	struct wf_xsk_source *source = (struct wf_xsk_source *)base;

	for (uint32_t queue = 0; queue < source->queues; queue++) {
		struct wf_umem *umem =
			&source->umems[source->first_queue + queue * source->queue_step];
		uint32_t drained;

		wf_umem_refill(umem, source->pool);
		drained = atomic_load_explicit(&umem->drained, memory_order_relaxed);
		if (wf_unlikely(drained != source->xsks[queue].drained_seen)) {
			source->xsks[queue].drained_seen = drained;
			source->source.overran = true;
		}
	}
}

static int source_fds(struct wf_source *base, int *ret_fds, int max)
{
	struct wf_xsk_source *source = (struct wf_xsk_source *)base;
	int count = 0;

	for (uint32_t queue = 0; queue < source->queues && count < max; queue++)
		ret_fds[count++] = source->xsks[queue].fd;
	return count;
}

static void source_close(struct wf_source *base)
{
	struct wf_xsk_source *source = (struct wf_xsk_source *)base;

	wf_page_put(source->partial);
	source->partial = NULL;
}

static const struct wf_source_ops xsk_source_ops = {
	.recv = source_recv,
	.done = source_done,
	.fds = source_fds,
	.close = source_close,
};

void wf_xsk_source_init(struct wf_xsk_source *source)
{
	memset(source, 0, sizeof(*source));
	source->source.ops = &xsk_source_ops;
	source->clock.lag_ns = wf_clock_tick_ns();
}
