/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * decode_kinds.h - builds one frame of every kind that decode reads, and decodes frames with checks
 * of the result.
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
	/* appends all headers before the innermost IP header; of two kinds, also that header */
	void (*build)(struct packet_builder *pb);
	bool ip6; /* true: the innermost IP header is IPv6 */
	uint16_t vlan[2];
	uint32_t vni;
	bool replay_only; /* the kernel programs do not read this kind */
};

extern const struct decode_kind decode_kinds[];
extern const unsigned int decode_kinds_count;

/* Builds the whole frame of @kind. */
void decode_kind_build(const struct decode_kind *kind, struct packet_builder *pb);

/* Return true if the kernel programs read @kind, whose frame is in @pb. */
bool decode_kind_is_for_kernel(const struct decode_kind *kind, const struct packet_builder *pb);

extern const struct weft_hash_secret decode_secret;

/*
 * A decoded copy of a frame. The memory has exactly the frame's size, so that ASan detects a read
 * beyond the end.
 */
struct decoded {
	struct wf_frame frame;
	struct wf_packet packet;
	enum wf_decode_result result;
	uint8_t *copy; /* owned; freed by decoded_fini() */
};

/*
 * Decodes the frame; checks the invariants of the result, and that wf_decode_steer_hash() agrees.
 */
void decoded_init(struct decoded *decoded, const struct wf_frame *frame,
		  enum weft_checksum checksum);
void decoded_fini(struct decoded *decoded);

/* Decodes the builder's frame and returns only the result. */
enum wf_decode_result decode_builder(const struct packet_builder *pb, enum weft_checksum checksum);

/*
 * Computes the expected key: endpoints are ordered by memcmp() of the address, then by port.
 * Return: index of the sender.
 */
unsigned int decode_expected_key(const char *src, uint16_t src_port, const char *dst,
				 uint16_t dst_port, struct weft_flow_key *ret_key);

#endif
