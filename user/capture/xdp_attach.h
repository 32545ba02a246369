/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * xdp_attach.h - the steering program: its settings, maps, and attachment.
 *
 * Attached by a bpf_link that only this process holds: however it ends, the
 * kernel detaches and the interface is as before. Thread: main.
 */
#ifndef WF_CAPTURE_XDP_ATTACH_H
#define WF_CAPTURE_XDP_ATTACH_H

#include <stdbool.h>
#include <stdint.h>

#include <weft/source.h>

#include "bpf/hash.h"

struct steer_bpf;
struct wf_pins;

struct wf_xdp {
	struct steer_bpf *skel; /* owned */
	int link_fd;		/* owned, -1: not attached */
	bool is_generic;
};

struct wf_xdp_opts {
	const struct weft_interface_opts *iface;
	const struct weft_hash_secret *secret;
	uint32_t workers;
	uint32_t queues;
	uint32_t frame_max_bytes; /* longer packets are not steered */
	bool only_clones;	  /* what is not steered is dropped: it is a clone */
};

/* Load with all settings and filters in place. Return: 0 or negative errno; logged. */
int wf_xdp_load(struct wf_xdp *xdp, const struct wf_xdp_opts *opts);

/* Pin maps and program. */
int wf_xdp_pin(const struct wf_xdp *xdp, const struct wf_pins *pins);

/* Let segments for @slot (queue * workers + worker) reach the socket @fd. */
int wf_xdp_set_socket(const struct wf_xdp *xdp, uint32_t slot, int fd);

/* Native mode, or generic if that fails (told) or is asked for. */
int wf_xdp_attach(struct wf_xdp *xdp, const char *ifname, int ifindex, bool generic);

/* After return no packet is in the program any more. Idempotent. */
void wf_xdp_detach(struct wf_xdp *xdp);
void wf_xdp_unload(struct wf_xdp *xdp);

#endif
