/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * overlap_model.h - a slow model of the bytes that a receiver delivers from overlapping segments.
 *
 * The model follows the published rules (user/reassembly/README.md) and shares no code with the
 * code under test. A receiver that trims segments is an array of bytes with the owner of each byte.
 * A receiver that keeps whole segments is a list of segments.
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
	} * list[MODEL_SEGMENTS_MAX]; /* list of whole segments, ordered by start */
	int list_len;
	int arrivals;
};

struct overlap_model *overlap_model_new(enum weft_overlap policy);
void overlap_model_free(struct overlap_model *model);

/* Models the arrival of a segment with @len bytes at offset @off. */
void overlap_model_put(struct overlap_model *model, int off, const uint8_t *bytes, int len);

/* Returns the byte at @off that the receiver would deliver; -1 if there is none. */
int overlap_model_get(const struct overlap_model *model, int off);

/*
 * Return: true if the newer of two overlapping segments wins, by the published table of the 9
 * relations.
 */
int overlap_model_newer_wins(enum weft_overlap policy, int held_start, int held_end, int new_start,
			     int new_end);

#endif
