/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stream.h - one direction of a connection: the bytes that are held, and the next offset.
 *
 * All positions are 64-bit stream offsets. A segment must have passed the TCP checks (tcp/). If the
 * segment is next in order, its member hold is false, and the stream holds nothing, only this
 * struct is accessed: insert() returns WF_STREAM_IN_ORDER and the caller delivers the bytes without
 * copying them. Other bytes are held (in the extent, in a page, or by a reference to the frame or
 * the mapped file) until pop() returns them or clear() drops them.
 *
 *        delivered or gap        held          hole     held
 *   0 ├──────────────────────┤▒▒▒▒▒▒▒▒▒▒▒├───────────┤▒▒▒▒▒▒▒┤
 *                         next_off                           end
 *
 * Each captured byte that was given to insert() is counted with one outcome. The caller counts the
 * bytes below next_off (below_bytes) as duplicates or as late bytes of a gap. The outcomes of the
 * other bytes:
 *
 *   payload_delivered    counted by the caller, for chunks of IN_ORDER and pop() that have bytes
 *   payload_overlap      counted by insert(): one of two copies of a byte was dropped
 *   payload_held         insert() adds to it; pop(), clear() and replacement subtract
 *   payload_no_memory    counted by insert() and pop(): could not be held or delivered
 *   payload_evicted, payload_unaccepted   counted by clear()
 *   If the result is LIMIT or SHORT, nothing was counted: the caller tries again, or counts the
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

/*
 * One direction of a connection. Each flow embeds two, so the struct is small. Zeroed storage is a
 * new stream at offset 0.
 */
struct wf_stream {
	/*
	 * next offset to deliver; all bytes below it were delivered or are a gap, which is reported
	 * at once or, beyond the limit of the direction, later (conn/limit.h)
	 */
	uint64_t next_off;
	/* slab id of the first extent of a list, or of the root of a tree; 0: no bytes are held */
	uint32_t extents;
	uint32_t held_cost; /* sum of the held extents' costs, see wf_stream_env.pages_max */
};
_Static_assert(sizeof(struct wf_stream) == 16, "every idle flow has two");

/* The environment that all streams of a worker share. */
struct wf_stream_env {
	struct wf_page_pool *pages;
	struct wf_slab *extents; /* slab of struct wf_extent */
	struct wf_metrics *metrics;

	/*
	 * Maximum of held_cost of one direction, in pages of WEFT_STREAM_PAGE_BYTES. A held segment
	 * counts its length plus WF_EXTENT_COST, wherever its bytes are stored. So the limit is the
	 * same for live traffic and files, and it also limits the number of tiny segments.
	 */
	uint32_t pages_max;
	uint32_t arrivals; /* arrival number of the next segment; wraps */
	/*
	 * true under memory pressure: of held segments, copy those that fill less than 2/3 of their
	 * receive frame; of delivered ones, those that fit in a small page (conn/events.c)
	 */
	bool leave_small;
	bool fixed; /* hold each segment in a page of its own of a fixed size (fixed_pages.h) */
};

/*
 * Maximum captured_bytes of a segment given to insert(): with struct fill (hold.c), it fits in the
 * largest page.
 */
#define WF_STREAM_SEGMENT_MAX_BYTES (WEFT_SPAN_BYTES - 16u)

struct wf_stream_segment {
	uint64_t off;
	const uint8_t *bytes;
	uint32_t len_bytes;
	/* number of captured bytes; less than len_bytes if the capture truncated the segment */
	uint32_t captured_bytes;
	uint64_t time_ns;
	/*
	 * the receiver acknowledged all bytes below this offset, so held bytes there never change
	 */
	uint64_t acked_off;
	/*
	 * borrowed; NULL if the bytes are lent, in a mapped file, or in memory that the application
	 * keeps
	 */
	struct wf_page *page;
	/* the bytes are valid during the call only, so bytes that are held are copied */
	bool is_lent;
	enum weft_overlap policy;
	bool hold; /* hold the segment even if it is next in order; never return IN_ORDER */
};

enum wf_stream_result {
	/* the caller delivers info->chunk, which is not held, and then calls pop() */
	WF_STREAM_IN_ORDER = 0,
	WF_STREAM_HELD,	     /* all or a part of the segment is held; pop() may return data */
	WF_STREAM_DUPLICATE, /* the segment contained no new bytes */
	/* the bytes could not be held for lack of memory, and were counted as payload_no_memory */
	WF_STREAM_NO_MEMORY,

	/*
	 * Nothing was done, because held_cost would exceed pages_max. The caller must give up the
	 * hole with skip() or, if there is none, call pop() with a limit beyond the acknowledged
	 * offset, and try again. Not returned if the stream holds nothing, if all bytes of the
	 * segment are held already, or if the segment begins at or before next_off and its member
	 * hold is false.
	 */
	WF_STREAM_LIMIT,
	/*
	 * nothing was done, as with WF_STREAM_LIMIT and with the same exceptions, because little
	 * memory is left
	 */
	WF_STREAM_SHORT,
};

/* A part of a stream that is next in order: data or a gap. */
struct wf_chunk {
	uint64_t off;
	uint64_t len_bytes;
	/* the data; NULL: a gap of len_bytes (from pop(): data lost because memory was missing) */
	const uint8_t *bytes;
	/*
	 * Data from pop(): one reference, owned by the caller, or NULL if the bytes are in no page
	 * (as in a mapped file). Data from insert(): the page member of the segment, borrowed.
	 */
	struct wf_page *page;
	bool is_lent;
	/* arrival time of the first segment that contained the chunk's first byte */
	uint64_t time_ns;
};

/*
 * Result of an insertion. chunk is set only with IN_ORDER, and the members after conflict only if
 * conflict is true.
 */
struct wf_insert_info {
	struct wf_chunk chunk; /* chunk to deliver; only with IN_ORDER */
	uint64_t below_bytes;  /* captured bytes below next_off; not with LIMIT and SHORT */
	bool overlap;	       /* the segment overlaps held bytes */
	/* the two copies of an overlapping byte differ */
	bool conflict;
	uint64_t conflict_off; /* stream offset of the first byte that differs */
	/* number of bytes from conflict_off up to and including the last byte that differs */
	uint64_t conflict_bytes;
	uint32_t shown_bytes; /* length of kept and lost, which begin at conflict_off */
	uint8_t kept[WEFT_CONFLICT_BYTES_MAX];
	uint8_t lost[WEFT_CONFLICT_BYTES_MAX];
};

/* Prefetch the extent that insert() reads first. */
void wf_stream_prefetch(const struct wf_stream *stream, const struct wf_stream_env *env);

/*
 * Prefetch the last extent, after which most segments are inserted, and the second one, which is
 * delivered after the first. This call reads the first extent. It does nothing if the extents are a
 * tree.
 */
void wf_stream_prefetch_ends(const struct wf_stream *stream, const struct wf_stream_env *env);

/*
 * Mark extent @id, and all extents that follow it without a hole, as final, because the receiver
 * has accepted their bytes. Does nothing unless @id begins at next_off or directly follows a final
 * extent. O(1) amortised, because the function stops at the first extent that is already final.
 */
void wf_stream_settle(const struct wf_stream *stream, const struct wf_stream_env *env, uint32_t id);

/* Call wf_stream_settle() for the extent at next_off, if there is one. */
void wf_stream_settle_next(const struct wf_stream *stream, const struct wf_stream_env *env);

/*
 * Remove extent @id, free it and subtract its cost from held_cost. The reference to its bytes
 * passes to the caller.
 */
void wf_stream_remove(struct wf_stream *stream, struct wf_stream_env *env, uint32_t id);

/* Return true if tree, costs and flags are consistent. */
bool wf_stream_is_valid(const struct wf_stream *stream, const struct wf_stream_env *env);

#endif
