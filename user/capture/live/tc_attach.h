/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tc_attach.h - host mode: the tc program that copies wanted segments of both directions into ring
 * buffers, and the two ring buffers of each worker (capture/ring/host_ring.h) with their source.
 *
 *   eth0 ── tc ingress, egress ── copy ──► ring buffers of worker 0 ──► source of worker 0
 *                                     └──► ring buffers of worker 1 ──► source of worker 1
 *
 * tcx links and rings end with the process. After a kill, a tc filter stays and keeps the program
 * and the rings: see tc_filter.h.
 *
 * Memory: the rings; wf_tc_rings_bytes() computes their size. Thread: main, unless stated
 * otherwise; the stop thread (engine/engine.c) may detach instead of main.
 */
#ifndef WF_CAPTURE_LIVE_TC_ATTACH_H
#define WF_CAPTURE_LIVE_TC_ATTACH_H

#include <stdint.h>

#include <weft/limits.h>
#include <weft/link.h>

#include "capture/hook/tc_hook.h"
#include "capture/live/kernel_maps.h"
#include "capture/maps/map_sizes.h"

struct host_bpf;
struct wf_host_ring;
struct wf_pins;
struct wf_source;

struct wf_tc {
	struct host_bpf *skel; /* owned */
	struct wf_kernel_maps maps;
	struct wf_tc_hook hook;
	struct wf_host_ring *rings[WEFT_WORKERS_MAX]; /* owned; NULL: not open */
	uint32_t workers;
};

struct wf_tc_opts {
	const struct weft_interface_opts *iface;
	const struct weft_hash_secret *secret;
	const struct weft_tunnel_ports *tunnel_ports; /* NULL: the default ports */
	bool ignore_vlan;			      /* VLAN ids are not part of the flow key */
	uint32_t workers;
	struct wf_map_sizes maps; /* sizes of the maps; if flows is 0, the largest */
	uint64_t ring_bytes;	  /* size of an overflow ring: a power of two, at least a page */
	enum weft_link link;	  /* Ethernet or raw */
	bool is_loopback;
};

/* Load of the two rings of one worker; the counters only rise. */
struct wf_tc_load {
	uint64_t full_frames; /* frames lost because both rings were full */
	uint64_t received_frames;
	uint64_t invalid_frames;
	uint32_t fill_percent;
};

void wf_tc_init(struct wf_tc *tc, int ifindex, enum weft_tc_attach attach);

/* Load the program, and make the rings. Return: 0; -ENOMEM; other negative errno (logged). */
int wf_tc_load(struct wf_tc *tc, const struct wf_tc_opts *opts);

/*
 * Pin the maps, except those of the rings, and not the program: pins stay after a kill, and a pin
 * of the program would keep the memory of the rings. Return: 0 or negative errno, logged.
 */
int wf_tc_pin(const struct wf_tc *tc, const struct wf_pins *pins);

/* Return: the source that reads the rings of @worker. */
struct wf_source *wf_tc_source(const struct wf_tc *tc, uint32_t worker);

/*
 * Start copying packets. @is_loopback: attach at ingress only, because each packet of a loopback
 * device passes both hooks.
 */
int wf_tc_attach(struct wf_tc *tc, const char *ifname, int ifindex, bool is_loopback);

/* Stop copying packets; see wf_tc_hook_detach(). Idempotent. */
void wf_tc_detach(struct wf_tc *tc);

/*
 * Renew the heartbeat. A program that needs a heartbeat ignores all packets if the heartbeat is
 * older than WEFT_HEARTBEAT_STALE_NS. Thread: any.
 */
void wf_tc_beat(const struct wf_tc *tc);

/* Return the link type of the packets. Thread: any. */
enum weft_link wf_tc_link(const struct wf_tc *tc);

/* Read the load of the rings of @worker. Thread: any. */
void wf_tc_load_read(const struct wf_tc *tc, uint32_t worker, struct wf_tc_load *ret_load);

/*
 * Return: memory of the rings of @workers workers, whose overflow rings have @ring_bytes each, in
 * kernel and user space, in bytes.
 */
uint64_t wf_tc_rings_bytes(uint32_t workers, uint64_t ring_bytes);

/* Free everything; no worker may use the sources any more. Idempotent. */
void wf_tc_close(struct wf_tc *tc);

#endif
