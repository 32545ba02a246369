// SPDX-License-Identifier: BSD-2-Clause
/*
 * tc_attach.c - makes the namespace and the veth pair, and attaches the cloning program.
 */
#include "capture/live/tc_attach.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "bpf/hash.h"
#include "bpf/shared.h"
#include "capture/live/bpf_load.h"
#include "capture/maps/maps.h"
#include "capture/host/netdev_features.h"
#include "capture/live/netlink.h"
#include "capture/live/pins.h"
#include "metrics/metrics.h"
#include "skel/mirror.skel.h"
#include "skel/steer.skel.h"

enum {
	CLONE_FIFO_PACKETS = 16384, /* queue of the veth pair, which holds a burst of clones */
	TAGS_BYTES = 8,		    /* two VLAN tags, which the MTU does not include */
};

#define THREAD_NET_NS "/proc/thread-self/ns/net"

/* Make a network namespace that only tc->ns_fd holds. The thread returns to its own namespace. */
static int make_namespace(struct wf_tc *tc)
{
	int err = 0;

	tc->home_fd = open(THREAD_NET_NS, O_RDONLY | O_CLOEXEC);
	if (tc->home_fd < 0)
		return -errno;
	if (unshare(CLONE_NEWNET))
		return -errno;
	tc->ns_fd = open(THREAD_NET_NS, O_RDONLY | O_CLOEXEC);
	if (tc->ns_fd < 0)
		err = -errno;
	if (setns(tc->home_fd, CLONE_NEWNET) && !err)
		err = -errno;
	return err;
}

int wf_tc_enter(const struct wf_tc *tc)
{
	return setns(tc->ns_fd, CLONE_NEWNET) ? -errno : 0;
}

void wf_tc_leave(const struct wf_tc *tc)
{
	if (setns(tc->home_fd, CLONE_NEWNET))
		wf_error("capture: can't return to the original network namespace: %s",
			 strerror(errno));
}

static int raise_far_end(struct wf_tc *tc)
{
	int err = wf_tc_enter(tc);

	if (err)
		return err;
	tc->far_ifindex = (int)if_nametoindex(WF_FAR_NAME);
	err = tc->far_ifindex ? wf_netlink_set_up(tc->far_ifindex) : -ENODEV;
	wf_tc_leave(tc);
	return err;
}

/*
 * The network stack moves a frame's outer tag into the socket buffer, where XDP at the far end does
 * not see the tag. If a device can't insert tags, the stack writes the tag back into the frame.
 */
static void keep_tags_in_frames(const char *name)
{
	static const char *const features[] = {"tx-vlan-hw-insert", "tx-vlan-stag-hw-insert"};

	for (size_t i = 0; i < sizeof(features) / sizeof(features[0]); i++) {
		int err = wf_netdev_feature_off(name, features[i]);

		if (err)
			wf_warn("capture: %s: can't turn off %s (%s): VLAN tags may be missing in "
				"captured segments",
				name, features[i], strerror(-err));
	}
}

static int make_pair(struct wf_tc *tc, const char *name, uint32_t mtu, uint32_t queues)
{
	const struct wf_veth veth = {
		.name = name,
		.peer_name = WF_FAR_NAME,
		.peer_ns_fd = tc->ns_fd,
		.mtu = mtu + TAGS_BYTES,
		.queues = queues,
	};
	int err = wf_netlink_add_veth(&veth);

	if (err)
		return err;
	tc->near_ifindex = (int)if_nametoindex(name);
	keep_tags_in_frames(name);
	err = raise_far_end(tc);
	if (!err)
		err = wf_netlink_set_up(tc->near_ifindex);
	if (!err && wf_netlink_set_fifo(tc->near_ifindex, CLONE_FIFO_PACKETS))
		wf_info("capture: can't attach a transmit queue to %s: the kernel may drop cloned "
			"segments in bursts of traffic",
			name);
	return err;
}

void wf_tc_init(struct wf_tc *tc, int ifindex, enum weft_tc_attach attach)
{
	*tc = (struct wf_tc){.ns_fd = -1, .home_fd = -1};
	wf_tc_hook_init(&tc->hook, ifindex, attach);
}

int wf_tc_open(struct wf_tc *tc, const char *ifname, int ifindex, uint32_t mtu, uint32_t queues)
{
	char name[IF_NAMESIZE];
	int err;

	snprintf(name, sizeof(name), "weft%d", ifindex);
	err = make_namespace(tc);
	if (!err)
		err = make_pair(tc, name, mtu, queues);
	if (err) {
		wf_error("capture: %s: can't create the veth pair %s, which host mode needs: %s",
			 ifname, name, strerror(-err));
		wf_tc_close(tc);
	}
	return err;
}

/* Both programs use the same filter maps. */
static int share_filter(struct mirror_bpf *mirror, const struct steer_bpf *steer)
{
	int err;

	err = bpf_map__reuse_fd(mirror->maps.weft_filter, bpf_map__fd(steer->maps.weft_filter));
	if (!err)
		err = bpf_map__reuse_fd(mirror->maps.weft_ports,
					bpf_map__fd(steer->maps.weft_ports));
	if (!err)
		err = bpf_map__reuse_fd(mirror->maps.weft_allow,
					bpf_map__fd(steer->maps.weft_allow));
	if (!err)
		err = bpf_map__reuse_fd(mirror->maps.weft_deny, bpf_map__fd(steer->maps.weft_deny));
	return err;
}

int wf_tc_load(struct wf_tc *tc, const struct steer_bpf *steer)
{
	int err;

	tc->skel = mirror_bpf__open();
	if (!tc->skel)
		return -errno;
	tc->skel->rodata->weft_clone_ifindex = (uint32_t)tc->near_ifindex;
	tc->skel->rodata->weft_needs_heartbeat = tc->hook.by_filter;
	err = share_filter(tc->skel, steer);
	if (!err)
		return wf_bpf_load(tc->skel->skeleton);
	wf_error("capture: can't prepare the tc program: %s", strerror(-err));
	return err;
}

int wf_tc_pin(const struct wf_tc *tc, const struct wf_pins *pins)
{
	int err = wf_pins_add(pins, "mirror", bpf_program__fd(tc->skel->progs.weft_mirror));

	if (!err)
		err = wf_pins_add(pins, "mirror_counts",
				  bpf_map__fd(tc->skel->maps.weft_mirror_counts));
	return err;
}

int wf_tc_attach(struct wf_tc *tc, const char *ifname, int ifindex, int is_loopback)
{
	wf_tc_beat(tc);
	return wf_tc_hook_attach(&tc->hook, bpf_program__fd(tc->skel->progs.weft_mirror), ifname,
				 ifindex, !is_loopback);
}

void wf_tc_beat(const struct wf_tc *tc)
{
	if (tc->skel)
		__atomic_store_n(&tc->skel->bss->weft_heartbeat_ns, wf_clock_monotonic_ns(),
				 __ATOMIC_RELAXED);
}

void wf_tc_detach(struct wf_tc *tc)
{
	wf_tc_hook_detach(&tc->hook);
}

void wf_tc_stats_add(const struct wf_tc *tc, struct wf_metrics *sum)
{
	struct weft_mirror_counts counts;

	if (!tc->skel ||
	    wf_maps_sum_percpu(bpf_map__fd(tc->skel->maps.weft_mirror_counts), sizeof(counts),
			       (uint64_t *)&counts, sizeof(counts) / 8))
		return;
#define X_TC(role, field, name, family, labels, help) wf_metric_add(sum, name, counts.field);
#include "bpf/counters.def"
}

void wf_tc_close(struct wf_tc *tc)
{
	wf_tc_detach(tc);
	mirror_bpf__destroy(tc->skel);
	tc->skel = NULL;
	/* The end of the namespace also removes the pair, but later. */
	if (tc->near_ifindex > 0)
		wf_netlink_del_link(tc->near_ifindex);
	tc->near_ifindex = 0;
	if (tc->ns_fd >= 0)
		close(tc->ns_fd);
	if (tc->home_fd >= 0)
		close(tc->home_fd);
	tc->ns_fd = tc->home_fd = -1;
}
