/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stream_rig.h - a stream with all that it needs, and what came out of it.
 */
#ifndef TESTS_UNIT_SUPPORT_STREAM_RIG_H
#define TESTS_UNIT_SUPPORT_STREAM_RIG_H

#include <stdbool.h>
#include <stdint.h>

#include "reassembly/stream.h"

struct wf_arena;

enum stream_rig_source {
	STREAM_RIG_MAPPED = 0, /* bytes of a file: no page */
	STREAM_RIG_FRAMES,     /* received frames of 2048 bytes, returned after the call */
};

struct stream_rig_opts {
	enum stream_rig_source source;
	enum weft_overlap policy;
	bool hold;
	bool fixed;
	uint32_t pages_max;	/* 0: the default */
	uint32_t extents_max;	/* 0: plenty */
	uint64_t arena_bytes;	/* 0: 32 MiB */
	uint64_t pages_bytes;	/* of the pool besides its frames; 0: no limit */
	uint32_t out_bytes_max; /* 0: 4096 */
};

struct stream_rig {
	struct stream_rig_opts opts;
	struct wf_stream stream;
	struct wf_stream_env env;
	struct wf_arena *arena;
	struct wf_insert_info info; /* of the last segment */
	uint64_t acked_off;	    /* given with each segment */
	uint64_t time_ns;	    /* likewise, one more each time */

	uint8_t *out;	/* delivered, by offset */
	uint8_t *known; /* ... where it was */
	uint64_t offered_bytes;
	uint64_t gap_bytes;
	uint64_t chunks;

	uint8_t *files; /* bytes of mapped segments stay until the end */
	uint64_t files_used;
};

struct stream_rig *stream_rig_new(const struct stream_rig_opts *opts);

/* Checks the ledger, clears the stream, and that all memory has come back. */
void stream_rig_free(struct stream_rig *rig);

/* Insert; hands on what insert() answers, and drains unless opts.hold. */
enum wf_stream_result stream_rig_put(struct stream_rig *rig, uint64_t off, const uint8_t *bytes,
				     uint32_t len);

/* The same with a capture cut to @captured bytes. */
enum wf_stream_result stream_rig_put_cut(struct stream_rig *rig, uint64_t off, const uint8_t *bytes,
					 uint32_t len, uint32_t captured);

/* Pop all that is ready below @limit_off. */
void stream_rig_drain(struct stream_rig *rig, uint64_t limit_off);

/* Do the counters sum to what was offered? */
void stream_rig_assert_ledger(const struct stream_rig *rig);

/* A small, fast, seeded generator. */
uint32_t stream_rig_random(uint64_t *state);

#endif
