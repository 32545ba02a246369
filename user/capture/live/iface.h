/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * iface.h - one interface: its programs, maps, sockets and pins, as the engine sees it.
 *
 *   take    locked and, in tap mode, with a program that passes everything: its driver then has
 *           the queues that it has with XDP
 *   open    everything but the attachment: nothing changes for the network yet
 *   attach  wanted segments come from now on
 *   detach  the interface is as before; the rings may still hold frames
 *   close   when no worker uses its sources any more
 *
 * Thread: main; sources: their worker; stats: any.
 */
#ifndef WF_CAPTURE_LIVE_IFACE_H
#define WF_CAPTURE_LIVE_IFACE_H

#include <stdbool.h>
#include <stdint.h>

#include <weft/source.h>

#include "bpf/hash.h"
#include "capture/live/iface_setup.h"
#include "capture/maps/flow_map.h"
#include "packet/verdict.h"

struct weft_flow_key;
struct wf_iface;
struct wf_metrics;
struct wf_source;

/* What the kernel took for the maps of an open interface. */
uint64_t wf_iface_map_bytes(const struct wf_iface *iface);

/* Return: 0; -ENODEV, -EPERM, -EOPNOTSUPP, -EBUSY, other errno; logged with what to do. */
int wf_iface_take(const char *ifname, const struct weft_interface_opts *opts,
		  struct wf_iface **ret_iface);

/* The mode it was taken in: tap or host. */
enum weft_mode wf_iface_mode(const struct wf_iface *iface);

/* On failure, close it. */
int wf_iface_open(struct wf_iface *iface, const struct wf_iface_setup *setup);
int wf_iface_attach(struct wf_iface *iface);
void wf_iface_detach(struct wf_iface *iface);

/* Detaches if needed. NULL is allowed. */
void wf_iface_close(struct wf_iface *iface);

/* Frames for @worker, of all queues. Owned by the interface. */
struct wf_source *wf_iface_source(struct wf_iface *iface, uint32_t worker);

/*
 * Set the verdicts on what endpoints [0] and [1] of @key send. A shunt ends with the next
 * connection. A system call: once a flow, not once a packet.
 * Return: 0; -ENOENT: the map knows no such flow (any more). Thread: any.
 */
int wf_iface_set_verdict(const struct wf_iface *iface, const struct weft_flow_key *key,
			 const enum weft_verdict verdict[2], struct wf_kept *ret_kept);

/*
 * Lay out the filter of @wanted (ports, prefixes, sample) beside the one in use; @ret_word then
 * changes over, as a whole. Return: 0; negative errno: the one in use stays. Thread: one
 * at a time.
 */
int wf_iface_prepare_filter(const struct wf_iface *iface, const struct weft_interface_opts *wanted,
			    uint64_t *ret_word);
int wf_iface_switch_filter(const struct wf_iface *iface, uint64_t word);

/* Call @fn for each entry of the flow map; see wf_flow_map_each(). Thread: any. */
int wf_iface_each_flow(const struct wf_iface *iface, wf_kernel_flow_fn fn, void *ctx);

/* Of the flows that begin from now on, @percent (0..100) are left to the host. Thread: any. */
void wf_iface_shed(const struct wf_iface *iface, uint32_t percent);

/*
 * Tell the kernel's programs that this process lives: those which would outlive it do nothing
 * without that for 2 s. Costs a store. Thread: any, between open and close.
 */
void wf_iface_beat(const struct wf_iface *iface);

/*
 * The kernel's flow map then has all segments that were counted before the call; without, it may
 * be up to 255 segments behind for each CPU and direction. Waits some ms. Thread: one at a time.
 */
int wf_iface_move_counts(struct wf_iface *iface);

#endif
