/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stream.h - one direction of a connection: which bytes are held, which come next.
 *
 * Works on 64-bit stream offsets; TCP's meaning of a segment was decided before.
 * An in-order segment passes through without touching memory other than the
 * struct: insert() answers WF_STREAM_IN_ORDER and the caller hands the bytes on
 * from where they are. Everything else is held (page or reference to the frame)
 * and comes out of pop().
 *
 *        delivered or gap        held          hole     held
 *   0 ├──────────────────────┤▒▒▒▒▒▒▒▒▒▒▒├───────────┤▒▒▒▒▒▒▒┤
 *                         next_off                           end
 *
 * Thread: the worker that owns the flow.
 */
#ifndef WF_REASSEMBLY_STREAM_H
#define WF_REASSEMBLY_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include <weft/event.h>
#include <weft/opts.h>

struct wf_metrics;
struct wf_page;
struct wf_page_pool;
struct wf_slab;

/* Embedded in a flow, twice: keep it small. All zero is a fresh stream at offset 0. */
struct wf_stream {
	uint64_t next_off;   /* all below was handed on, as data or as gap */
	uint32_t extents;    /* slab id: root of the ordered set of held ranges, 0: none */
	uint16_t held_pages; /* against the limit */
	uint16_t flags;
};

/* What a worker's streams share. */
struct wf_stream_env {
	struct wf_page_pool *pages;
	struct wf_slab *extents;
	struct wf_metrics *metrics;
	uint32_t pages_max; /* of one stream */
};

struct wf_stream_segment {
	uint64_t off;
	const uint8_t *bytes;
	uint32_t len_bytes;
	uint32_t captured_bytes; /* < len_bytes: the capture was cut; the rest may come again */
	uint64_t time_ns;
	struct wf_page *page; /* borrowed; NULL: mapped file */
	enum weft_overlap policy;
	bool hold; /* don't answer IN_ORDER: deliver only after acknowledgement */
};

enum wf_stream_result {
	WF_STREAM_IN_ORDER = 0, /* hand on ret->chunk now (not held), then pop() */
	WF_STREAM_HELD,		/* all or part is held; pop() may have something */
	WF_STREAM_DUPLICATE,	/* brought nothing new */
	WF_STREAM_NO_MEMORY,	/* could not be held; counted */
	WF_STREAM_LIMIT,	/* the page limit: a hole must be given up first, then try again */
};

/* A piece that comes next. */
struct wf_chunk {
	uint64_t off;
	uint64_t len_bytes;
	const uint8_t *bytes; /* NULL: a gap of len_bytes */
	struct wf_page *page; /* DATA from pop(): one reference, now the caller's; from insert():
				 the segment's */
	uint64_t time_ns;     /* of the segment that brought it */
};

/* What inserting met. */
struct wf_insert_info {
	struct wf_chunk chunk; /* of IN_ORDER */
	bool overlap;	       /* met bytes held */
	bool conflict;	       /* ... that differ */
	uint64_t conflict_off; /* first difference, and its length */
	uint64_t conflict_bytes;
	uint32_t shown_bytes; /* of both versions below */
	uint8_t kept[WEFT_CONFLICT_BYTES_MAX];
	uint8_t lost[WEFT_CONFLICT_BYTES_MAX];
};

/* Counts payload_duplicate, payload_overlap, payload_held, payload_no_memory bytes itself. */
enum wf_stream_result wf_stream_insert(struct wf_stream *stream, const struct wf_stream_env *env,
				       const struct wf_stream_segment *segment,
				       struct wf_insert_info *ret_info);

/*
 * Take the next piece of held data that starts at next_off and below @limit_off
 * (UINT64_MAX, or what was acknowledged). Return: false: nothing is ready.
 */
bool wf_stream_pop(struct wf_stream *stream, const struct wf_stream_env *env, uint64_t limit_off,
		   struct wf_chunk *ret_chunk);

/* Is something held beyond next_off, and where does the first of it begin? */
bool wf_stream_first_held(const struct wf_stream *stream, const struct wf_stream_env *env,
			  uint64_t *ret_off, uint64_t *ret_time_ns);

/*
 * Give up the hole at next_off up to @to_off or to the first held byte, whichever
 * is smaller. Return: false: there is no hole before @to_off.
 */
bool wf_stream_skip(struct wf_stream *stream, const struct wf_stream_env *env, uint64_t to_off,
		    struct wf_chunk *ret_gap);

/* Drop all that is held, counting it as @evicted: payload_evicted, else payload_unaccepted. */
void wf_stream_clear(struct wf_stream *stream, const struct wf_stream_env *env, bool evicted);

#endif
