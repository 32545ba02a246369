/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * charges.h - charges the memory of an engine outside its arena, before any of it is allocated. The
 * charge is one sum: workers, AF_XDP rings with the kernel's record of each frame, ring buffers of
 * host mode, and BPF maps.
 *
 * With a smaller memory limit, maps are smaller, so that a small limit suffices for a start. If the
 * sum does not fit, the start fails and the sum is logged.
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
	bool by_queue; /* true: one socket per queue, see steering.h */
	uint32_t subs_count;
	struct wf_budget *budget;
};

/* The charges of an engine. In zeroed storage, nothing is charged. */
struct wf_charges {
	struct wf_budget *budget;  /* borrowed */
	struct wf_map_sizes maps;  /* map sizes of each interface */
	uint64_t host_rings_bytes; /* host mode: share of each interface for its rings */
	uint64_t workers_bytes;	   /* charged bytes, like the two members below */
	uint64_t rings_bytes;
	uint64_t maps_bytes;
};

/*
 * Charge the memory of the engine. Call after the subscriptions were created and before workers,
 * rings and maps are allocated. Return: 0 on success; -ENOBUFS if the limit is too small (logged).
 */
int wf_charges_take(struct wf_charges *charges, const struct wf_charges_opts *opts);

/*
 * Return how many bytes of the limit wf_arena_pin() must leave for allocations outside the spans.
 */
uint64_t wf_charges_headroom(uint32_t workers);

/*
 * Charge the difference if the kernel allocated more for the maps than was charged. Call when all
 * interfaces are open. Return: 0 on success; -ENOBUFS if the limit is too small (logged).
 */
int wf_charges_settle(struct wf_charges *charges, const struct wf_ifaces *ifaces);

/* Release all charges. Call after the charged memory was freed. Idempotent. */
void wf_charges_release(struct wf_charges *charges);

#endif
