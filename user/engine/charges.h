/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * charges.h - charges the memory of an engine outside its arena, as one sum, before any of it is
 * allocated: workers, AF_XDP rings with the kernel's record of each frame, and BPF maps.
 *
 * The maps' sizes follow the limit, so that a small limit suffices for a start. If the sum does
 * not fit, the start fails and the sum is logged.
 *
 * Thread: main.
 */
#ifndef WF_ENGINE_CHARGES_H
#define WF_ENGINE_CHARGES_H

#include <stdbool.h>
#include <stdint.h>

#include "capture/maps/map_sizes.h"

struct weft_opts;
struct wf_budget;
struct wf_ifaces;

struct wf_charges_opts {
	const struct weft_opts *weft;
	const struct wf_ifaces *ifaces;
	bool by_queue; /* one socket for each queue, see steering.h */
	uint32_t subs_count;
	struct wf_budget *budget;
};

/* All zero: nothing is charged. */
struct wf_charges {
	struct wf_budget *budget; /* borrowed */
	struct wf_map_sizes maps; /* of each interface */
	uint64_t workers_bytes;	  /* charged, as all below */
	uint64_t rings_bytes;
	uint64_t maps_bytes;
};

/* Subscriptions are made, nothing else is. Return: 0; -ENOBUFS: too little; logged. */
int wf_charges_take(struct wf_charges *charges, const struct wf_charges_opts *opts);

/* Bytes that are reserved beside the spans after the arena was pinned. */
uint64_t wf_charges_headroom(uint32_t workers);

/*
 * All interfaces are open: if a kernel takes more for the maps than was charged, charge that too.
 * Return: 0; -ENOBUFS: too little; logged.
 */
int wf_charges_settle(struct wf_charges *charges, const struct wf_ifaces *ifaces);

/* Everything that was charged for is gone. Idempotent. */
void wf_charges_release(struct wf_charges *charges);

#endif
