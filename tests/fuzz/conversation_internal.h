/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conversation_internal.h - the state of one conversation while it is made, shared by the files
 * that make it.
 *
 *   conversation.c  runs the steps in order: choose, play, capture, render, truth
 *   choose.c        chooses the kinds, addresses and details of the conversation
 *   sim.c           simulates both endpoints
 *   tapped.c        chooses the packets that are captured
 *   render.c        makes the frames of the captured packets
 *   dress.c         adds options, ECN flags and urgent pointers
 *   noise.c         adds forged segments that no receiver accepts
 *   truth.c         computes the bytes that weft must deliver
 *   family.c        finds the features of TCP that the conversation has
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

/* Additional contents of segments, with the percentage of segments that have each of them. */
struct dress {
	enum dress_ecn ecn;
	uint32_t urgent_percent;    /* of the segments with ACK, without SYN and RST */
	uint32_t options_percent;   /* of all segments: those with further options */
	uint32_t malformed_percent; /* of the segments with further options: wrong lists */
	bool is_ending;		    /* a FIN or RST was captured: the capture may end soon */
};

struct maker {
	struct conv_batch *batch;
	const struct conv_options *opts;
	struct rng rng;
	uint32_t kinds; /* CONV_*: chosen kinds */
	struct sim_opts sim;
	struct dress dress;
	struct sim_capture capture;
	bool *dropped;	   /* for each packet of capture: true if the tap missed it */
	uint64_t families; /* 1ull << enum conv_family */
	uint64_t reuse;	   /* families of the next use of the four-tuple */
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

/* Returns the initial sequence number from which the sequence offset of @packet counts. */
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

/* Returns a random subset of @allowed, a set of CONV_*; CONV_EARLY always adds CONV_SKEW. */
uint32_t choose_kinds(struct rng *rng, uint32_t allowed);

/* Chooses addresses, ports and tags of the @index-th conversation of the batch. */
void choose_tuple(struct maker *maker, uint32_t index);

/* Chooses at random all details of one use of the four-tuple, from maker->kinds. */
void choose_play(struct maker *maker, uint64_t start_ns);

/* ---- tapped.c ---- */

/* Sets maker->dropped, and the times at which the tap saw the other packets. */
void tapped_choose(struct maker *maker);

/* ---- render.c ---- */

void conv_add_frame(struct maker *maker, uint64_t time_ns, const struct wire_segment *segment);
void conv_address_segment(const struct maker *maker, int from, struct wire_segment *segment);
void render_packet(struct maker *maker, const struct sim_packet *packet);

/* ---- truth.c ---- */

void truth_fill(struct maker *maker, struct conv_truth *truth);

/* ---- dress.c ---- */

void dress_choose(struct maker *maker);

/* @room: memory for the options; must stay valid as long as @segment. */
void dress_segment(struct maker *maker, const struct sim_packet *packet,
		   struct wire_segment *segment, uint8_t room[WIRE_OPTIONS_MAX]);

/* ---- noise.c ---- */

/*
 * Adds segments that neither side sent. weft must report or ignore them; it must not accept them.
 */
void noise_add(struct maker *maker);

/* ---- family.c ---- */

/* Sets maker->families to the families that the captured packets belong to. */
void family_look(struct maker *maker);

#endif
