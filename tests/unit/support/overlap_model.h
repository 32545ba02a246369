/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * overlap_model.h - a slow model of the bytes that a receiver delivers from overlapping segments.
 *
 * Written from the published rules (user/reassembly/README.md) without looking
 * at the code under test: receivers that cut are an array of bytes, each of
 * which knows its owner; receivers that keep segments whole are a list of them.
 */
#ifndef TESTS_UNIT_SUPPORT_OVERLAP_MODEL_H
#define TESTS_UNIT_SUPPORT_OVERLAP_MODEL_H

#include <stdint.h>

#include <weft/opts.h>

#define MODEL_BYTES_MAX	   4096
#define MODEL_SEGMENTS_MAX 512

struct overlap_model {
	enum weft_overlap policy;
	int next; /* all bytes below were accepted in order and never change */

	int owner[MODEL_BYTES_MAX]; /* index of the segment whose copy is kept; -1: hole */
	uint8_t bytes[MODEL_BYTES_MAX];

	struct model_segment {
		int start, end, arrival;
		uint8_t bytes[MODEL_BYTES_MAX];
	} * list[MODEL_SEGMENTS_MAX]; /* whole segments by start */
	int list_len;
	int arrivals;
};

struct overlap_model *overlap_model_new(enum weft_overlap policy);
void overlap_model_free(struct overlap_model *model);

/* A segment of @len bytes arrives for offset @off. */
void overlap_model_put(struct overlap_model *model, int off, const uint8_t *bytes, int len);

/* The byte at @off as the receiver would deliver it, or -1. */
int overlap_model_get(const struct overlap_model *model, int off);

/* Does the newer of two overlapping segments win, by the published table of the 9 relations? */
int overlap_model_newer_wins(enum weft_overlap policy, int held_start, int held_end, int new_start,
			     int new_end);

#endif
