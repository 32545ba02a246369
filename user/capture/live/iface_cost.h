/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * iface_cost.h - what an interface will need, told before it is opened.
 *
 * Thread: any.
 */
#ifndef WF_CAPTURE_LIVE_IFACE_COST_H
#define WF_CAPTURE_LIVE_IFACE_COST_H

#include <stdint.h>

#include <weft/limits.h>
#include <weft/source.h>

/* As asked for, or the default. */
static inline uint32_t wf_iface_frame_bytes(const struct weft_interface_opts *opts)
{
	return opts->frame_bytes ? opts->frame_bytes : (uint32_t)WEFT_FRAME_BYTES;
}

static inline uint32_t wf_iface_ring_frames(const struct weft_interface_opts *opts)
{
	return opts->ring_frames ? opts->ring_frames : (uint32_t)WEFT_RING_FRAMES;
}

/*
 * Memory that the kernel and we need for the sockets of an interface with @queues receive
 * queues, each with @sockets; @ret_span_bytes: more of it for each span of the arena.
 */
uint64_t wf_iface_ring_bytes(const struct weft_interface_opts *opts, uint32_t queues,
			     uint32_t sockets, uint32_t workers, uint64_t *ret_span_bytes);

/* CPUs that the maps will be made for; @ret_hot_cpus: those that may have slots for hot flows. */
uint32_t wf_iface_cpus(uint32_t *ret_hot_cpus);

#endif
