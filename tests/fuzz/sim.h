/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sim.h - two TCP endpoints, the path between them, and a tap somewhere on it.
 *
 *   side 0 ──── before ────┬──── after ──── side 1
 *                         tap
 *
 * An event queue in simulated time. To a tap the endpoints look like real ones: handshakes,
 * windows, acknowledgements, retransmission, probes and every way to close. Each side's bytes are
 * known beforehand, so the bytes that the receivers must get are known, whatever happens on the
 * path.
 *
 * Sequence offsets are 64 bit and count from the SYN: it is 0, byte i of the
 * stream is 1 + i, the FIN follows the last byte.
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
	SIM_OPEN_SYN_REPEATED,	/* the first SYNs are lost behind the tap */
	SIM_OPEN_SYN_OTHER_ISN, /* the client starts over with another number */
	SIM_OPEN_SYN_ACK_REPEATED,
	SIM_OPEN_SYN_ACK_OTHER_ISN, /* the server starts over with another number */
	SIM_OPEN_FAST,		    /* data on the SYN, accepted */
	SIM_OPEN_FAST_IGNORED,	    /* data on the SYN, not accepted and sent again */
	SIM_OPEN_FAST_BOTH,	    /* data on the SYN and on the SYN-ACK */
};
#define SIM_OPEN_COUNT (SIM_OPEN_FAST_BOTH + 1)

enum sim_close {
	SIM_CLOSE_FIN_CLIENT = 0,
	SIM_CLOSE_FIN_SERVER,
	SIM_CLOSE_FIN_BOTH,   /* both at once */
	SIM_CLOSE_FIN_EARLY,  /* the client half-closes after its last byte, the server goes on */
	SIM_CLOSE_RST_CLIENT, /* when no data is in flight */
	SIM_CLOSE_RST_SERVER,
	SIM_CLOSE_RST_DIRTY, /* in mid-transfer */
	SIM_CLOSE_NONE,
};
#define SIM_CLOSE_COUNT (SIM_CLOSE_NONE + 1)

enum { SIM_TURNS_MAX = 24 };

struct sim_turn {
	int side;
	uint32_t bytes;
	uint64_t delay_ns; /* after the turn before was received (or sent, if duplex) */
};

/* One side's behaviour. */
struct sim_side_opts {
	uint32_t isn;
	uint32_t other_isn; /* used by SIM_OPEN_SYN_OTHER_ISN, SIM_OPEN_SYN_ACK_OTHER_ISN */
	uint16_t mss;
	int16_t wscale;	     /* negative: not offered */
	uint16_t syn_window; /* limit of the window on a SYN; 0: no limit */
	uint32_t rcv_buf_bytes;
	uint32_t read_bytes; /* bytes of one read() by the application */
	uint64_t read_ns;    /* time between two reads; 0: reads at once */
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
	bool short_segments; /* sizes from 1 to the MSS instead of full ones */
	bool repacketise;    /* retransmissions have other boundaries */
	bool duplex;	     /* turns don't wait for each other */
	bool keepalive;
	bool keepalive_garbage;
	uint32_t window_segments; /* limit of segments in flight */
	bool slow_start;	  /* in flight: at most ten segments more than were acknowledged */
	uint64_t pace_ns;
	uint64_t before_ns; /* side 0 to tap */
	uint64_t after_ns;  /* tap to side 1 */
	uint64_t jitter_ns; /* of each path; 0: no packet overtakes another */
	uint64_t rto_ns;
	/* not 0: one segment is lost, and sent again after this time */
	uint64_t late_rto_ns;
	uint32_t loss_before_percent; /* between sender and tap */
	uint32_t loss_after_percent;
	uint32_t dup_percent;
	uint32_t spurious_percent; /* retransmissions that are not needed */
	struct sim_turn turns[SIM_TURNS_MAX];
	uint32_t turns_count;
	uint64_t start_ns;
};

/* A segment as it passed the tap. */
struct sim_packet {
	uint64_t time_ns;
	uint8_t from;
	uint8_t flags;	/* WIRE_* */
	bool garbage;	/* the byte does not belong to the stream (keep-alive) */
	bool probe;	/* requests an answer: keep-alive, zero window */
	bool first_syn; /* carries the first of two initial numbers */
	uint32_t len_bytes;
	uint64_t off; /* sequence offset of the sender */
	uint64_t ack; /* sequence offset of the receiver's bytes; with WIRE_ACK */
	uint16_t window;
	uint32_t ts_val;
	uint32_t ts_ecr;
	uint8_t sacks;
	uint64_t sack[3][2];
};

struct sim_capture {
	struct sim_packet *packets; /* in the order of the tap; owned, freed with free() */
	uint32_t count;
	uint64_t end_ns;
};

/* Plays the whole conversation. Aborts if it does not end. */
void sim_run(const struct sim_opts *opts, struct rng *rng, struct sim_capture *ret_capture);

#endif
