// SPDX-License-Identifier: BSD-2-Clause
/*
 * iface_sockets.c - opens and closes the AF_XDP sockets of an interface, one per queue and worker
 * or one per queue.
 */
#include "capture/live/iface_sockets.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/assert.h"
#include "base/log.h"
#include "capture/live/iface_body.h"
#include "capture/live/iface_setup.h"
#include "memory/arena.h"

enum {
	BUSY_MOMENTS = 40,    /* retries, 50 ms apart */
	SLOW_BYTES = 1 << 30, /* the kernel needs a second or more to prepare this much memory */
};

/* Open socket number @nth of @worker. */
static int open_socket(struct wf_iface *iface, uint32_t worker, uint32_t nth,
		       const struct wf_xsk_opts *opts)
{
	struct wf_xsk *xsk = &iface->sources[worker].xsks[nth];
	uint32_t slot = iface->by_queue ? opts->queue : opts->queue * iface->workers + worker;
	int err = wf_xsk_open(xsk, &iface->umems[opts->queue], opts);

	return err ? err : wf_xdp_set_socket(&iface->xdp, slot, xsk->fd);
}

static int open_queue(struct wf_iface *iface, const struct wf_xsk_opts *opts)
{
	uint32_t queue = opts->queue;
	int err = 0;

	if (iface->by_queue)
		return open_socket(iface, queue % iface->workers, queue / iface->workers, opts);
	for (uint32_t w = 0; !err && w < iface->workers; w++)
		err = open_socket(iface, w, queue, opts);
	return err;
}

void wf_iface_sockets_close(struct wf_iface *iface)
{
	for (uint32_t w = 0; iface->sources && w < iface->workers; w++)
		for (uint32_t q = 0; q < iface->sources[w].queues; q++)
			wf_xsk_close(&iface->sources[w].xsks[q]);
	for (uint32_t q = 0; iface->umems && q < iface->queues; q++)
		wf_umem_close(&iface->umems[q]);
}

static int open_queues(struct wf_iface *iface, const struct wf_arena *arena, bool zero_copy)
{
	struct wf_xsk_opts opts = {
		.ifname = iface->name,
		.ring_frames = iface->opts.ring_frames,
		.zero_copy = zero_copy,
		.multi_buffer = iface->multi_buffer,
		.busy_poll_us = iface->opts.busy_poll_us,
	};
	int err = 0;

	for (uint32_t q = 0; !err && q < iface->queues; q++) {
		opts.queue = q;
		err = wf_umem_open(&iface->umems[q], arena, iface->opts.frame_bytes,
				   iface->opts.ring_frames);
		if (!err)
			err = open_queue(iface, &opts);
	}
	if (err)
		wf_iface_sockets_close(iface);
	return err;
}

/*
 * The sockets of a process that has just ended may still occupy the queue, because the kernel frees
 * them asynchronously. Therefore -EBUSY is retried for two seconds.
 */
static int open_queues_patiently(struct wf_iface *iface, const struct wf_arena *arena,
				 bool zero_copy)
{
	const struct timespec moment = {.tv_nsec = 50 * 1000 * 1000};
	int err = open_queues(iface, arena, zero_copy);

	for (int i = 0; err == -EBUSY && i < BUSY_MOMENTS; i++) {
		nanosleep(&moment, NULL);
		err = open_queues(iface, arena, zero_copy);
	}
	return err;
}

static int explain_sockets(const struct wf_iface *iface, int err)
{
	if (err == -EBUSY)
		wf_error("capture: %s: a receive queue is in use by another AF_XDP socket",
			 iface->name);
	else if (err == -ENOBUFS)
		wf_error("capture: %s: the kernel can't lock the receive memory: %s; raise the "
			 "memlock limit (ulimit -l unlimited)",
			 iface->name, strerror(-err));
	else
		wf_error("capture: %s: can't open AF_XDP sockets: %s", iface->name, strerror(-err));
	return err;
}

/*
 * Try zero-copy if the driver may offer it, then copy mode. An attempt costs time, because the
 * kernel prepares all receive memory for it.
 */
static int open_sockets(struct wf_iface *iface, const struct wf_arena *arena)
{
	int err;

	if (wf_arena_bytes(arena) >= SLOW_BYTES)
		wf_info("capture: %s: the kernel prepares %llu MiB for receiving, which can take "
			"some seconds for each GiB",
			iface->name, (unsigned long long)wf_arena_bytes(arena) >> 20);
	if (iface->may_zero_copy) {
		err = open_queues_patiently(iface, arena, true);
		iface->zero_copy = !err;
		if (!err)
			return 0;
		if (err == -EBUSY)
			return explain_sockets(iface, err);
		wf_info("capture: %s: zero-copy is not available (%s); each frame is copied once",
			iface->name, strerror(-err));
	} else if (iface->opts.generic != WEFT_ON) {
		wf_info("capture: %s: the driver does not offer zero-copy; each frame is copied once",
			iface->name);
	}
	err = open_queues_patiently(iface, arena, false);
	return err ? explain_sockets(iface, err) : 0;
}

static int make_sources(struct wf_iface *iface, const struct wf_iface_setup *setup)
{
	iface->umems = aligned_alloc(WF_CACHE_LINE, sizeof(*iface->umems) * iface->queues);
	iface->sources = calloc(iface->workers, sizeof(*iface->sources));
	if (!iface->umems || !iface->sources)
		return -ENOMEM;
	memset(iface->umems, 0, sizeof(*iface->umems) * iface->queues);
	for (uint32_t w = 0; w < iface->workers; w++) {
		struct wf_xsk_source *source = &iface->sources[w];

		wf_xsk_source_init(source);
		source->arena = setup->arena;
		source->pool = setup->pools[w];
		source->umems = iface->umems;
		source->first_queue = iface->by_queue ? w : 0;
		source->queue_step = iface->by_queue ? iface->workers : 1;
		source->queues = (iface->queues - source->first_queue + source->queue_step - 1) /
				 source->queue_step;
	}
	return 0;
}

int wf_iface_sockets_open(struct wf_iface *iface, const struct wf_iface_setup *setup)
{
	int err = make_sources(iface, setup);

	if (!err)
		err = open_sockets(iface, setup->arena);
	for (uint32_t w = 0; !err && w < iface->workers; w++)
		iface->sources[w].source.ops->done(&iface->sources[w].source);
	return err;
}
