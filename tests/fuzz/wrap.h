/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wrap.h - wraps a frame of wire_build() as other networks do: in a tunnel, behind MPLS labels,
 * with another link type, with padding, or captured first truncated and then whole.
 *
 * For tests only. Like wire.h, this code shares nothing with the decoder.
 */
#ifndef TESTS_FUZZ_WRAP_H
#define TESTS_FUZZ_WRAP_H

#include <stdint.h>

#include "packet/frame.h"

enum wrap_kind {
	WRAP_PADDED, /* padding after the datagram */
	WRAP_CUT,    /* first truncated as by a short snap length, then whole */
	WRAP_MPLS,
	WRAP_PPPOE,
	WRAP_IP_IN_IP, /* IPv4 in IPv4, or IPv6 in IPv4 */
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

/* Maximum number of bytes by which a wrapped frame is longer. */
#define WRAP_BYTES_MAX 160u

struct wrapped {
	uint32_t cut_bytes; /* if not 0: send the first cut_bytes bytes, then the whole frame */
	uint32_t len_bytes;
	enum weft_link link;
};

/*
 * Writes @frame, Ethernet without tags, to @room (at least @len + WRAP_BYTES_MAX bytes), wrapped as
 * @kind. @noise: bits that may vary from frame to frame.
 */
struct wrapped wrap_frame(enum wrap_kind kind, const uint8_t *frame, uint32_t len, uint32_t noise,
			  uint8_t *room);

const char *wrap_kind_name(enum wrap_kind kind);

#endif
