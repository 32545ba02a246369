/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tc_attach.h - host mode: clones wanted segments of both directions into weft's veth pair, whose
 * far end runs the steering program.
 *
 *   eth0 ── tc ingress, egress ─── clone ──► weft<N> ═══ veth ═══► weft-far   XDP → AF_XDP
 *                                            here                  a namespace without a name
 *
 * Only weft's file descriptor holds the far end's network namespace. When the process ends for any
 * reason, the kernel removes the namespace and the veth pair, and also tcx links (tc_hook.h).
 *
 * Thread: main. From wf_tc_enter() to wf_tc_leave() the thread is in the far end's namespace.
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
	int ns_fd;		 /* owned: namespace of the far end */
	int home_fd;		 /* owned: original namespace of the thread */
	int near_ifindex;
	int far_ifindex;
	struct wf_tc_hook hook;
};

void wf_tc_init(struct wf_tc *tc, int ifindex, enum weft_tc_attach attach);

/* Make the namespace and the pair; both ends are up. Return: 0 or negative errno, logged. */
int wf_tc_open(struct wf_tc *tc, const char *ifname, int ifindex, uint32_t mtu, uint32_t queues);

/* Move the calling thread into the far namespace. Return: 0 or negative errno. */
int wf_tc_enter(const struct wf_tc *tc);

/* Move the calling thread back to its original namespace. */
void wf_tc_leave(const struct wf_tc *tc);

/* Load the cloning program; it shares the filter of @steer. */
int wf_tc_load(struct wf_tc *tc, const struct steer_bpf *steer);

/* Pin the cloning program and its counters. Return: 0 or negative errno. */
int wf_tc_pin(const struct wf_tc *tc, const struct wf_pins *pins);

/*
 * Start cloning. @is_loopback: clone at ingress only, because each packet passes both hooks.
 * Return: 0 or negative errno, logged.
 */
int wf_tc_attach(struct wf_tc *tc, const char *ifname, int ifindex, int is_loopback);

/* Stop cloning. */
void wf_tc_detach(struct wf_tc *tc);

/*
 * Renew the heartbeat. A program that needs a heartbeat ignores all packets if the heartbeat is
 * older than WEFT_HEARTBEAT_STALE_NS. The call costs one store. Thread: any.
 */
void wf_tc_beat(const struct wf_tc *tc);

/* Add the counters of the cloning program, summed over CPUs. */
void wf_tc_stats_add(const struct wf_tc *tc, struct wf_metrics *sum);

/*
 * Remove the pair and the namespace. The caller has closed all sockets in the namespace.
 * Idempotent.
 */
void wf_tc_close(struct wf_tc *tc);

#endif
