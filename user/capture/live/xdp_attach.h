/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * xdp_attach.h - the steering program: its settings, maps, and attachment.
 *
 * The program is attached by a bpf_link that only this process holds. When the process ends for any
 * reason, the kernel detaches the program and the interface is as before. Thread: main; the stop
 * thread (engine/engine.c) may detach instead of main.
 */
#ifndef WF_CAPTURE_LIVE_XDP_ATTACH_H
#define WF_CAPTURE_LIVE_XDP_ATTACH_H

#include <stdbool.h>
#include <stdint.h>

#include <weft/source.h>

#include "bpf/hash.h"
#include "capture/live/kernel_maps.h"
#include "capture/maps/map_sizes.h"

struct steer_bpf;
struct wf_pins;

struct wf_xdp {
	struct steer_bpf *skel; /* owned */
	struct wf_kernel_maps maps;
	int link_fd; /* owned; -1: not attached; the caller sets -1 before the first call */
	bool is_generic;
};

struct wf_xdp_opts {
	const struct weft_interface_opts *iface;
	const struct weft_hash_secret *secret;
	const struct weft_tunnel_ports *tunnel_ports; /* NULL: the default ports */
	bool ignore_vlan;			      /* VLAN ids are not part of the flow key */
	uint32_t workers;
	uint32_t queues;
	bool by_queue;		  /* each queue has one socket, whose slot is the queue's number */
	struct wf_map_sizes maps; /* sizes of the maps; if flows is 0, the largest */
	uint32_t frame_max_bytes; /* longer packets are not steered */
	bool one_buffer;	  /* packets in several buffers are not steered */
};

/* Load programs and maps, with settings and filter. Return: 0 or negative errno, logged. */
int wf_xdp_load(struct wf_xdp *xdp, const struct wf_xdp_opts *opts);

/* Pin maps and program. Return: 0 or negative errno, logged. */
int wf_xdp_pin(const struct wf_xdp *xdp, const struct wf_pins *pins);

/*
 * Store the socket @fd in the map to whose sockets the program redirects segments. @slot: queue *
 * workers + worker; with by_queue the number of the queue. Return: 0 or negative errno.
 */
int wf_xdp_set_socket(const struct wf_xdp *xdp, uint32_t slot, int fd);

enum wf_xdp_mode {
	WF_XDP_BEST = 0, /* native XDP; if that fails, generic XDP with a warning */
	WF_XDP_GENERIC,
};

/*
 * Attach a program that passes every packet, before wf_xdp_load(). Drivers may change their queues
 * when XDP is attached: virtio_net then has one receive queue more per CPU.
 * Return: 0 or negative errno, logged.
 */
int wf_xdp_hold(struct wf_xdp *xdp, const char *ifname, int ifindex, enum wf_xdp_mode mode);

/*
 * Attach the steering program in place of the program of wf_xdp_hold(). Return: 0 or negative
 * errno, logged.
 */
int wf_xdp_attach(const struct wf_xdp *xdp, const char *ifname);

/*
 * Detach the program. After return, it does not run any more. Idempotent.
 */
void wf_xdp_detach(struct wf_xdp *xdp);
void wf_xdp_unload(struct wf_xdp *xdp);

#endif
