// SPDX-License-Identifier: BSD-2-Clause
/*
 * iface.c - opens, attaches and closes one interface with its pins, programs and sockets.
 *
 *   tap mode:   the XDP program is attached to the device, and each receive queue, up to
 *               WEFT_QUEUES_MAX, gets sockets
 *   host mode:  the tc program is attached to both tc hooks of the device, or to the ingress hook
 *               of a loopback device (tc_attach.h)
 *
 * At the end, detaching stops new packets, the workers empty the rings, and then sockets, rings and
 * memory are freed.
 */
#include "capture/live/iface.h"

#include <errno.h>
#include <net/if.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/if_ether.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "bpf/shared.h"
#include "capture/hook/tc_stale.h"
#include "capture/maps/flow_map.h"
#include "capture/live/iface_body.h"
#include "capture/live/iface_cost.h"
#include "capture/live/iface_mode.h"
#include "capture/live/iface_sockets.h"
#include "capture/maps/maps.h"
#include "capture/host/kernel_features.h"
#include "capture/host/netdev.h"
#include "capture/host/netdev_use.h"
#include "capture/live/pins.h"
#include "capture/live/tc_attach.h"
#include "capture/live/umem.h"
#include "capture/live/xdp_attach.h"
#include "capture/host/xdp_features.h"
#include "capture/host/xdp_other.h"
#include "capture/live/xsk.h"
#include "packet/packet.h"
#include "memory/arena.h"
#include "metrics/metrics.h"
#include "skel/host.skel.h"
#include "skel/steer.skel.h"
#include "skel/verdict.skel.h"

enum {
	LINK_HEADER_BYTES = 22, /* Ethernet header and two VLAN tags */
};

/*
 * Return how many bytes of a packet fit in one UMEM frame, which begins with XDP_PACKET_HEADROOM
 * bytes that the kernel reserves.
 */
static uint32_t room_bytes(const struct wf_iface *iface)
{
	return iface->opts.frame_bytes - XDP_PACKET_HEADROOM;
}

/* Log that AF_XDP of this kernel does not support packets in several buffers. */
static void report_too_long(const struct wf_iface *iface, uint32_t mtu)
{
	wf_warn("capture: %s: packets of more than %u bytes (the MTU is %u) are not captured and are "
		"counted as unsteered: AF_XDP supports packets in several buffers since Linux "
		"%s; to capture all packets: ip link set dev %s mtu %u",
		iface->name, room_bytes(iface), mtu,
		wf_kernel_feature_row(WF_KERNEL_MULTI_BUFFER)->since, iface->name,
		room_bytes(iface) - LINK_HEADER_BYTES);
}

/* Return true if the driver offers zero-copy sockets, or if that is unknown. */
static bool has_zero_copy(const struct wf_iface *iface)
{
	uint64_t features;

	if (iface->opts.generic == WEFT_ON)
		return false;
	return wf_xdp_features_read((unsigned int)iface->ifindex, &features) ||
	       features & WF_XDP_ZEROCOPY;
}

/*
 * Sockets accept packets in several buffers if the MTU requires it. If the MTU does not require it,
 * they accept such packets too, because the MTU may be raised later; but not if the driver may
 * offer zero-copy, because it might reject zero-copy sockets that accept several buffers.
 */
static void resolve_buffers(struct wf_iface *iface)
{
	uint32_t mtu = wf_netdev_mtu(iface->name);
	bool is_long = mtu + LINK_HEADER_BYTES > room_bytes(iface);
	bool can = wf_kernel_has(WF_KERNEL_MULTI_BUFFER);

	iface->may_zero_copy = has_zero_copy(iface);
	iface->multi_buffer = can && (is_long || !iface->may_zero_copy);
	/* Drivers are expected to use one buffer for a packet of Ethernet's standard size. */
	iface->one_buffer = !can && mtu > ETH_DATA_LEN;
	if (is_long && !can)
		report_too_long(iface, mtu);
}

static void resolve_busy_poll(struct wf_iface *iface)
{
	if (!iface->opts.busy_poll_us || wf_kernel_has(WF_KERNEL_BUSY_POLL))
		return;
	iface->opts.busy_poll_us = 0;
	wf_warn("capture: %s: this kernel has no busy polling (it needs Linux %s or newer): "
		"capture.busy_poll_us has no effect",
		iface->name, wf_kernel_feature_row(WF_KERNEL_BUSY_POLL)->since);
}

static int open_tap(struct wf_iface *iface, const struct wf_iface_setup *setup)
{
	const struct wf_xdp_opts opts = {
		.iface = setup->opts,
		.secret = setup->secret,
		.tunnel_ports = setup->tunnel_ports,
		.ignore_vlan = setup->ignore_vlan,
		.workers = iface->workers,
		.queues = iface->queues,
		.by_queue = iface->by_queue,
		.maps = setup->maps,
		.frame_max_bytes = iface->multi_buffer ? WEFT_SPAN_BYTES : room_bytes(iface),
		.one_buffer = iface->one_buffer,
	};
	int err = wf_xdp_load(&iface->xdp, &opts);

	if (!err)
		err = wf_xdp_pin(&iface->xdp, &iface->pins);
	return err ? err : wf_iface_sockets_open(iface, setup);
}

static int open_host(struct wf_iface *iface, const struct wf_iface_setup *setup)
{
	struct wf_tc_opts opts = {
		.iface = setup->opts,
		.secret = setup->secret,
		.tunnel_ports = setup->tunnel_ports,
		.ignore_vlan = setup->ignore_vlan,
		.workers = iface->workers,
		.maps = setup->maps,
		.ring_bytes = setup->host_ring_bytes,
		.is_loopback = wf_netdev_is_loopback(iface->name),
	};
	int err = wf_netdev_link(iface->name, &opts.link);

	if (err) {
		wf_error("capture: %s: can't read the type of its link layer: %s", iface->name,
			 strerror(-err));
		return err;
	}
	err = wf_tc_load(&iface->tc, &opts);
	return err ? err : wf_tc_pin(&iface->tc, &iface->pins);
}

static const struct wf_kernel_maps *kernel_maps(const struct wf_iface *iface)
{
	return iface->is_host ? &iface->tc.maps : &iface->xdp.maps;
}

static void resolve(struct wf_iface *iface, const char *ifname,
		    const struct weft_interface_opts *opts)
{
	memcpy(iface->name, ifname, strnlen(ifname, IF_NAMESIZE - 1));
	iface->ifindex = (int)if_nametoindex(iface->name);
	iface->opts = *opts;
	iface->opts.frame_bytes = wf_iface_frame_bytes(opts);
	iface->is_host = wf_iface_is_host(iface->name, iface->opts.mode);
	if (iface->is_host && iface->opts.mode == WEFT_MODE_AUTO)
		wf_iface_mode_explain(iface->name);
	if (!iface->is_host) {
		resolve_buffers(iface);
		resolve_busy_poll(iface);
	}
	iface->opts.mode = iface->is_host ? WEFT_MODE_HOST : WEFT_MODE_TAP;
	iface->promisc_fd = -1;
	iface->pins.lock_fd = iface->pins.dir_fd = iface->pins.parent_fd = -1;
	iface->xdp.link_fd = -1;
	wf_tc_init(&iface->tc, iface->ifindex, iface->opts.tc_attach);
}

/*
 * Remove stale tc filters, also in tap mode: a filter that a killed process left in host mode costs
 * time for each packet.
 */
static void remove_stale(const struct wf_iface *iface)
{
	uint32_t removed;
	int err = wf_tc_stale_remove(iface->ifindex, &removed);

	if (removed)
		wf_info("capture: %s: removed %u stale tc filters of a killed weft process",
			iface->name, removed);
	if (err)
		wf_warn("capture: %s: can't find or remove stale tc filters: %s", iface->name,
			strerror(-err));
}

static enum wf_xdp_mode xdp_mode(const struct wf_iface *iface)
{
	return iface->opts.generic == WEFT_ON ? WF_XDP_GENERIC : WF_XDP_BEST;
}

static int check(const struct wf_iface *iface, enum weft_mode mode)
{
	if (!iface->ifindex) {
		wf_error("capture: %s: the interface disappeared before the start", iface->name);
		return -ENODEV;
	}
	return wf_iface_mode_check(iface->name, mode);
}

int wf_iface_take(const char *ifname, const struct weft_interface_opts *opts,
		  struct wf_iface **ret_iface)
{
	struct wf_iface *iface = calloc(1, sizeof(*iface));
	int err;

	if (!iface)
		return -ENOMEM;
	resolve(iface, ifname, opts);
	if (geteuid() != 0)
		wf_debug("capture: %s: not running as root; capabilities are needed", iface->name);
	err = check(iface, opts->mode);
	if (!err)
		err = wf_pins_open(&iface->pins, iface->name, opts->pin_dir);
	if (!err)
		remove_stale(iface);
	if (!err && !iface->is_host)
		err = wf_xdp_hold(&iface->xdp, iface->name, iface->ifindex, xdp_mode(iface));
	if (err) {
		wf_iface_close(iface);
		return err;
	}
	*ret_iface = iface;
	return 0;
}

enum weft_mode wf_iface_mode(const struct wf_iface *iface)
{
	return iface->opts.mode;
}

int wf_iface_open(struct wf_iface *iface, const struct wf_iface_setup *setup)
{
	iface->queues = wf_iface_count_queues(iface->name, iface->opts.mode);
	iface->workers = setup->workers;
	iface->by_queue = setup->by_queue;
	iface->opts.ring_frames = setup->opts->ring_frames;
	iface->host_ring_bytes = setup->host_ring_bytes;
	return iface->is_host ? open_host(iface, setup) : open_tap(iface, setup);
}

static int attach_host(struct wf_iface *iface)
{
	int err = wf_tc_attach(&iface->tc, iface->name, iface->ifindex,
			       wf_netdev_is_loopback(iface->name));

	if (!err)
		wf_info("capture: %s: host mode, %u %s, a ring buffer of %llu KiB for each",
			iface->name, iface->workers, iface->workers == 1 ? "worker" : "workers",
			(unsigned long long)iface->host_ring_bytes >> 10);
	return err;
}

/*
 * A tap port receives frames for other addresses, which a NIC accepts in promiscuous mode only.
 * wf_xdp_hold() has attached a link, and wf_iface_begin() changes its program.
 */
static int attach_tap(struct wf_iface *iface)
{
	iface->promisc_fd = wf_netdev_promiscuous(iface->ifindex);
	if (iface->promisc_fd < 0)
		wf_warn("capture: %s: can't receive frames for other addresses (promiscuous "
			"mode): %s",
			iface->name, strerror(-iface->promisc_fd));
	return 0;
}

int wf_iface_attach(struct wf_iface *iface)
{
	int err = iface->is_host ? attach_host(iface) : attach_tap(iface);

	iface->is_attached = !err;
	return err;
}

void wf_iface_needs(const struct wf_iface *iface, struct weft_needs *ret_needs)
{
	if (iface->is_host && iface->tc.hook.by_filter)
		ret_needs->capabilities |= 1ull << CAP_NET_ADMIN;
	ret_needs->has_host_mode |= iface->is_host;
	ret_needs->dir_fds[ret_needs->dir_fds_count++] = iface->pins.dir_fd;
	if (iface->pins.parent_fd >= 0)
		ret_needs->dir_fds[ret_needs->dir_fds_count++] = iface->pins.parent_fd;
}

int wf_iface_begin(struct wf_iface *iface)
{
	int err = iface->is_host ? 0 : wf_xdp_attach(&iface->xdp, iface->name);

	if (!err && !iface->is_host)
		wf_info("capture: %s: tap mode, %s XDP, %s, %u %s %s %u %s", iface->name,
			iface->xdp.is_generic ? "generic" : "native",
			iface->zero_copy ? "zero-copy" : "copy", iface->queues,
			iface->queues == 1 ? "queue" : "queues",
			iface->by_queue ? "distributed over" : "x", iface->workers,
			iface->workers == 1 ? "worker" : "workers");
	return err;
}

void wf_iface_detach(struct wf_iface *iface)
{
	if (!iface->is_attached)
		return;
	iface->is_attached = false;
	wf_tc_detach(&iface->tc);
	wf_xdp_detach(&iface->xdp);
	if (iface->promisc_fd >= 0)
		close(iface->promisc_fd);
	iface->promisc_fd = -1;
}

void wf_iface_close(struct wf_iface *iface)
{
	if (!iface)
		return;
	wf_iface_detach(iface);
	for (uint32_t w = 0; iface->sources && w < iface->workers; w++)
		iface->sources[w].source.ops->close(&iface->sources[w].source);
	wf_iface_sockets_close(iface);
	wf_xdp_unload(&iface->xdp);
	wf_tc_close(&iface->tc);
	wf_pins_close(&iface->pins);
	free(iface->umems);
	free(iface->sources);
	free(iface);
}

struct wf_source *wf_iface_source(struct wf_iface *iface, uint32_t worker)
{
	return iface->is_host ? wf_tc_source(&iface->tc, worker) : &iface->sources[worker].source;
}

int wf_iface_set_verdict(const struct wf_iface *iface, const struct weft_flow_key *key,
			 const enum weft_verdict verdict[2], struct wf_kept *ret_kept)
{
	struct weft_verdict_request request;
	int err;

	memset(&request, 0, sizeof(request));
	request.key = *key;
	for (int i = 0; i < 2; i++)
		request.verdict[i] = (uint16_t)verdict[i];
	err = wf_kernel_maps_set_verdict(kernel_maps(iface), &request);
	if (err)
		return err;
	for (int i = 0; i < 2; i++) {
		ret_kept->was[i] = (enum weft_verdict)request.verdict[i];
		ret_kept->packets[i] = request.kept_packets[i];
		ret_kept->bytes[i] = request.kept_bytes[i];
	}
	ret_kept->idle_ns = request.idle_ns;
	return 0;
}

int wf_iface_prepare_filter(const struct wf_iface *iface, const struct weft_interface_opts *wanted,
			    uint64_t *ret_word)
{
	return wf_kernel_maps_prepare_filter(kernel_maps(iface), wanted, ret_word);
}

void wf_iface_switch_filter(const struct wf_iface *iface, uint64_t word, uint32_t policy)
{
	wf_kernel_maps_switch_filter(kernel_maps(iface), word, policy);
}

uint64_t wf_iface_map_bytes(const struct wf_iface *iface)
{
	const struct bpf_object *const objects[] = {
		iface->is_host ? iface->tc.skel->obj : iface->xdp.skel->obj,
		kernel_maps(iface)->verdict->obj,
	};

	return wf_maps_bytes(objects, sizeof(objects) / sizeof(objects[0]));
}

void wf_iface_shed(const struct wf_iface *iface, uint32_t percent)
{
	wf_kernel_maps_set_shed(kernel_maps(iface),
				percent < 100 ? UINT32_MAX / 100 * percent : UINT32_MAX);
}

void wf_iface_beat(const struct wf_iface *iface)
{
	wf_tc_beat(&iface->tc);
}

int wf_iface_move_counts(struct wf_iface *iface)
{
	return wf_kernel_maps_move_hot(iface->is_host ? &iface->tc.maps : &iface->xdp.maps);
}

int wf_iface_each_flow(const struct wf_iface *iface, wf_kernel_flow_fn fn, void *ctx)
{
	return wf_flow_map_each(kernel_maps(iface)->flows_fd, fn, ctx);
}
