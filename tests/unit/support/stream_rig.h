/* SPDX-License-Identifier: BSD-2-Clause */
/* stream_rig.h - one stream with its memory pools, and the bytes that it delivered. */
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
	uint32_t pages_max;	/* 0: weft's default */
	uint32_t extents_max;	/* maximum number of extents; 0: 1,000,000 */
	uint64_t arena_bytes;	/* 0: 32 MiB */
	uint64_t pages_bytes;	/* limit of the pool without its receive frames; 0: no limit */
	uint32_t out_bytes_max; /* 0: 4096 */
};

struct stream_rig {
	struct stream_rig_opts opts;
	struct wf_stream stream;
	struct wf_stream_env env;
	struct wf_arena *arena;
	struct wf_insert_info info; /* info about the latest segment */
	uint64_t acked_off;	    /* acked_off that is passed with each segment */
	uint64_t time_ns;	    /* time of the latest segment; increases by 1 with each */

	uint8_t *out;	/* delivered bytes, indexed by offset */
	uint8_t *known; /* for each offset: true if the byte was delivered */
	uint64_t offered_bytes;
	uint64_t below_bytes; /* offered bytes that lay below next_off */
	uint64_t gap_bytes;
	uint64_t chunks;

	uint8_t *files; /* bytes of mapped segments, valid until the end */
	uint64_t files_used;
};

struct stream_rig *stream_rig_new(const struct stream_rig_opts *opts);

/* Checks the ledger, clears the stream, and checks that all memory was given back. */
void stream_rig_free(struct stream_rig *rig);

/*
 * Insert a segment, and drain the stream unless opts.hold is set. Return: the result of the
 * insertion.
 */
enum wf_stream_result stream_rig_put(struct stream_rig *rig, uint64_t off, const uint8_t *bytes,
				     uint32_t len);

/* Like stream_rig_put(); only the first @captured bytes were captured. */
enum wf_stream_result stream_rig_put_cut(struct stream_rig *rig, uint64_t off, const uint8_t *bytes,
					 uint32_t len, uint32_t captured);

/* Pops all ready bytes below @limit_off. */
void stream_rig_drain(struct stream_rig *rig, uint64_t limit_off);

/* Assert that the counters add up to the number of offered bytes. */
void stream_rig_assert_ledger(const struct stream_rig *rig);

/* Return a pseudo-random number and advance @state. */
uint32_t stream_rig_random(uint64_t *state);

#endif
