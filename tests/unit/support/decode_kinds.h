/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * decode_kinds.h - builds one frame of every kind that decode reads, and decodes it strictly.
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
	/* all bytes up to the end of the last tunnel header */
	void (*build)(struct packet_builder *pb);
	bool ip6; /* the innermost header's version */
	uint16_t vlan[2];
	uint32_t vni;
};

extern const struct decode_kind decode_kinds[];
extern const unsigned int decode_kinds_count;

/* Builds the whole frame of @kind. */
void decode_kind_build(const struct decode_kind *kind, struct packet_builder *pb);

extern const struct weft_hash_secret decode_secret;

/*
 * A decoded copy of a frame in memory of exactly its size: ASan finds a read of one byte too many.
 */
struct decoded {
	struct wf_frame frame;
	struct wf_packet packet;
	enum wf_decode_result result;
	uint8_t *copy; /* owned; freed by decoded_fini() */
};

/* Decodes, checks the invariants of any frame, and checks that steer_hash() agrees. */
void decoded_init(struct decoded *decoded, const struct wf_frame *frame,
		  enum weft_checksum checksum);
void decoded_fini(struct decoded *decoded);

/* Returns only the result of decoding. */
enum wf_decode_result decode_builder(const struct packet_builder *pb, enum weft_checksum checksum);

/* Computes the key by the rule in the header: memcmp(), then port. Return: index of the sender. */
unsigned int decode_expected_key(const char *src, uint16_t src_port, const char *dst,
				 uint16_t dst_port, struct weft_flow_key *ret_key);

#endif
