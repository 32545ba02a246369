/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stream_rig.h - one stream with all that it needs, and the bytes that it delivered.
 */
#ifndef TESTS_UNIT_SUPPORT_STREAM_RIG_H
#define TESTS_UNIT_SUPPORT_STREAM_RIG_H

#include <stdbool.h>
#include <stdint.h>

#include "reassembly/stream.h"

struct wf_arena;

enum stream_rig_source {
	STREAM_RIG_MAPPED = 0, /* bytes lie in a mapped file: no page */
	/* receive frames of 2048 bytes; the frame is returned after the call */
	STREAM_RIG_FRAMES,
};

struct stream_rig_opts {
	enum stream_rig_source source;
	enum weft_overlap policy;
	bool hold;
	bool fixed;
	uint32_t pages_max;	/* 0: the default */
	uint32_t extents_max;	/* 0: no shortage */
	uint64_t arena_bytes;	/* 0: 32 MiB */
	uint64_t pages_bytes;	/* limit of the pool besides its frames; 0: no limit */
	uint32_t out_bytes_max; /* 0: 4096 */
};

struct stream_rig {
	struct stream_rig_opts opts;
	struct wf_stream stream;
	struct wf_stream_env env;
	struct wf_arena *arena;
	struct wf_insert_info info; /* of the latest segment */
	uint64_t acked_off;	    /* passed with each segment */
	uint64_t time_ns;	    /* passed with each segment, one higher each time */

	uint8_t *out;	/* delivered, by offset */
	uint8_t *known; /* is the byte delivered? by offset */
	uint64_t offered_bytes;
	uint64_t gap_bytes;
	uint64_t chunks;

	uint8_t *files; /* bytes of mapped segments stay valid until the end */
	uint64_t files_used;
};

struct stream_rig *stream_rig_new(const struct stream_rig_opts *opts);

/* Checks the ledger, clears the stream, and checks that all memory was given back. */
void stream_rig_free(struct stream_rig *rig);

/* Inserts; returns the result of insert(), and drains unless opts.hold is set. */
enum wf_stream_result stream_rig_put(struct stream_rig *rig, uint64_t off, const uint8_t *bytes,
				     uint32_t len);

/* Inserts a segment of which only @captured bytes were captured. */
enum wf_stream_result stream_rig_put_cut(struct stream_rig *rig, uint64_t off, const uint8_t *bytes,
					 uint32_t len, uint32_t captured);

/* Pops all ready bytes below @limit_off. */
void stream_rig_drain(struct stream_rig *rig, uint64_t limit_off);

/* Do the counters add up to the offered bytes? */
void stream_rig_assert_ledger(const struct stream_rig *rig);

/* A small, fast, seeded generator. */
uint32_t stream_rig_random(uint64_t *state);

#endif
