/* SPDX-License-Identifier: BSD-2-Clause */
/* queue_internal.h - the format of a queue's records, for its worker and its reader. */
#ifndef WF_DELIVER_QUEUE_INTERNAL_H
#define WF_DELIVER_QUEUE_INTERNAL_H

#include <stddef.h>

#include "deliver/queue.h"

enum {
	WF_RECORD_ALIGN = 64,
	WF_RECORD_PAD = 0xff, /* type of a record that fills the ring up to its end */
};
#define WF_CLAIM_COPYING 1ull /* lowest bit of wf_queue.claim: the reader is copying */

struct wf_record {
	uint32_t len_bytes; /* length of the record, a multiple of WF_RECORD_ALIGN */
	uint8_t type;	    /* enum weft_event_type, or WF_RECORD_PAD */
	uint8_t dir;
	/*
	 * of a GAP event: enum weft_gap_cause; of an ANOMALY event: enum weft_anomaly; of an OPEN
	 * event: open.midway
	 */
	uint8_t what;
	uint8_t shown_bytes;
	uint64_t number;
	uint64_t before_bytes; /* payload bytes of all earlier events of the queue */
	uint64_t time_ns;
	/* of an OPEN event: off and stream_bytes are its two offsets */
	uint64_t off;
	uint64_t stream_bytes;
	const uint8_t *bytes;
	struct wf_page *page; /* owned: one reference to the page that holds the payload, or NULL */
	struct weft_flow flow;
	union {
		struct weft_flow_record close;
		/* bytes of a conflict: first the kept ones, then the lost ones */
		uint8_t conflict[2 * WEFT_CONFLICT_BYTES_MAX];
	};
};
_Static_assert(offsetof(struct wf_record, flow) == 64, "the header is one cache line");
_Static_assert(offsetof(struct wf_record, close) == 128, "most records are two cache lines");

static inline uint64_t wf_record_payload_bytes(const struct wf_record *record)
{
	return record->type == WEFT_EVENT_DATA ? record->stream_bytes : 0;
}

static inline struct wf_record *wf_record_at(const struct wf_queue *queue, uint64_t pos)
{
	return (struct wf_record *)(queue->ring + (pos & (queue->ring_bytes - 1)));
}

/* Add @amount to a counter that only the calling thread writes. */
static inline void wf_count_add(_Atomic uint64_t *counter, uint64_t amount)
{
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + amount,
			      memory_order_relaxed);
}

static inline uint64_t wf_count_get(const _Atomic uint64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

#endif
