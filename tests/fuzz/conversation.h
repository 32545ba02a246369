/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conversation.h - makes seeded random TCP conversations as a tap sees them, and the truth about
 * them.
 *
 * A batch is many conversations interleaved into one sequence of frames. For each direction the
 * truth has the bytes and gaps that weft must deliver, and for each conversation the reason of the
 * close. The truth comes from the simulated endpoints and the list of captured packets, not from
 * the frames.
 *
 *   stream of a direction   0├───────────┬──gap──┬─────────────┤end
 *                            ^start (midstream: the first captured byte, reported as offset 0)
 */
#ifndef TESTS_FUZZ_CONVERSATION_H
#define TESTS_FUZZ_CONVERSATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Kinds of events that a conversation may have; conv_options.kinds is a set of these. */
#define CONV_VLAN	 (1u << 0)
#define CONV_IPV6	 (1u << 1)
#define CONV_REORDER	 (1u << 2) /* segments overtake each other on the path */
#define CONV_LOSS	 (1u << 3) /* segments are lost and retransmitted */
#define CONV_DUP	 (1u << 4)
/* unnecessary retransmissions; they overlap if repacketised */
#define CONV_SPURIOUS	 (1u << 5)
#define CONV_SKEW	 (1u << 6)  /* the tap captures packets out of order */
#define CONV_MISSED	 (1u << 7)  /* segments that are never captured: gaps */
#define CONV_MIDSTREAM	 (1u << 8)  /* the capture starts in the middle of a stream */
#define CONV_ONE_SIDED	 (1u << 9)  /* only one direction was captured */
#define CONV_REUSE	 (1u << 10) /* the four-tuple is used again */
#define CONV_WRAP	 (1u << 11) /* sequence numbers wrap early */
#define CONV_TINY	 (1u << 12) /* segments of a few bytes */
#define CONV_ZERO_WINDOW (1u << 13)
#define CONV_KEEPALIVE	 (1u << 14)
#define CONV_OPENINGS	 (1u << 15) /* all kinds of handshake, not only SYN, SYN-ACK, ACK */
#define CONV_CLOSINGS	 (1u << 16) /* not only FINs: all closes but that of CONV_DIRTY_RST */
#define CONV_DIRTY_RST	 (1u << 17) /* a reset while data is in flight */
/* a lost segment is sent again up to a minute later; with CONV_ONE_SIDED after weft's timeout */
#define CONV_LATE	 (1u << 18)
#define CONV_NOISE	 (1u << 19) /* segments that no receiver accepts */
#define CONV_LARGE	 (1u << 20) /* up to 480 kB of data */
#define CONV_EARLY	 (1u << 21) /* the tap captures data before the SYN or SYN-ACK */
#define CONV_WIDE	 (1u << 22) /* more data in flight than unscaled windows allow */
#define CONV_HEADLESS	 (1u << 23) /* only the SYNs were not captured */
#define CONV_ECN	 (1u << 24)
#define CONV_URGENT	 (1u << 25)
#define CONV_OPTIONS	 (1u << 26) /* all kinds of TCP options, and malformed options */
#define CONV_ALL	 ((1u << 27) - 1)

/* Allowed close reasons of a conversation: 1u << enum weft_close_reason. */
#define CONV_REASON_ANY UINT32_MAX

struct conv_gap {
	uint64_t off;
	uint64_t len_bytes;
	uint32_t causes; /* observed causes: 1u << enum weft_gap_cause */
};

/* Bytes that one side sent, and the part that a tap can observe. Offsets are stream offsets. */
struct conv_truth_dir {
	uint8_t *bytes;
	uint64_t bytes_len;
	uint64_t start; /* first delivered byte; reported as offset 0 */
	/* one beyond the last byte that is delivered or known to be missing */
	uint64_t end;
	uint64_t end_min;	     /* less than end if a missing tail may stay undetected */
	bool lead_gap_allowed;	     /* midstream: bytes in flight before the first may be a gap */
	uint32_t start_unsure_bytes; /* midstream: number of first bytes that may be probes */
	/* ended by a reset, limited, or not captured: only bytes below end_min are certain */
	bool loose;
	struct conv_gap *gaps;
	uint32_t gaps_count;
};

struct conv_truth {
	uint8_t ip_version;
	uint8_t addr[2][16]; /* addresses of sides 0 and 1; IPv4 as ::ffff:a.b.c.d */
	uint16_t port[2];
	uint16_t vlan[2];
	uint32_t use; /* 1 for the first use of this four-tuple, 2 for the second */
	/* data was captured: weft must report the connection */
	bool certain;
	bool opener_known;	 /* side 0 must be reported as the client */
	uint32_t reasons;	 /* allowed reasons, 1u << enum weft_close_reason */
	uint32_t kinds;		 /* CONV_*: chosen kinds */
	uint64_t families;	 /* 1ull << enum conv_family */
	uint32_t anomalies_must; /* 1u << enum weft_anomaly: must be reported at least once */
	uint32_t anomalies_may;	 /* anomalies that may be reported as well */
	uint64_t seed;
	struct conv_truth_dir dir[2]; /* index [0]: sent by side 0 */
};

struct conv_packet {
	uint64_t time_ns;
	const uint8_t *bytes;
	uint32_t len_bytes;
	uint32_t conversation; /* index of the conversation's truth in the batch */
	uint32_t order;	       /* orders packets with equal times */
};

struct conv_options {
	uint32_t conversations; /* minimum number of conversations */
	uint32_t kinds;		/* CONV_*: allowed kinds */
	uint32_t always;	/* CONV_*: kinds of every conversation; must be compatible */
	uint64_t start_ns;
	uint64_t spread_ns; /* time within which all conversations begin */
};

struct conv_batch {
	struct conv_packet *packets;
	uint32_t packets_count;
	uint32_t packets_room;
	struct conv_truth *truths;
	uint32_t truths_count;
	uint32_t truths_room;
	uint8_t **chunks; /* memory that holds the frames */
	uint32_t chunks_count;
	uint32_t chunks_room;
	size_t chunk_left_bytes;
};

void conv_batch_make(struct conv_batch *batch, uint64_t seed, const struct conv_options *opts);
void conv_batch_free(struct conv_batch *batch);

/* Writes the names of the CONV_* in @kinds. @text: at least 256 bytes. */
const char *conv_kinds_text(uint32_t kinds, char *text);

#endif
