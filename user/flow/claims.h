/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * claims.h - the worker of each connection, across all workers: a check that steering never gives a
 * connection to two workers. Used only if ownership is checked (performance_mode: safe).
 *
 * One slot for each of many hash values of a key, that remembers the last claim. It forgets
 * a claim when another connection takes its slot, so it may miss a violation; it does not
 * report a false one, since slots distinguish keys by 58 bits.
 *
 * Bound: CLAIMS_BYTES of the arena. Thread: any.
 */
#ifndef WF_FLOW_CLAIMS_H
#define WF_FLOW_CLAIMS_H

#include <stdatomic.h>
#include <stdint.h>

#include "packet/packet.h"

struct wf_arena;

struct wf_claims {
	struct wf_arena *arena;	 /* borrowed */
	_Atomic uint64_t *slots; /* owned: spans of the arena; NULL: nothing is checked */
	_Atomic uint64_t violations;
};

/* Return: 0; -ENOBUFS. Thread: main. */
int wf_claims_init(struct wf_claims *claims, struct wf_arena *arena);
void wf_claims_fini(struct wf_claims *claims);

/* @worker opens a connection; if another worker claimed it before, that is counted and logged. */
void wf_claims_add(struct wf_claims *claims, const struct weft_flow_key *key, uint32_t worker);

#endif
