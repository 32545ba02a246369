/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * iface_cost.h - computes the memory of an interface before it is opened.
 *
 * Thread: any.
 */
#ifndef WF_CAPTURE_LIVE_IFACE_COST_H
#define WF_CAPTURE_LIVE_IFACE_COST_H

#include <stdint.h>

#include <weft/limits.h>
#include <weft/source.h>

/* Return: the configured value or the default. */
static inline uint32_t wf_iface_frame_bytes(const struct weft_interface_opts *opts)
{
	return opts->frame_bytes ? opts->frame_bytes : (uint32_t)WEFT_FRAME_BYTES;
}

/*
 * Return the number of entries of each ring if none is configured. @queues: number of receive
 * queues of all interfaces in tap mode. @most_bytes: limit of the receive frames in their fill
 * rings, which is exceeded if rings of WEFT_RING_MIN_FRAMES need more.
 */
uint32_t wf_iface_fit_ring(uint64_t queues, uint32_t frame_bytes, uint64_t most_bytes);

/*
 * Return the size in bytes of each worker's overflow ring in host mode: the largest power of two
 * with which the overflow rings of all @workers together fit in @most_bytes and in
 * capture.host_ring_mb (default: WEFT_HOST_RING_MB MiB per worker), but at least
 * WEFT_HOST_RING_MIN_BYTES.
 */
uint64_t wf_iface_host_ring_bytes(const struct weft_interface_opts *opts, uint32_t workers,
				  uint64_t most_bytes);

/*
 * Return: memory, in bytes, of kernel and weft for the sockets of an interface with @queues receive
 * queues and @sockets sockets per queue. *ret_span_bytes: additional memory per span of the arena.
 * @opts->ring_frames is not 0.
 */
uint64_t wf_iface_ring_bytes(const struct weft_interface_opts *opts, uint32_t queues,
			     uint32_t sockets, uint32_t workers, uint64_t *ret_span_bytes);

/* Return: number of possible CPUs. *ret_hot_cpus: number of CPUs that may get hot-flow slots. */
uint32_t wf_iface_cpus(uint32_t *ret_hot_cpus);

#endif
