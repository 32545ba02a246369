/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * xdp_attach.h - the steering program: its settings, maps, and attachment.
 *
 * The program is attached by a bpf_link that only this process holds. When the process ends for any
 * reason, the kernel detaches the program and the interface is as before. Thread: main.
 */
#ifndef WF_CAPTURE_LIVE_XDP_ATTACH_H
#define WF_CAPTURE_LIVE_XDP_ATTACH_H

#include <stdbool.h>
#include <stdint.h>

#include <weft/source.h>

#include "bpf/hash.h"
#include "capture/maps/hot_flows.h"
#include "capture/maps/map_sizes.h"

struct steer_bpf;
struct verdict_bpf;
struct weft_verdict_request;
struct wf_metrics;
struct wf_pins;

struct wf_xdp {
	struct steer_bpf *skel;	     /* owned */
	struct verdict_bpf *verdict; /* owned */
	struct wf_hot_flows hot;
	int link_fd; /* owned; -1: not attached; the caller sets -1 before the first call */
	bool is_generic;
};

struct wf_xdp_opts {
	const struct weft_interface_opts *iface;
	const struct weft_hash_secret *secret;
	uint32_t workers;
	uint32_t queues;
	bool by_queue;		  /* a queue has one socket, whose slot is the queue */
	struct wf_map_sizes maps; /* sizes of the maps; if flows is 0, the largest */
	uint32_t frame_max_bytes; /* longer packets are not steered */
	bool one_buffer;	  /* packets in several buffers are not steered */
	bool only_clones;	  /* all frames are clones: drop frames that are not steered */
	const uint8_t *own_mac;	  /* source address of frames that this host sends; NULL: unknown */
};

/* Load programs and maps, with settings and filter. Return: 0 or negative errno, logged. */
int wf_xdp_load(struct wf_xdp *xdp, const struct wf_xdp_opts *opts);

/* Pin maps and program. Return: 0 or negative errno, logged. */
int wf_xdp_pin(const struct wf_xdp *xdp, const struct wf_pins *pins);

/* Steer segments of @slot to the socket @fd. Slot: queue * workers + worker; by_queue: queue. */
int wf_xdp_set_socket(const struct wf_xdp *xdp, uint32_t slot, int fd);

/*
 * Set the verdicts of one flow. @request returns the verdicts before the call, and the counters.
 * Return: 0; -ENOENT if the flow has no entry; -EAGAIN if the verdicts are set, but the counters
 * changed during each attempt to read them; other negative errno. Thread: any.
 */
int wf_xdp_set_verdict(const struct wf_xdp *xdp, struct weft_verdict_request *request);

/* Move all counters to the flow map: wf_hot_flows_move(). Thread: any, one call at a time. */
int wf_xdp_move_hot(struct wf_xdp *xdp);

/*
 * Prepare the filter of @wanted (ports, prefixes, sample) without using it. A later call of
 * wf_xdp_switch_filter() with *ret_word replaces the whole filter. Return: 0 or negative errno;
 * after an error, the filter in use stays. Thread: any, one call at a time.
 */
int wf_xdp_prepare_filter(const struct wf_xdp *xdp, const struct weft_interface_opts *wanted,
			  uint64_t *ret_word);
int wf_xdp_switch_filter(const struct wf_xdp *xdp, uint64_t word);

/* Shed new flows whose 32-bit shed hash is below @below. Thread: any. */
void wf_xdp_set_shed(const struct wf_xdp *xdp, uint32_t below);

enum wf_xdp_mode {
	WF_XDP_BEST = 0, /* native XDP; if that fails, generic XDP with a warning */
	WF_XDP_GENERIC,
	WF_XDP_NATIVE,
};

/*
 * Attach a program that passes every packet, before wf_xdp_load(). Drivers may change their queues
 * when XDP is attached: virtio_net then has one receive queue more per CPU.
 * Return: 0 or negative errno, logged.
 */
int wf_xdp_hold(struct wf_xdp *xdp, const char *ifname, int ifindex, enum wf_xdp_mode mode);

/*
 * Attach the steering program. If the program of wf_xdp_hold() is attached, replace it and keep its
 * mode; otherwise attach in @mode. Return: 0 or negative errno, logged.
 */
int wf_xdp_attach(struct wf_xdp *xdp, const char *ifname, int ifindex, enum wf_xdp_mode mode);

/* Detach the program. After return, it does not run any more. Idempotent. */
void wf_xdp_detach(struct wf_xdp *xdp);
void wf_xdp_unload(struct wf_xdp *xdp);

/* Add the counters of the loaded program, summed over CPUs. Thread: any, until it is unloaded. */
void wf_xdp_stats_add(const struct wf_xdp *xdp, struct wf_metrics *sum);

#endif
