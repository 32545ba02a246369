/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sim.h - simulates two TCP endpoints, the path between them, and a tap on that path.
 *
 *   side 0 ──── before ────┬──── after ──── side 1
 *                         tap
 *
 * The simulation uses an event queue and simulated time. To a tap the endpoints look like real
 * ones: they have handshakes, windows, acknowledgements, retransmissions, probes and every kind of
 * close. Each side's bytes are chosen in advance, so the bytes that the receivers must get are
 * known, independent of events on the path.
 *
 * Sequence offsets have 64 bits: the SYN is at 0, byte i of the stream at 1 + i, and the FIN after
 * the last byte.
 */
#ifndef TESTS_FUZZ_SIM_H
#define TESTS_FUZZ_SIM_H

#include <stdbool.h>
#include <stdint.h>

#include "fuzz/rng.h"

enum sim_open {
	SIM_OPEN_NORMAL = 0,
	SIM_OPEN_SIMULTANEOUS,
	SIM_OPEN_SPLIT,		/* the server answers with a bare SYN */
	SIM_OPEN_SYN_REPEATED,	/* the first SYNs are lost between tap and server */
	SIM_OPEN_SYN_OTHER_ISN, /* the client tries again with another initial number */
	SIM_OPEN_SYN_ACK_REPEATED,
	SIM_OPEN_SYN_ACK_OTHER_ISN, /* the server tries again with another initial number */
	SIM_OPEN_FAST,		    /* data on the SYN that the server accepts */
	SIM_OPEN_FAST_IGNORED,	    /* data on the SYN, not accepted, sent again */
	SIM_OPEN_FAST_BOTH,	    /* data on the SYN and on the SYN-ACK */
};
#define SIM_OPEN_COUNT (SIM_OPEN_FAST_BOTH + 1)

enum sim_close {
	SIM_CLOSE_FIN_CLIENT = 0,
	SIM_CLOSE_FIN_SERVER,
	SIM_CLOSE_FIN_BOTH,   /* neither side waits for the other's FIN */
	SIM_CLOSE_FIN_EARLY,  /* the client half-closes after its last byte; the server continues */
	SIM_CLOSE_RST_CLIENT, /* the client resets when no data is in flight */
	SIM_CLOSE_RST_SERVER,
	SIM_CLOSE_RST_DIRTY, /* a reset while data is in flight */
	SIM_CLOSE_NONE,
};
#define SIM_CLOSE_COUNT (SIM_CLOSE_NONE + 1)

enum { SIM_TURNS_MAX = 24 };

struct sim_turn {
	int side;
	uint32_t bytes;
	uint64_t delay_ns; /* time after the previous turn was received (if duplex: written) */
};

/* One side's behaviour. */
struct sim_side_opts {
	uint32_t isn;
	uint32_t other_isn; /* used by SIM_OPEN_SYN_OTHER_ISN, SIM_OPEN_SYN_ACK_OTHER_ISN */
	uint16_t mss;
	int16_t wscale;	     /* negative: window scaling is not offered */
	uint16_t syn_window; /* limit of the window on a SYN; 0: no limit */
	uint32_t rcv_buf_bytes;
	uint32_t read_bytes; /* maximum number of bytes in one read() of the application */
	uint64_t read_ns;    /* time between two reads; 0: each byte is read at once */
	uint32_t ts_start;
	bool delayed_ack;
	bool fin_with_data;
};

struct sim_opts {
	struct sim_side_opts side[2];
	uint8_t *stream[2]; /* borrowed */
	uint64_t stream_bytes[2];
	enum sim_open open;
	enum sim_close close;
	bool timestamps;
	bool sack;
	bool short_segments; /* segment sizes are random, from 1 to the MSS, not always the MSS */
	bool repacketise;    /* retransmissions have other boundaries */
	bool duplex;	     /* turns do not wait for each other */
	bool keepalive;
	bool keepalive_garbage;
	uint32_t window_segments; /* maximum data in flight, in segments of the MSS */
	bool slow_start;	  /* at most ten segments more in flight than were acknowledged */
	uint64_t pace_ns;
	uint64_t before_ns; /* latency from side 0 to the tap */
	uint64_t after_ns;  /* latency from the tap to side 1 */
	uint64_t jitter_ns; /* jitter of each part of the path; 0: no reordering */
	uint64_t rto_ns;
	/* if not 0: one segment is lost, and sent again after this time */
	uint64_t late_rto_ns;
	bool late_twice; /* the next segment is lost too, and sent again after twice late_rto_ns */
	bool fin_waits;	 /* no FIN before all data is acknowledged: only data reveals a loss */
	uint32_t loss_before_percent; /* packets lost between sender and tap */
	uint32_t loss_after_percent;
	uint32_t dup_percent;
	uint32_t spurious_percent; /* retransmissions that are not necessary */
	struct sim_turn turns[SIM_TURNS_MAX];
	uint32_t turns_count;
	uint64_t start_ns;
};

/* A segment as the tap captured it. */
struct sim_packet {
	uint64_t time_ns;
	uint8_t from;
	uint8_t flags;	/* WIRE_* */
	bool garbage;	/* the payload byte does not belong to the stream (keep-alive) */
	bool probe;	/* keep-alive or zero-window probe, which requests an answer */
	bool first_syn; /* carries the first of two initial numbers */
	uint32_t len_bytes;
	uint64_t off; /* sequence offset in the sender's stream */
	uint64_t ack; /* sequence offset in the receiver's stream; only with WIRE_ACK */
	uint16_t window;
	uint32_t ts_val;
	uint32_t ts_ecr;
	uint8_t sacks;
	uint64_t sack[3][2];
};

struct sim_capture {
	struct sim_packet *packets; /* owned, freed with free(); in order of capture */
	uint32_t count;
	uint64_t end_ns;
};

/* Plays the whole conversation. Aborts if it does not end. */
void sim_run(const struct sim_opts *opts, struct rng *rng, struct sim_capture *ret_capture);

#endif
