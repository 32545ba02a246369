/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * decode_kinds.h - one frame of every kind that decode reads, and how to decode one strictly.
 *
 * Each kind carries the same segment: KIND_SRC port 40000 → KIND_DST port 80
 * (or the IPv6 pair), seq 1000, ack 2000, flags PSH ACK, payload KIND_DATA.
 */
#ifndef TESTS_UNIT_SUPPORT_DECODE_KINDS_H
#define TESTS_UNIT_SUPPORT_DECODE_KINDS_H

#include "decode/decode.h"
#include "unit/support/packet_builder.h"

#define KIND_SRC   "10.1.0.1"
#define KIND_DST   "10.1.0.2"
#define KIND_SRC6  "2001:db8:1::1"
#define KIND_DST6  "2001:db8:1::2"
#define KIND_DATA  "payload!?"
#define KIND_BYTES 9

struct decode_kind {
	const char *name;
	void (*build)(struct packet_builder *pb); /* all but what follows the last tunnel */
	bool ip6;				  /* the innermost header's version */
	uint16_t vlan[2];
	uint32_t vni;
};

extern const struct decode_kind decode_kinds[];
extern const unsigned int decode_kinds_count;

/* The whole frame of @kind. */
void decode_kind_build(const struct decode_kind *kind, struct packet_builder *pb);

extern const struct weft_hash_secret decode_secret;

/* A decoded copy of a frame, in memory of exactly its size, so that ASan sees one byte too far. */
struct decoded {
	struct wf_frame frame;
	struct wf_packet packet;
	enum wf_decode_result result;
	uint8_t *copy; /* owned; freed by decoded_fini() */
};

/* Decode, check what must hold for any frame, and that steer_hash() says the same. */
void decoded_init(struct decoded *decoded, const struct wf_frame *frame,
		  enum weft_checksum checksum);
void decoded_fini(struct decoded *decoded);

/* Result only. */
enum wf_decode_result decode_builder(const struct packet_builder *pb, enum weft_checksum checksum);

/* Key by the rule as the header states it: memcmp(), then port. Return: index of the sender. */
unsigned int decode_expected_key(const char *src, uint16_t src_port, const char *dst,
				 uint16_t dst_port, struct weft_flow_key *ret_key);

#endif
