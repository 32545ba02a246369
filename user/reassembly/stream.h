/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stream.h - one direction of a connection: the bytes that are held, and the next offset.
 *
 * It works on 64-bit stream offsets; tcp/ has already decided what a segment means for TCP. An
 * in-order segment passes through without touching memory other than the struct: insert() returns
 * WF_STREAM_IN_ORDER and the caller delivers the bytes from where they are. Everything else is held
 * (in a page or by a reference to the frame) until pop() returns it.
 *
 *        delivered or gap        held          hole     held
 *   0 ├──────────────────────┤▒▒▒▒▒▒▒▒▒▒▒├───────────┤▒▒▒▒▒▒▒┤
 *                         next_off                           end
 *
 * Each captured byte that was given to insert() is counted with one outcome:
 *
 *   payload_delivered    the caller, for chunks of IN_ORDER and of pop() that have bytes
 *   payload_duplicate    insert(): lies below next_off
 *   payload_overlap      insert(): this or the held copy of a byte lost against the other
 *   payload_held         insert() adds, pop(), clear() and replacement subtract
 *   payload_no_memory    insert() and pop(): could not be held or delivered
 *   payload_evicted, payload_unaccepted   clear()
 *   If the result is WF_STREAM_LIMIT, nothing was counted: the caller tries again, or counts the
 *   captured_bytes of the segment.
 *
 * Thread: the worker that owns the flow.
 */
#ifndef WF_REASSEMBLY_STREAM_H
#define WF_REASSEMBLY_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include <weft/event.h>
#include <weft/opts.h>

#include "base/assert.h"
#include "metrics/metrics.h"
#include "reassembly/extent.h"

struct wf_page;
struct wf_page_pool;

/* Embedded twice in each flow: keep it small. All zero is a new stream at offset 0. */
struct wf_stream {
	uint64_t next_off;  /* all bytes below it were delivered or are in a gap */
	uint32_t extents;   /* slab id: root of the ordered set of held ranges, 0: none */
	uint32_t held_cost; /* cost of the held ranges, see wf_stream_env.pages_max */
};
_Static_assert(sizeof(struct wf_stream) == 16, "every idle flow has two");

/* The environment that all streams of a worker share. */
struct wf_stream_env {
	struct wf_page_pool *pages;
	struct wf_slab *extents; /* slab of objects of WF_EXTENT_BYTES */
	struct wf_metrics *metrics;

	/*
	 * Most pages, of WEFT_STREAM_PAGE_BYTES, that one stream may hold. A held segment counts
	 * its length and WF_EXTENT_COST, however its bytes are stored: the limit is the same for
	 * live traffic and files, and many tiny segments reach it too.
	 */
	uint32_t pages_max;
	uint32_t arrivals; /* order of arrival of held segments; wraps */
	bool leave_small;  /* memory pressure: small segments don't stay in receive frames */
	bool fixed;	   /* use fixed_pages.h */
};

struct wf_stream_segment {
	uint64_t off;
	const uint8_t *bytes;
	uint32_t len_bytes;
	/* less than len_bytes if the capture was cut; the rest may come again */
	uint32_t captured_bytes;
	uint64_t time_ns;
	uint64_t acked_off;   /* the receiver acknowledged all bytes below: held ones are final */
	struct wf_page *page; /* borrowed; NULL if the bytes are in a mapped file */
	enum weft_overlap policy;
	bool hold; /* never IN_ORDER: hold the segment even if it is next in order */
};

enum wf_stream_result {
	WF_STREAM_IN_ORDER = 0, /* deliver the chunk now (it is not held), then call pop() */
	WF_STREAM_HELD,		/* all or part is held; pop() may return data */
	WF_STREAM_DUPLICATE,	/* contained no new bytes */
	WF_STREAM_NO_MEMORY,	/* could not be held; counted */

	/*
	 * Nothing was done, because the stream would hold more than pages_max. The caller gives up
	 * the hole with skip() or, if there is none, calls pop() beyond the acknowledgement, and
	 * tries again. Not returned if the stream holds nothing, or if the segment is next in
	 * order.
	 */
	WF_STREAM_LIMIT,
	WF_STREAM_SHORT, /* as WF_STREAM_LIMIT, because little memory is left */
};

/* A piece of a stream that is next in order. */
struct wf_chunk {
	uint64_t off;
	uint64_t len_bytes;
	const uint8_t *bytes; /* NULL: gap of len_bytes (from pop(): lost for lack of memory) */
	/*
	 * Data from pop(): one reference, owned by the caller, or NULL for a mapped file. Data from
	 * insert(): the page of the segment.
	 */
	struct wf_page *page;
	uint64_t time_ns; /* time of the segment that first brought its first byte */
};

/* The overlaps of an insertion. IN_ORDER without overlap writes only chunk and overlap. */
struct wf_insert_info {
	struct wf_chunk chunk;	 /* chunk to deliver; only with IN_ORDER */
	bool overlap;		 /* the segment overlaps held bytes */
	bool conflict;		 /* the copies differ; only then the members below are valid */
	uint64_t conflict_off;	 /* first byte that differs */
	uint64_t conflict_bytes; /* length from there to the last byte that differs */
	uint32_t shown_bytes;	 /* length of kept and lost, which begin at conflict_off */
	uint8_t kept[WEFT_CONFLICT_BYTES_MAX];
	uint8_t lost[WEFT_CONFLICT_BYTES_MAX];
};

/* Load the held object that insert() reads first. */
void wf_stream_prefetch(const struct wf_stream *stream, const struct wf_stream_env *env);

/*
 * Mark extent @id and all that follow it without a hole as final, if @id is next in order or
 * directly follows an extent that waits in order: the receiver has accepted these bytes. O(1)
 * amortised, since each extent becomes final once.
 */
void wf_stream_settle(const struct wf_stream *stream, const struct wf_stream_env *env, uint32_t id);

/* As wf_stream_settle(), for the extent at next_off, if there is one. */
void wf_stream_settle_next(const struct wf_stream *stream, const struct wf_stream_env *env);

/* Remove extent @id, free the object and subtract its cost; the caller owns its bytes. */
void wf_stream_remove(struct wf_stream *stream, struct wf_stream_env *env, uint32_t id);

/* Return true if tree, costs and flags agree. */
bool wf_stream_is_valid(const struct wf_stream *stream, const struct wf_stream_env *env);

#endif
