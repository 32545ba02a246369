/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * claims.h - a table, shared by all workers, that records the worker of each connection, to check
 * that steering never assigns a connection to two workers. It is used only with performance_mode:
 * safe.
 *
 * A hash of the key selects a slot, which records the last claim. A claim is overwritten when
 * another connection uses the same slot, so a violation may be missed. False violations are
 * practically impossible, because 57 bits of the hash are compared.
 *
 * Bound: 8 spans (512 KiB) of the arena. Thread: any.
 */
#ifndef WF_FLOW_CLAIMS_H
#define WF_FLOW_CLAIMS_H

#include <stdatomic.h>
#include <stdint.h>

#include "packet/packet.h"

struct wf_arena;

struct wf_claims {
	struct wf_arena *arena;	 /* borrowed */
	_Atomic uint64_t *slots; /* owned: spans of the arena; NULL: not allocated */
	_Atomic uint64_t violations;
};

/*
 * Allocate the slots. Return: 0; -ENOBUFS: the arena has no room.
 * Thread: main.
 */
int wf_claims_init(struct wf_claims *claims, struct wf_arena *arena);
void wf_claims_fini(struct wf_claims *claims);

/*
 * Record that @worker opens the connection @key. If the last claim in the slot of @key is one of
 * another worker for the same connection, count the violation, and log the first 10 violations.
 */
void wf_claims_add(struct wf_claims *claims, const struct weft_flow_key *key, uint32_t worker);

#endif
