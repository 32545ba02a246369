/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stream.h - one direction of a connection: the bytes that are held, and the next offset.
 *
 * It works on 64-bit stream offsets; the meaning of a segment for TCP was decided before.
 * An in-order segment passes through without touching memory other than the
 * struct: insert() returns WF_STREAM_IN_ORDER and the caller delivers the bytes from where they
 * are. Everything else is held (in a page or by a reference to the frame) and comes out of pop().
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
 *   payload_no_memory    insert() and pop(): could not be held, or not be handed on
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

/* Embedded in a flow, twice: keep it small. All zero is a fresh stream at offset 0. */
struct wf_stream {
	uint64_t next_off;  /* everything below was delivered or is in a gap */
	uint32_t extents;   /* slab id: root of the ordered set of held ranges, 0: none */
	uint32_t held_cost; /* against the limit, see wf_stream_env.pages_max */
};
_Static_assert(sizeof(struct wf_stream) == 16, "every idle flow has two");

/* The environment that all streams of a worker share. */
struct wf_stream_env {
	struct wf_page_pool *pages;
	struct wf_slab *extents; /* of objects of WF_EXTENT_BYTES */
	struct wf_metrics *metrics;

	/*
	 * Of one stream, each of WEFT_STREAM_PAGE_BYTES. A held segment counts its length and
	 * WF_EXTENT_COST, however its bytes are stored: so the limit acts alike on live
	 * traffic and on files, and many tiny segments reach it too.
	 */
	uint32_t pages_max;
	uint32_t arrivals; /* of held segments, counts round */
	bool leave_small;  /* memory pressure: small segments don't stay in receive frames */
	bool fixed;	   /* see fixed_pages.h */
};

struct wf_stream_segment {
	uint64_t off;
	const uint8_t *bytes;
	uint32_t len_bytes;
	uint32_t captured_bytes; /* < len_bytes: the capture was cut; the rest may come again */
	uint64_t time_ns;
	uint64_t acked_off;   /* the receiver acknowledged all below: held bytes there are final */
	struct wf_page *page; /* borrowed; NULL: mapped file */
	enum weft_overlap policy;
	bool hold; /* never IN_ORDER: deliver only after acknowledgement */
};

enum wf_stream_result {
	WF_STREAM_IN_ORDER = 0, /* hand on ret->chunk now (not held), then pop() */
	WF_STREAM_HELD,		/* all or part is held; pop() may have something */
	WF_STREAM_DUPLICATE,	/* brought nothing new */
	WF_STREAM_NO_MEMORY,	/* could not be held; counted */

	/*
	 * Nothing was done: more would be held than pages_max. Give up the hole with
	 * skip(), or, if there is none, pop() beyond the acknowledgement; try again.
	 * Never answered by a stream that holds nothing, nor to a segment that is next.
	 */
	WF_STREAM_LIMIT,
	WF_STREAM_SHORT, /* likewise: of all memory little is left */
};

/* A piece that comes next. */
struct wf_chunk {
	uint64_t off;
	uint64_t len_bytes;
	const uint8_t *bytes; /* NULL: a gap of len_bytes (from pop(): lost for want of memory) */
	struct wf_page *page; /* DATA from pop(): one reference, now the caller's, or NULL: mapped
				 file; from insert(): the segment's */
	uint64_t time_ns;     /* of the segment that brought its first byte first */
};

/* The overlaps of an insertion. IN_ORDER without overlap writes only chunk and overlap. */
struct wf_insert_info {
	struct wf_chunk chunk;	 /* of IN_ORDER */
	bool overlap;		 /* met bytes held */
	bool conflict;		 /* the two copies differ; the rest is valid only then */
	uint64_t conflict_off;	 /* first byte that differs */
	uint64_t conflict_bytes; /* from there to behind the last byte that differs */
	uint32_t shown_bytes;	 /* of both versions below, from conflict_off on */
	uint8_t kept[WEFT_CONFLICT_BYTES_MAX];
	uint8_t lost[WEFT_CONFLICT_BYTES_MAX];
};

/* Load the held object that insert() reads first. */
void wf_stream_prefetch(const struct wf_stream *stream, const struct wf_stream_env *env);

/*
 * If the held extent @id is next in order, or directly behind one that waits in
 * order, then the receiver has taken it and all that follows without a hole: it
 * is final. O(1) amortised, since each extent becomes final once.
 */
void wf_stream_settle(const struct wf_stream *stream, const struct wf_stream_env *env, uint32_t id);

/* The same for the extent at next_off, if there is one. */
void wf_stream_settle_next(const struct wf_stream *stream, const struct wf_stream_env *env);

/* Take @id out and put the object, with its cost; its bytes are the caller's. */
void wf_stream_remove(struct wf_stream *stream, struct wf_stream_env *env, uint32_t id);

/* Do tree, costs and flags agree? */
bool wf_stream_is_valid(const struct wf_stream *stream, const struct wf_stream_env *env);

#endif
