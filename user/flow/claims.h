/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * claims.h - the worker of each connection, across all workers: a check that steering never gives a
 * connection to two workers. Used only if ownership is checked (performance_mode: safe).
 *
 * A hash of the key selects a slot, which records the last claim. A claim is overwritten when
 * another connection takes its slot, so a violation may be missed. False violations are not
 * reported, since slots distinguish keys by 58 bits.
 *
 * Bound: SLOTS_BYTES of the arena. Thread: any.
 */
#ifndef WF_FLOW_CLAIMS_H
#define WF_FLOW_CLAIMS_H

#include <stdatomic.h>
#include <stdint.h>

#include "packet/packet.h"

struct wf_arena;

struct wf_claims {
	struct wf_arena *arena;	 /* borrowed */
	_Atomic uint64_t *slots; /* owned: spans of the arena; NULL if nothing is checked */
	_Atomic uint64_t violations;
};

/*
 * Allocate the slots. Return: 0; -ENOBUFS: the arena has no room.
 * Thread: main.
 */
int wf_claims_init(struct wf_claims *claims, struct wf_arena *arena);
void wf_claims_fini(struct wf_claims *claims);

/*
 * Record that @worker opens a connection. If another worker claimed it before, the violation is
 * counted and logged.
 */
void wf_claims_add(struct wf_claims *claims, const struct weft_flow_key *key, uint32_t worker);

#endif
