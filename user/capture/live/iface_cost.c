// SPDX-License-Identifier: BSD-2-Clause
/*
 * iface_cost.c - computes the memory of an interface before it is opened.
 */
#include "capture/live/iface_cost.h"

#include <bpf/libbpf.h>

#include "capture/maps/hot_flows.h"
#include "capture/live/umem.h"
#include "capture/live/xsk.h"

uint64_t wf_iface_host_ring_bytes(const struct weft_interface_opts *opts, uint32_t workers,
				  uint64_t most_bytes)
{
	uint64_t wanted_mb =
		opts->host_ring_mb ? opts->host_ring_mb : (uint64_t)WEFT_HOST_RING_MB * workers;
	uint64_t wanted_bytes = wanted_mb << 20;
	uint64_t share_bytes = (wanted_bytes < most_bytes ? wanted_bytes : most_bytes) / workers;
	uint64_t bytes = WEFT_HOST_RING_MIN_BYTES;

	while (bytes * 2 <= share_bytes)
		bytes *= 2;
	return bytes;
}

uint32_t wf_iface_fit_ring(uint64_t queues, uint32_t frame_bytes, uint64_t most_bytes)
{
	uint32_t frames = WEFT_RING_FRAMES;

	while (frames > WEFT_RING_MIN_FRAMES && queues * frames * frame_bytes > most_bytes)
		frames /= 2;
	return frames;
}

uint64_t wf_iface_ring_bytes(const struct weft_interface_opts *opts, uint32_t queues,
			     uint32_t sockets, uint32_t workers, uint64_t *ret_span_bytes)
{
	uint64_t queue_bytes =
		sizeof(struct wf_umem) + wf_umem_ring_bytes(opts->ring_frames, sockets);

	*ret_span_bytes = queues * wf_umem_span_bytes(wf_iface_frame_bytes(opts));
	return queues * queue_bytes + workers * sizeof(struct wf_xsk_source);
}

uint32_t wf_iface_cpus(uint32_t *ret_hot_cpus)
{
	int cpus = libbpf_num_possible_cpus();

	*ret_hot_cpus = wf_hot_flows_cpus();
	return cpus > 0 ? (uint32_t)cpus : 1;
}
