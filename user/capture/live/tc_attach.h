/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tc_attach.h - host mode: wanted segments of both directions are cloned into a
 * veth pair of ours, whose far end runs the steering program.
 *
 *   eth0 ── tc ingress, egress ─── clone ──► weft<N> ═══ veth ═══► weft-far   XDP → AF_XDP
 *                                            here                  a namespace without a name
 *
 * The far end's network namespace is held by nothing but our file descriptor:
 * when the process ends in any way, namespace and veth pair go, and so do tcx links (tc_hook.h).
 *
 * Thread: main. While inside (enter to leave), the thread is in that namespace.
 */
#ifndef WF_CAPTURE_LIVE_TC_ATTACH_H
#define WF_CAPTURE_LIVE_TC_ATTACH_H

#include <stdint.h>

#include "capture/hook/tc_hook.h"

struct mirror_bpf;
struct steer_bpf;
struct wf_metrics;
struct wf_pins;

#define WF_FAR_NAME "weft-far"

struct wf_tc {
	struct mirror_bpf *skel; /* owned */
	int ns_fd;		 /* owned: the far end's namespace */
	int home_fd;		 /* owned: ours */
	int near_ifindex;
	int far_ifindex;
	struct wf_tc_hook hook;
};

void wf_tc_init(struct wf_tc *tc, int ifindex, enum weft_tc_attach attach);

/* Make the namespace and the pair, up at both ends. Return: 0 or negative errno; logged. */
int wf_tc_open(struct wf_tc *tc, const char *ifname, int ifindex, uint32_t mtu, uint32_t queues);

/* Move the calling thread into the far namespace, and back. */
int wf_tc_enter(const struct wf_tc *tc);
void wf_tc_leave(const struct wf_tc *tc);

/* Load the cloning program; it shares the filter of @steer. */
int wf_tc_load(struct wf_tc *tc, const struct steer_bpf *steer);
int wf_tc_pin(const struct wf_tc *tc, const struct wf_pins *pins);

/* Clone from now on. @is_loopback: each packet passes twice, take it once. */
int wf_tc_attach(struct wf_tc *tc, const char *ifname, int ifindex, int is_loopback);
void wf_tc_detach(struct wf_tc *tc);

/*
 * Tell the program that its owner lives; without that it does nothing after
 * WEFT_HEARTBEAT_STALE_NS, where it needs that. A store, no system call. Thread: any.
 */
void wf_tc_beat(const struct wf_tc *tc);

void wf_tc_stats_add(const struct wf_tc *tc, struct wf_metrics *sum);

/* All sockets in the far namespace are closed. Idempotent. */
void wf_tc_close(struct wf_tc *tc);

#endif
