/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * txn_internal.h - the list of transactions, for the store.
 *
 * Thread: the holder of the store's txns_lock.
 */
#ifndef WF_STATE_TXN_INTERNAL_H
#define WF_STATE_TXN_INTERNAL_H

#include "state/core.h"

/* Roll back transactions whose TTL has passed; all if @now_ns is UINT64_MAX. Return: the number. */
uint32_t wf_txns_expire(struct wf_store *store, uint64_t now_ns);

#endif
