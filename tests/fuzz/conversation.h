/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conversation.h - makes seeded random TCP conversations as a tap sees them, and the truth about
 * them.
 *
 * A batch is many conversations interleaved into one sequence of frames. The
 * truth is what weft must deliver for each direction: which bytes, which gaps,
 * how it ended. It comes from the simulated endpoints, not from the frames.
 *
 *   stream of a direction   0├───────────┬──gap──┬─────────────┤end
 *                            ^start (midstream: the first byte seen, told as offset 0)
 */
#ifndef TESTS_FUZZ_CONVERSATION_H
#define TESTS_FUZZ_CONVERSATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What may happen to a conversation; conv_options.kinds is a set of these. */
#define CONV_VLAN	 (1u << 0)
#define CONV_IPV6	 (1u << 1)
#define CONV_REORDER	 (1u << 2) /* segments overtake each other on the path */
#define CONV_LOSS	 (1u << 3) /* lost, then sent again */
#define CONV_DUP	 (1u << 4)
/* retransmissions that are not needed; overlaps if repacketised */
#define CONV_SPURIOUS	 (1u << 5)
#define CONV_SKEW	 (1u << 6)  /* the tap itself reorders, acknowledgements before data */
#define CONV_MISSED	 (1u << 7)  /* segments missing from the capture for good: gaps */
#define CONV_MIDSTREAM	 (1u << 8)  /* the capture starts in the middle */
#define CONV_ONE_SIDED	 (1u << 9)  /* only one direction was captured */
#define CONV_REUSE	 (1u << 10) /* the four-tuple is used again */
#define CONV_WRAP	 (1u << 11) /* sequence numbers wrap early */
#define CONV_TINY	 (1u << 12) /* segments of a few bytes */
#define CONV_ZERO_WINDOW (1u << 13)
#define CONV_KEEPALIVE	 (1u << 14)
#define CONV_OPENINGS	 (1u << 15) /* all kinds of handshake, not only the usual one */
#define CONV_CLOSINGS	 (1u << 16) /* all kinds of close, not only by FIN */
#define CONV_DIRTY_RST	 (1u << 17) /* a reset in mid-transfer */
#define CONV_LATE	 (1u << 18) /* a hole filled after weft has given it up */
#define CONV_NOISE	 (1u << 19) /* segments that no receiver accepts */
#define CONV_LARGE	 (1u << 20) /* some hundred KiB */
#define CONV_EARLY	 (1u << 21) /* the tap shows data before the SYN or SYN-ACK */
#define CONV_WIDE	 (1u << 22) /* more in flight than windows allow without their scale */
#define CONV_HEADLESS	 (1u << 23) /* only the handshake was not captured */
#define CONV_ECN	 (1u << 24)
#define CONV_URGENT	 (1u << 25)
#define CONV_OPTIONS	 (1u << 26) /* all kinds of option, and malformed ones */
#define CONV_ALL	 ((1u << 27) - 1)

/* How a conversation may be reported to have ended: 1u << enum weft_close_reason. */
#define CONV_REASON_ANY UINT32_MAX

struct conv_gap {
	uint64_t off;
	uint64_t len_bytes;
	uint32_t causes; /* 1u << enum weft_gap_cause; of what was observed */
};

/* One side's bytes, and the part that a tap can know. Offsets are those of the sender's stream. */
struct conv_truth_dir {
	uint8_t *bytes;
	uint64_t bytes_len;
	uint64_t start; /* first byte that is delivered; reported as offset 0 */
	/* one beyond the last byte that is delivered or known to be missing */
	uint64_t end;
	uint64_t end_min;	     /* below end if a missing tail may stay unnoticed */
	bool lead_gap_allowed;	     /* midstream: bytes in flight before the first may be a gap */
	uint32_t start_unsure_bytes; /* midstream: number of first bytes that may be probes */
	bool loose; /* cut off by a reset, or never seen: only bytes below end_min are certain */
	struct conv_gap *gaps;
	uint32_t gaps_count;
};

struct conv_truth {
	uint8_t ip_version;
	uint8_t addr[2][16]; /* of side 0 and 1; IPv4 as ::ffff:a.b.c.d */
	uint16_t port[2];
	uint16_t vlan[2];
	uint32_t use; /* number of the use of this four-tuple, from 1 */
	/* handshake or bytes were captured: the connection must be reported */
	bool certain;
	bool opener_known;	 /* side 0 must be reported as the client */
	uint32_t reasons;	 /* allowed reasons, 1u << enum weft_close_reason */
	uint32_t kinds;		 /* CONV_* that were chosen */
	uint64_t families;	 /* 1u << enum conv_family */
	uint32_t anomalies_must; /* 1u << enum weft_anomaly: reported at least once */
	uint32_t anomalies_may;	 /* anomalies that may be reported as well */
	uint64_t seed;
	struct conv_truth_dir dir[2]; /* [0]: sent by side 0 */
};

struct conv_packet {
	uint64_t time_ns;
	const uint8_t *bytes;
	uint32_t len_bytes;
	uint32_t conversation; /* index of its truth */
	uint32_t order;	       /* breaks ties between equal times */
};

struct conv_options {
	uint32_t conversations; /* minimum number */
	uint32_t kinds;		/* CONV_* that are allowed */
	uint32_t always;	/* CONV_* that every conversation has; they must be compatible */
	uint64_t start_ns;
	uint64_t spread_ns; /* conversations begin within this time */
};

struct conv_batch {
	struct conv_packet *packets;
	uint32_t packets_count;
	uint32_t packets_room;
	struct conv_truth *truths;
	uint32_t truths_count;
	uint32_t truths_room;
	uint8_t **chunks; /* bytes of frame memory */
	uint32_t chunks_count;
	uint32_t chunks_room;
	size_t chunk_left_bytes;
};

void conv_batch_make(struct conv_batch *batch, uint64_t seed, const struct conv_options *opts);
void conv_batch_free(struct conv_batch *batch);

/* Writes the names of the CONV_* in @kinds. @text: room for 256. */
const char *conv_kinds_text(uint32_t kinds, char *text);

#endif
