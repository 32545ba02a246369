/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wrap.h - a frame of wire_build() the way other captures show it: in a tunnel, behind labels,
 * with another link type, padded, or cut short before it is seen whole.
 *
 * For tests only, and like wire.h without any line of the decoder's.
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

/* A wrapped frame is at most so much longer. */
#define WRAP_BYTES_MAX 160u

struct wrapped {
	uint32_t cut_bytes; /* not 0: show so many first, then all */
	uint32_t len_bytes;
	enum weft_link link;
};

/*
 * Write @frame, Ethernet without tags, to @room (@len and WRAP_BYTES_MAX bytes). @noise: bits that
 * may vary from frame to frame.
 */
struct wrapped wrap_frame(enum wrap_kind kind, const uint8_t *frame, uint32_t len, uint32_t noise,
			  uint8_t *room);

const char *wrap_kind_name(enum wrap_kind kind);

#endif
