/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * iface.h - one interface: its programs, maps, sockets and pins, as the engine sees it.
 *
 *   take    locks the interface. In tap mode, also attaches a program that passes every packet,
 *           because a driver may change its queues when XDP is attached
 *   open    makes everything except the attachment; no packet is captured yet
 *   attach  does the rest that needs privileges. In host mode, the rings are filled from now on
 *   begin   wanted segments arrive from now on, in tap mode too; needs no privileges
 *   detach  restores the interface; the rings may still hold frames
 *   close   frees everything; no worker may use the interface's sources any more
 *
 * Thread: main, unless stated otherwise; the stop thread (engine/engine.c) may detach instead of
 * main. A source is read by its worker.
 */
#ifndef WF_CAPTURE_LIVE_IFACE_H
#define WF_CAPTURE_LIVE_IFACE_H

#include <stdbool.h>
#include <stdint.h>

#include <weft/privileges.h>
#include <weft/source.h>

#include "bpf/hash.h"
#include "capture/live/iface_setup.h"
#include "capture/maps/flow_map.h"
#include "packet/verdict.h"

struct weft_flow_key;
struct wf_iface;
struct wf_metrics;
struct wf_source;

/* Return: kernel memory of an open interface's maps in bytes, without the ring buffers. */
uint64_t wf_iface_map_bytes(const struct wf_iface *iface);

/*
 * Lock the interface and prepare it. Return: 0; -ENODEV, -EPERM, -EOPNOTSUPP, -EBUSY or other
 * negative errno. Most errors are logged, with a remedy if there is one.
 */
int wf_iface_take(const char *ifname, const struct weft_interface_opts *opts,
		  struct wf_iface **ret_iface);

/* Return: the mode in which the interface was taken: tap or host. */
enum weft_mode wf_iface_mode(const struct wf_iface *iface);

/*
 * Make everything except the attachment. Return: 0 or negative errno; after an error, the caller
 * closes the interface.
 */
int wf_iface_open(struct wf_iface *iface, const struct wf_iface_setup *setup);
int wf_iface_attach(struct wf_iface *iface);

/* Add the privileges that an attached interface needs until it is closed. */
void wf_iface_needs(const struct wf_iface *iface, struct weft_needs *ret_needs);
int wf_iface_begin(struct wf_iface *iface);
void wf_iface_detach(struct wf_iface *iface);

/* Detach the programs if they are attached, and free everything. @iface may be NULL. */
void wf_iface_close(struct wf_iface *iface);

/* Return: the source of @worker's frames of all queues; owned by the interface. */
struct wf_source *wf_iface_source(struct wf_iface *iface, uint32_t worker);

/*
 * Set the verdicts of the directions that endpoints [0] and [1] of @key send. @ret_kept: the
 * verdicts before the call, and the kernel's counts. A bypass ends with the next connection of the
 * same key. The call costs at least one system call. Return: 0; -ENOENT if the kernel has no entry
 * for @key; -EAGAIN if the verdicts are set, but *@ret_kept is not; other negative errno. Thread:
 * any.
 */
int wf_iface_set_verdict(const struct wf_iface *iface, const struct weft_flow_key *key,
			 const enum weft_verdict verdict[2], struct wf_kept *ret_kept);

/*
 * Prepare the filter of @wanted (ports, prefixes, sample) without using it. A later call of
 * wf_iface_switch_filter() with *ret_word replaces the whole filter. Return: 0 or negative errno;
 * after an error, the filter in use stays. Thread: any, one call at a time.
 */
int wf_iface_prepare_filter(const struct wf_iface *iface, const struct weft_interface_opts *wanted,
			    uint64_t *ret_word);
void wf_iface_switch_filter(const struct wf_iface *iface, uint64_t word, uint32_t policy);

/* Call @fn for each entry of the flow map; see wf_flow_map_each(). Thread: any. */
int wf_iface_each_flow(const struct wf_iface *iface, wf_kernel_flow_fn fn, void *ctx);

/* Shed @percent (0..100) of the flows that begin from now on. Thread: any. */
void wf_iface_shed(const struct wf_iface *iface, uint32_t percent);

/*
 * Renew the heartbeat of tc filters, which would outlive this process. They ignore all packets when
 * the heartbeat is older than WEFT_HEARTBEAT_STALE_NS (2 s). Thread: any, between open and close.
 */
void wf_iface_beat(const struct wf_iface *iface);

/*
 * Move the counters of hot-flow slots to the kernel's flow map. Without this call, the flow map may
 * lack up to 255 segments per flow, CPU and direction. The call waits some ms if there are new
 * segments. Return: as wf_hot_flows_move(). Thread: any, one call at a time.
 */
int wf_iface_move_counts(struct wf_iface *iface);

#endif
