/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wrap.h - wraps a frame of wire_build() as in other captures: in a tunnel, behind labels, with
 * another link type, padded, or captured cut first and whole later.
 *
 * For tests only. Like wire.h it shares no code with the decoder.
 */
#ifndef TESTS_FUZZ_WRAP_H
#define TESTS_FUZZ_WRAP_H

#include <stdint.h>

#include "packet/frame.h"

enum wrap_kind {
	WRAP_PADDED, /* bytes behind the datagram */
	WRAP_CUT,    /* first as captured with a short snap length, then whole */
	WRAP_MPLS,
	WRAP_PPPOE,
	WRAP_IP_IN_IP, /* 4 in 4, or 6 in 4 */
	WRAP_IP_IN_IP6,
	WRAP_GRE,
	WRAP_NVGRE,
	WRAP_ERSPAN_I,
	WRAP_ERSPAN_II,
	WRAP_ERSPAN_III,
	WRAP_VXLAN,
	WRAP_GENEVE_ETHERNET,
	WRAP_GENEVE_IP,
	WRAP_GTPU,
	WRAP_NESTED, /* VXLAN in GRE in IP in IPv6 */
	WRAP_RAW,
	WRAP_NULL,
	WRAP_LOOP,
	WRAP_SLL,
	WRAP_SLL2,
	WRAP_PPP,
};
#define WRAP_COUNT (WRAP_PPP + 1)

/* A wrapped frame is longer by at most this number of bytes. */
#define WRAP_BYTES_MAX 160u

struct wrapped {
	uint32_t cut_bytes; /* not 0: emit this many bytes first, then the whole frame */
	uint32_t len_bytes;
	enum weft_link link;
};

/*
 * Writes @frame, Ethernet without tags, to @room (@len and WRAP_BYTES_MAX bytes). @noise: bits that
 * may vary from frame to frame.
 */
struct wrapped wrap_frame(enum wrap_kind kind, const uint8_t *frame, uint32_t len, uint32_t noise,
			  uint8_t *room);

const char *wrap_kind_name(enum wrap_kind kind);

#endif
