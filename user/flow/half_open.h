/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * half_open.h - how many handshakes of each source address are under way.
 *
 * An entry exists only while its count is not zero, so there are never more of
 * them than handshakes. Thread: the worker.
 */
#ifndef WF_FLOW_HALF_OPEN_H
#define WF_FLOW_HALF_OPEN_H

#include <stdbool.h>
#include <stdint.h>

#include "bpf/hash.h"
#include "flow/flow_index.h"

struct wf_arena;
struct wf_slab;

struct wf_half_open {
	struct wf_slab *sources;
	struct wf_flow_index index;
	struct weft_hash_secret secret;
	uint32_t per_source_max;
};

/* Return: 0; -ENOBUFS, -ENOMEM. */
int wf_half_open_init(struct wf_half_open *table, struct wf_arena *arena,
		      const struct weft_hash_secret *secret, uint32_t sources_max,
		      uint32_t per_source_max);
void wf_half_open_fini(struct wf_half_open *table);

/* One more of @addr. Return: false: it has as many as it may, or no memory; nothing changed. */
bool wf_half_open_take(struct wf_half_open *table, const uint8_t addr[16]);

/* One less of @addr, which has one. */
void wf_half_open_put(struct wf_half_open *table, const uint8_t addr[16]);

/* How many sources have an entry. */
uint32_t wf_half_open_sources(const struct wf_half_open *table);

#endif
