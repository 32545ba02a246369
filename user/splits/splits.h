/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * splits.h - finds connections whose two directions have different VLAN ids.
 *
 *   slot  [ 39 bits of the hash of the endpoints | endpoint that sends | 2 VLAN ids, 12 bits each ]
 *
 * A half is a connection of which only one side was seen. Two halves are one split connection if
 * they have the same endpoints and VNI, but different senders and VLAN ids. A half replaces the
 * half that its slot held, so some split connections are not found if there are many halves.
 *
 * Memory: WF_SPLITS_SLOTS slots. Thread: any; lock-free.
 */
#ifndef WF_SPLITS_SPLITS_H
#define WF_SPLITS_SPLITS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "bpf/hash.h"

enum { WF_SPLITS_SLOTS = 4096 };

struct weft_flow_key;

struct wf_splits {
	struct weft_hash_secret secret;
	_Atomic bool is_reported; /* the first split connection was reported in the log */
	_Atomic uint64_t slots[WF_SPLITS_SLOTS];
};

/*
 * Add the half @key, of which only endpoint @endpoint (0 or 1) was seen to send. Return true if the
 * table held the other half, with other VLAN ids; the first such connection is logged.
 */
bool wf_splits_add(struct wf_splits *splits, const struct weft_flow_key *key, uint8_t endpoint);

#endif
