// SPDX-License-Identifier: BSD-2-Clause
/*
 * iface.c - one interface from pins to sockets.
 *
 *   tap:   XDP on the device itself; its receive queues
 *   host:  XDP on the far end of our veth pair (tc_attach.h); one queue, so that
 *          both directions keep the order in which they passed
 *
 * The device that XDP and the sockets are bound to is "the tap" below, in its
 * own namespace when in host mode. At the end: first no more packets come
 * (detach), workers empty the rings, then sockets and memory go.
 */
#include "capture/live/iface.h"

#include <errno.h>
#include <net/if.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "bpf/shared.h"
#include "capture/hook/tc_stale.h"
#include "capture/live/flow_map.h"
#include "capture/live/iface_cost.h"
#include "capture/live/maps.h"
#include "capture/host/kernel_features.h"
#include "capture/host/netdev.h"
#include "capture/host/netdev_use.h"
#include "capture/live/pins.h"
#include "capture/live/tc_attach.h"
#include "capture/live/umem.h"
#include "capture/live/xdp_attach.h"
#include "capture/host/xdp_other.h"
#include "capture/live/xsk.h"
#include "packet/packet.h"
#include "memory/arena.h"
#include "metrics/metrics.h"
#include "skel/mirror.skel.h"
#include "skel/steer.skel.h"
#include "skel/verdict.skel.h"

enum {
	HOST_QUEUES = 1,
	LINK_HEADER_BYTES = 22, /* Ethernet, two tags */
	BUSY_MOMENTS = 40,	/* of 50 ms */
};

struct wf_iface {
	char name[IF_NAMESIZE];
	int ifindex;
	bool is_host;
	bool is_attached;
	bool zero_copy;
	bool multi_buffer; /* sockets take packets in several buffers */
	bool one_buffer;   /* the kernel can't redirect such packets */
	int promisc_fd;	   /* owned, -1: none */
	bool by_queue;
	uint32_t workers;
	uint32_t queues;
	struct weft_interface_opts
		opts; /* sizes resolved; its arrays are only used while opening */
	struct wf_pins pins;
	struct wf_xdp xdp;
	struct wf_tc tc;
	struct wf_umem *umems;	       /* owned: by queue */
	struct wf_xsk_source *sources; /* owned: by worker */
};

/* Somebody else's XDP program has the place that tap mode needs; @ret_other may be NULL. */
static bool has_other_program(const char *ifname, struct wf_xdp_other *ret_other)
{
	struct wf_xdp_other other = {0};

	if (wf_xdp_other_find((int)if_nametoindex(ifname), &other) || !other.id)
		return false;
	if (ret_other)
		*ret_other = other;
	return true;
}

bool wf_iface_is_host(const char *ifname, enum weft_mode mode)
{
	return mode == WEFT_MODE_HOST ||
	       (mode == WEFT_MODE_AUTO &&
		(wf_netdev_use(ifname) != WF_NETDEV_UNUSED || has_other_program(ifname, NULL)));
}

static void tell_why_host(const char *ifname)
{
	struct wf_xdp_other other;

	if (wf_netdev_use(ifname) == WF_NETDEV_UNUSED && has_other_program(ifname, &other))
		wf_info("capture: %s: another XDP program is attached (%s, id %u): host mode, which "
			"works beside it",
			ifname, other.name, other.id);
}

uint32_t wf_iface_count_queues(const char *ifname, enum weft_mode mode)
{
	uint32_t queues =
		wf_iface_is_host(ifname, mode) ? HOST_QUEUES : wf_netdev_rx_queues(ifname);

	return queues < WEFT_QUEUES_MAX ? queues : WEFT_QUEUES_MAX;
}

/* What only looks used (a bond of mirror ports, say) may be tapped when that is asked for. */
static int check_mode(const struct wf_iface *iface, enum weft_mode mode)
{
	enum wf_netdev_use use;

	if (mode != WEFT_MODE_TAP)
		return 0;
	use = wf_netdev_use(iface->name);
	if (use == WF_NETDEV_UNUSED)
		return 0;
	if (use == WF_NETDEV_STACKED) {
		wf_warn("capture: %s: %s; in tap mode TCP segments don't reach that any more",
			iface->name, wf_netdev_use_name(use));
		return 0;
	}
	wf_error("capture: %s: %s, and in tap mode its TCP segments would not reach this host; use "
		 "host mode, or take it away",
		 iface->name, wf_netdev_use_name(use));
	return -EBUSY;
}

/* Room for a packet in one frame: the kernel keeps XDP_PACKET_HEADROOM in front. */
static uint32_t room_bytes(const struct wf_iface *iface)
{
	return iface->opts.frame_bytes - XDP_PACKET_HEADROOM;
}

/* The kernel has no AF_XDP for packets in several buffers: those are left alone. */
static void tell_too_long(const struct wf_iface *iface, uint32_t mtu)
{
	wf_warn("capture: %s: packets of more than %u bytes (the MTU is %u) are not captured and are "
		"counted as unsteered: Linux %s is the first with AF_XDP for packets in several "
		"buffers; to capture all: ip link set dev %s mtu %u",
		iface->name, room_bytes(iface), mtu,
		wf_kernel_feature_row(WF_KERNEL_MULTI_BUFFER)->since, iface->name,
		room_bytes(iface) - LINK_HEADER_BYTES);
}

static void resolve_buffers(struct wf_iface *iface)
{
	uint32_t mtu = wf_netdev_mtu(iface->name);
	bool is_long = mtu + LINK_HEADER_BYTES > room_bytes(iface);
	bool can = wf_kernel_has(WF_KERNEL_MULTI_BUFFER);

	iface->multi_buffer = is_long && can;
	/* No driver takes several buffers for a packet of Ethernet's usual size. */
	iface->one_buffer = !can && mtu > ETH_DATA_LEN;
	if (is_long && !can)
		tell_too_long(iface, mtu);
}

static void resolve_busy_poll(struct wf_iface *iface)
{
	if (!iface->opts.busy_poll_us || wf_kernel_has(WF_KERNEL_BUSY_POLL))
		return;
	iface->opts.busy_poll_us = 0;
	wf_warn("capture: %s: no busy polling (Linux %s is the first with it): "
		"capture.busy_poll_us has no effect",
		iface->name, wf_kernel_feature_row(WF_KERNEL_BUSY_POLL)->since);
}

/* The socket number @nth of @worker. */
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

static void close_sockets(struct wf_iface *iface)
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
		.ifname = iface->is_host ? WF_FAR_NAME : iface->name,
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
		close_sockets(iface);
	return err;
}

/*
 * A process that has just ended may still hold the queue: the kernel takes its memory apart in
 * a worker of its own. So "busy" is asked again for a while.
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
	else if (err == -ENOBUFS || err == -ENOMEM)
		wf_error("capture: %s: the kernel can't hold the receive memory: %s; raise the "
			 "memlock limit (ulimit -l unlimited)",
			 iface->name, strerror(-err));
	else
		wf_error("capture: %s: can't open AF_XDP sockets: %s", iface->name, strerror(-err));
	return err;
}

/* Zero-copy if the driver can, else copies; in generic mode there is nothing to try. */
static int open_sockets(struct wf_iface *iface, const struct wf_arena *arena)
{
	int err;

	if (iface->opts.generic != WEFT_ON && !iface->is_host) {
		err = open_queues_patiently(iface, arena, true);
		iface->zero_copy = !err;
		if (!err)
			return 0;
		if (err == -EBUSY)
			return explain_sockets(iface, err);
		wf_info("capture: %s: no zero-copy (%s), frames are copied once", iface->name,
			strerror(-err));
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

static int load_programs(struct wf_iface *iface, const struct wf_iface_setup *setup)
{
	uint8_t mac[6];
	const struct wf_xdp_opts opts = {
		.iface = setup->opts,
		.secret = setup->secret,
		.workers = iface->workers,
		.queues = iface->queues,
		.by_queue = iface->by_queue,
		.maps = setup->maps,
		.frame_max_bytes = iface->multi_buffer ? WEFT_SPAN_BYTES : room_bytes(iface),
		.one_buffer = iface->one_buffer,
		.only_clones = iface->is_host,
		.own_mac = iface->is_host && wf_netdev_mac(iface->name, mac) ? mac : NULL,
	};
	int err;

	err = wf_xdp_load(&iface->xdp, &opts);
	if (!err)
		err = wf_xdp_pin(&iface->xdp, &iface->pins);
	if (!err && iface->is_host)
		err = wf_tc_load(&iface->tc, iface->xdp.skel);
	if (!err && iface->is_host)
		err = wf_tc_pin(&iface->tc, &iface->pins);
	return err;
}

static int open_in_namespace(struct wf_iface *iface, const struct wf_arena *arena)
{
	int err;

	if (!iface->is_host)
		return open_sockets(iface, arena);
	err = wf_tc_enter(&iface->tc);
	if (err)
		return err;
	err = open_sockets(iface, arena);
	wf_tc_leave(&iface->tc);
	return err;
}

static void resolve(struct wf_iface *iface, const char *ifname,
		    const struct weft_interface_opts *opts)
{
	memcpy(iface->name, ifname, strnlen(ifname, IF_NAMESIZE - 1));
	iface->ifindex = (int)if_nametoindex(iface->name);
	iface->opts = *opts;
	iface->opts.frame_bytes = wf_iface_frame_bytes(opts);
	iface->opts.ring_frames = wf_iface_ring_frames(opts);
	resolve_buffers(iface);
	resolve_busy_poll(iface);
	iface->is_host = wf_iface_is_host(iface->name, iface->opts.mode);
	if (iface->is_host && iface->opts.mode == WEFT_MODE_AUTO)
		tell_why_host(iface->name);
	iface->opts.mode = iface->is_host ? WEFT_MODE_HOST : WEFT_MODE_TAP;
	iface->promisc_fd = -1;
	iface->pins.lock_fd = iface->pins.dir_fd = iface->xdp.link_fd = -1;
	wf_tc_init(&iface->tc, iface->ifindex, iface->opts.tc_attach);
}

/* In tap mode, too: what a killed weft left there in host mode costs each packet a little. */
static void remove_stale(const struct wf_iface *iface)
{
	uint32_t removed;
	int err = wf_tc_stale_remove(iface->ifindex, &removed);

	if (removed)
		wf_info("capture: %s: removed %u stale tc filters of a run that was killed",
			iface->name, removed);
	if (err)
		wf_warn("capture: %s: can't look for stale tc filters, or remove them: %s",
			iface->name, strerror(-err));
}

static enum wf_xdp_mode xdp_mode(const struct wf_iface *iface)
{
	return iface->opts.generic == WEFT_ON ? WF_XDP_GENERIC : WF_XDP_BEST;
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
		wf_debug("capture: %s: not root; capabilities must do", iface->name);
	err = iface->ifindex ? check_mode(iface, opts->mode) : -ENODEV;
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
	int err = 0;

	iface->queues = wf_iface_count_queues(iface->name, iface->opts.mode);
	iface->workers = setup->workers;
	iface->by_queue = setup->by_queue;
	if (iface->is_host)
		err = wf_tc_open(&iface->tc, iface->name, iface->ifindex,
				 wf_netdev_mtu(iface->name), iface->queues);
	if (!err)
		err = load_programs(iface, setup);
	if (!err)
		err = make_sources(iface, setup);
	if (!err)
		err = open_in_namespace(iface, setup->arena);
	for (uint32_t w = 0; !err && w < iface->workers; w++)
		iface->sources[w].source.ops->done(&iface->sources[w].source);
	return err;
}

/* Natively: generic XDP leaves out what was redirected, as all that comes here was. */
static int attach_far(struct wf_iface *iface)
{
	int err = wf_tc_enter(&iface->tc);

	if (err)
		return err;
	err = wf_xdp_attach(&iface->xdp, WF_FAR_NAME, iface->tc.far_ifindex, WF_XDP_NATIVE);
	wf_tc_leave(&iface->tc);
	if (!err)
		err = wf_tc_attach(&iface->tc, iface->name, iface->ifindex,
				   wf_netdev_is_loopback(iface->name));
	return err;
}

/* Others' frames come to a tap port, which a card otherwise leaves out by their address. */
static int attach_tap(struct wf_iface *iface)
{
	int err = wf_xdp_attach(&iface->xdp, iface->name, iface->ifindex, xdp_mode(iface));

	if (err)
		return err;
	iface->promisc_fd = wf_netdev_promiscuous(iface->ifindex);
	if (iface->promisc_fd < 0)
		wf_warn("capture: %s: can't receive frames for other addresses (promiscuous "
			"mode): %s",
			iface->name, strerror(-iface->promisc_fd));
	return 0;
}

int wf_iface_attach(struct wf_iface *iface)
{
	int err;

	err = iface->is_host ? attach_far(iface) : attach_tap(iface);
	if (err)
		return err;
	iface->is_attached = true;
	wf_info("capture: %s: %s mode, %s XDP, %s, %u %s %s %u %s", iface->name,
		iface->is_host ? "host" : "tap", iface->xdp.is_generic ? "generic" : "native",
		iface->zero_copy ? "zero-copy" : "copy", iface->queues,
		iface->queues == 1 ? "queue" : "queues", iface->by_queue ? "dealt out to" : "x",
		iface->workers, iface->workers == 1 ? "worker" : "workers");
	return 0;
}

void wf_iface_detach(struct wf_iface *iface)
{
	const struct timespec moment = {.tv_nsec = 20 * 1000 * 1000};

	if (!iface->is_attached)
		return;
	iface->is_attached = false;
	if (iface->is_host) {
		wf_tc_detach(&iface->tc);
		/* Clones on their way through the pair: no call waits for them, so give them time.
		 */
		nanosleep(&moment, NULL);
	}
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
	close_sockets(iface);
	wf_xdp_unload(&iface->xdp);
	wf_tc_close(&iface->tc);
	wf_pins_close(&iface->pins);
	free(iface->umems);
	free(iface->sources);
	free(iface);
}

struct wf_source *wf_iface_source(struct wf_iface *iface, uint32_t worker)
{
	return &iface->sources[worker].source;
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
	err = wf_xdp_set_verdict(&iface->xdp, &request);
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
	return wf_xdp_prepare_filter(&iface->xdp, wanted, ret_word);
}

int wf_iface_switch_filter(const struct wf_iface *iface, uint64_t word)
{
	return wf_xdp_switch_filter(&iface->xdp, word);
}

uint64_t wf_iface_map_bytes(const struct wf_iface *iface)
{
	const struct bpf_object *const objects[] = {
		iface->xdp.skel->obj,
		iface->xdp.verdict->obj,
		iface->tc.skel ? iface->tc.skel->obj : NULL,
	};

	return wf_maps_bytes(objects, sizeof(objects) / sizeof(objects[0]));
}

void wf_iface_shed(const struct wf_iface *iface, uint32_t percent)
{
	wf_xdp_set_shed(&iface->xdp, percent < 100 ? UINT32_MAX / 100 * percent : UINT32_MAX);
}

void wf_iface_beat(const struct wf_iface *iface)
{
	wf_tc_beat(&iface->tc);
}

int wf_iface_move_counts(struct wf_iface *iface)
{
	return wf_xdp_move_hot(&iface->xdp);
}

int wf_iface_each_flow(const struct wf_iface *iface, wf_kernel_flow_fn fn, void *ctx)
{
	return wf_flow_map_each(bpf_map__fd(iface->xdp.skel->maps.weft_flows), fn, ctx);
}

void wf_iface_load(const struct wf_iface *iface, struct wf_iface_load *ret_load)
{
	memset(ret_load, 0, sizeof(*ret_load));
	for (uint32_t w = 0; w < iface->workers; w++) {
		const struct wf_xsk_source *source = &iface->sources[w];

		ret_load->received_frames +=
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
}

static void add_losses(const struct wf_iface *iface, struct wf_metrics *sum)
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

void wf_iface_stats_add(const struct wf_iface *iface, struct wf_metrics *sum)
{
	wf_xdp_stats_add(&iface->xdp, sum);
	wf_tc_stats_add(&iface->tc, sum);
	add_losses(iface, sum);
}
