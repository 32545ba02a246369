/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * xdp_attach.h - the steering program: its settings, maps, and attachment.
 *
 * Attached by a bpf_link that only this process holds: however it ends, the
 * kernel detaches and the interface is as before. Thread: main.
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
	int link_fd; /* owned; set to -1 before the first call: not attached */
	bool is_generic;
};

struct wf_xdp_opts {
	const struct weft_interface_opts *iface;
	const struct weft_hash_secret *secret;
	uint32_t workers;
	uint32_t queues;
	bool by_queue;		  /* a queue has one socket: slots are queues */
	struct wf_map_sizes maps; /* without flows: as large as they may be */
	uint32_t frame_max_bytes; /* longer packets are not steered */
	bool one_buffer;	  /* packets in several buffers are not steered */
	bool only_clones;	  /* what is not steered is dropped: it is a clone */
	const uint8_t *own_mac;	  /* frames from it are this host's; NULL: not known */
};

/* Load with all settings and filters in place. Return: 0 or negative errno; logged. */
int wf_xdp_load(struct wf_xdp *xdp, const struct wf_xdp_opts *opts);

/* Pin maps and program. */
int wf_xdp_pin(const struct wf_xdp *xdp, const struct wf_pins *pins);

/* Let segments for @slot (queue * workers + worker; by_queue: queue) reach the socket @fd. */
int wf_xdp_set_socket(const struct wf_xdp *xdp, uint32_t slot, int fd);

/*
 * Set the verdicts of one flow; @request then tells what they were and what was counted.
 * Return: 0; -ENOENT: it has no entry; -EAGAIN: set, but its counts would not hold still.
 * Thread: any.
 */
int wf_xdp_set_verdict(const struct wf_xdp *xdp, struct weft_verdict_request *request);

/* The flow map then has all that was counted. See wf_hot_flows_move(). Thread: one at a time. */
int wf_xdp_move_hot(struct wf_xdp *xdp);

/*
 * Lay out the filter of @wanted (ports, prefixes, sample) beside the one in use; @ret_word
 * then changes over, as a whole. Return: 0; negative errno: the one in use stays. Thread: one
 * at a time.
 */
int wf_xdp_prepare_filter(const struct wf_xdp *xdp, const struct weft_interface_opts *wanted,
			  uint64_t *ret_word);
int wf_xdp_switch_filter(const struct wf_xdp *xdp, uint64_t word);

/* Shed new flows whose shed hash is below @below of 2^32. Thread: any. */
void wf_xdp_set_shed(const struct wf_xdp *xdp, uint32_t below);

enum wf_xdp_mode {
	WF_XDP_BEST = 0, /* native; generic if that fails, told */
	WF_XDP_GENERIC,
	WF_XDP_NATIVE,
};

/*
 * Attach a program that passes every packet, before wf_xdp_load(): drivers change with XDP, and
 * virtio_net then has one receive queue more per CPU. Return: 0 or negative errno; logged.
 */
int wf_xdp_hold(struct wf_xdp *xdp, const char *ifname, int ifindex, enum wf_xdp_mode mode);

/* In the place that is held, if one is; @mode is for the other case. */
int wf_xdp_attach(struct wf_xdp *xdp, const char *ifname, int ifindex, enum wf_xdp_mode mode);

/* After return no packet is in the program any more. Idempotent. */
void wf_xdp_detach(struct wf_xdp *xdp);
void wf_xdp_unload(struct wf_xdp *xdp);

/* Add the counters of the loaded program, summed over CPUs. Thread: any, until it is unloaded. */
void wf_xdp_stats_add(const struct wf_xdp *xdp, struct wf_metrics *sum);

#endif
