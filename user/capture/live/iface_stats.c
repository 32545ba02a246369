// SPDX-License-Identifier: BSD-2-Clause
/*
 * iface_stats.c - sums the counters of an interface: BPF programs, sockets, rings, sources.
 */
#include "capture/live/iface_stats.h"

#include <string.h>

#include "bpf/shared.h"
#include "capture/hook/link_lost.h"
#include "capture/host/netdev.h"
#include "capture/live/iface_body.h"
#include "metrics/metrics.h"
#include "packet/frame.h"

static void load_ring(const struct wf_iface *iface, uint32_t worker, struct wf_iface_load *ret_load)
{
	struct wf_tc_load load;

	wf_tc_load_read(&iface->tc, worker, &load);
	ret_load->lost_frames = load.full_frames;
	ret_load->received_frames = load.received_frames;
	ret_load->fill_percent = load.fill_percent;
}

static void load_sockets(const struct wf_xsk_source *source, struct wf_iface_load *ret_load)
{
	ret_load->received_frames =
		atomic_load_explicit(&source->received_frames, memory_order_relaxed);
	for (uint32_t q = 0; q < source->queues; q++) {
		uint32_t fill = wf_xsk_fill_percent(&source->xsks[q]);
		struct wf_xsk_losses losses;

		wf_xsk_losses(&source->xsks[q], &losses);
		ret_load->lost_frames += losses.ring_full + losses.fill_empty;
		if (fill > ret_load->fill_percent)
			ret_load->fill_percent = fill;
	}
}

void wf_iface_load(const struct wf_iface *iface, uint32_t worker, struct wf_iface_load *ret_load)
{
	memset(ret_load, 0, sizeof(*ret_load));
	if (iface->is_host)
		load_ring(iface, worker, ret_load);
	else
		load_sockets(&iface->sources[worker], ret_load);
}

enum weft_interface_state wf_iface_state(const struct wf_iface *iface, char *ret_name)
{
	enum weft_interface_state state = wf_netdev_state(iface->ifindex, ret_name);

	if (state == WEFT_INTERFACE_GONE)
		return state;
	if (iface->is_host ? wf_tc_hook_is_lost(&iface->tc.hook)
			   : wf_link_is_lost(iface->xdp.link_fd))
		return WEFT_INTERFACE_DETACHED;
	return state;
}

static void add_sockets(const struct wf_iface *iface, struct wf_metrics *sum)
{
	for (uint32_t w = 0; w < iface->workers; w++) {
		const struct wf_xsk_source *source = &iface->sources[w];
		uint64_t no_page =
			atomic_load_explicit(&source->no_page_frames, memory_order_relaxed);

		wf_metric_add(sum, xsk_invalid_frames, no_page);
		wf_metric_add(sum, xsk_received_frames,
			      atomic_load_explicit(&source->received_frames, memory_order_relaxed));
		for (uint32_t q = 0; q < source->queues; q++) {
			struct wf_xsk_losses losses;

			wf_xsk_losses(&source->xsks[q], &losses);
			wf_metric_add(sum, xsk_ring_full_frames, losses.ring_full);
			wf_metric_add(sum, xsk_fill_empty_frames, losses.fill_empty);
			wf_metric_add(sum, xsk_invalid_frames, losses.invalid);
		}
	}
}

static void add_rings(const struct wf_iface *iface, struct wf_metrics *sum)
{
	for (uint32_t w = 0; w < iface->workers; w++) {
		struct wf_tc_load load;

		wf_tc_load_read(&iface->tc, w, &load);
		wf_metric_add(sum, ring_received_frames, load.received_frames);
		wf_metric_add(sum, ring_invalid_frames, load.invalid_frames);
	}
}

static void add_losses(const struct wf_iface *iface, struct wf_metrics *sum)
{
	for (uint32_t w = 0; w < iface->workers; w++) {
		struct wf_iface_load load;

		wf_iface_load(iface, w, &load);
		wf_metric_add(sum, worker_ring_full_frames, load.lost_frames);
	}
}

_Static_assert((int)WF_IFACE_SAMPLES == WEFT_SAMPLES, "one sample of each");
_Static_assert((int)WF_IFACE_SAMPLE_BYTES == sizeof(((struct weft_sample *)0)->bytes),
	       "a whole sample");

bool wf_iface_sample(const struct wf_iface *iface, uint32_t index, uint8_t *head,
		     struct wf_frame *ret_frame)
{
	const struct weft_sample *samples =
		iface->is_host ? iface->tc.maps.samples : iface->xdp.maps.samples;
	/* The BPF program may change the sample at any time, so the lengths are checked. */
	uint32_t cap_bytes = __atomic_load_n(&samples[index].cap_bytes, __ATOMIC_RELAXED);
	uint32_t frame_bytes = __atomic_load_n(&samples[index].frame_bytes, __ATOMIC_RELAXED);

	if (!cap_bytes || cap_bytes > WF_IFACE_SAMPLE_BYTES || frame_bytes < cap_bytes)
		return false;
	memcpy(head, samples[index].bytes, cap_bytes);
	*ret_frame = (struct wf_frame){
		.bytes = head,
		.cap_bytes = cap_bytes,
		.wire_bytes = frame_bytes,
		.link = iface->is_host ? wf_tc_link(&iface->tc) : WEFT_LINK_ETHERNET,
	};
	return true;
}

void wf_iface_stats_add(const struct wf_iface *iface, struct wf_metrics *sum)
{
	if (iface->is_host) {
		wf_kernel_maps_stats_add(&iface->tc.maps, sum);
		add_rings(iface, sum);
	} else {
		wf_kernel_maps_stats_add(&iface->xdp.maps, sum);
		add_sockets(iface, sum);
	}
	add_losses(iface, sum);
}
