/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conversation_internal.h - one conversation under way, shared by the files that make it.
 *
 *   conversation.c  one after the other: choose, play, capture, render, tell
 *   choose.c        what happens in it
 *   sim.c           plays it
 *   tapped.c        which of its packets were captured
 *   render.c        the frames of these
 *   dress.c         what its segments carry besides: options, ECN, urgent pointers
 *   noise.c         segments between them that no receiver accepts
 *   truth.c         what weft must deliver
 *   family.c        which items of TCP it is an example of
 */
#ifndef TESTS_FUZZ_CONVERSATION_INTERNAL_H
#define TESTS_FUZZ_CONVERSATION_INTERNAL_H

#include <weft/event.h>

#include "fuzz/conversation.h"
#include "fuzz/family.h"
#include "fuzz/sim.h"
#include "fuzz/wire.h"

enum dress_ecn {
	DRESS_ECN_NONE = 0,
	DRESS_ECN_CLASSIC,  /* RFC 3168 */
	DRESS_ECN_ACCURATE, /* RFC 9768 */
};

/* What a conversation's segments carry besides, in percent of them. */
struct dress {
	enum dress_ecn ecn;
	uint32_t urgent_percent;
	uint32_t options_percent;   /* well formed, known or not */
	uint32_t malformed_percent; /* of lists that break off */
	bool is_ending;		    /* what comes from now on may be too late to be seen */
};

struct maker {
	struct conv_batch *batch;
	const struct conv_options *opts;
	struct rng rng;
	uint32_t kinds; /* chosen */
	struct sim_opts sim;
	struct dress dress;
	struct sim_capture capture;
	bool *dropped;	   /* a flag for each packet of capture */
	uint64_t families; /* 1u << enum conv_family */
	uint64_t reuse;	   /* ... of the use that comes next */
	uint8_t ip_version;
	uint8_t addr[2][16];
	uint16_t port[2];
	uint16_t vlan[2];
	uint32_t truth;
};

static inline uint64_t conv_payload_start(const struct sim_packet *packet)
{
	return packet->off + (packet->flags & WIRE_SYN ? 1 : 0) - 1;
}

/* The initial number that @packet carries. */
static inline uint32_t conv_isn_of(const struct maker *maker, const struct sim_packet *packet)
{
	const struct sim_side_opts *side = &maker->sim.side[packet->from];

	return packet->first_syn ? side->other_isn : side->isn;
}

/* ---- conversation.c ---- */

static inline struct conv_truth *conv_truth_of(const struct maker *maker)
{
	return &maker->batch->truths[maker->truth];
}

/* ---- choose.c ---- */

/* Some of @allowed, which is a set of CONV_*. */
uint32_t choose_kinds(struct rng *rng, uint32_t allowed);

/* Addresses, ports and tags of the @index-th conversation of the batch. */
void choose_tuple(struct maker *maker, uint32_t index);

/* All of one use of the four-tuple that is left to chance, from maker->kinds. */
void choose_play(struct maker *maker, uint64_t start_ns);

/* ---- tapped.c ---- */

/* Set maker->dropped, and when the tap saw the others. */
void tapped_choose(struct maker *maker);

/* ---- render.c ---- */

void conv_add_frame(struct maker *maker, uint64_t time_ns, const struct wire_segment *segment);
void conv_address_segment(const struct maker *maker, int from, struct wire_segment *segment);
void render_packet(struct maker *maker, const struct sim_packet *packet);

/* ---- truth.c ---- */

void truth_tell(struct maker *maker, struct conv_truth *truth);

/* ---- dress.c ---- */

void dress_choose(struct maker *maker);

/* @room: for options, as long as @segment is used. */
void dress_segment(struct maker *maker, const struct sim_packet *packet,
		   struct wire_segment *segment, uint8_t room[WIRE_OPTIONS_MAX]);

/* ---- noise.c ---- */

/* Segments of neither side; to be told or to be ignored, but never to be believed. */
void noise_add(struct maker *maker);

/* ---- family.c ---- */

/* What of this conversation was captured makes it an example of these families. */
void family_look(struct maker *maker);

#endif
