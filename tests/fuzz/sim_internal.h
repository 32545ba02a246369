/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sim_internal.h - the state of both endpoints and the path, shared by the files of the simulation.
 *
 *   sim.c          the event queue, the path, and the captured packets
 *   sim_send.c     segments, retransmissions, probes
 *   sim_receive.c  arriving segments
 *   sim_app.c      when each side writes, reads and closes
 */
#ifndef TESTS_FUZZ_SIM_INTERNAL_H
#define TESTS_FUZZ_SIM_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "fuzz/rng.h"
#include "fuzz/sim.h"
#include "fuzz/wire.h"

#define MS	 1000000ull
#define OFF_NONE UINT64_MAX

enum event_type {
	EV_ARRIVE = 0,
	EV_SEND,
	EV_RTO,
	EV_SPURIOUS,
	EV_READ,
	EV_PROBE,
	EV_DELAYED_ACK,
	EV_KEEPALIVE,
	EV_TURN,
	EV_CLOSE,
	EV_RESET,
};

struct event {
	uint64_t time_ns;
	uint64_t order; /* orders events with equal times by their creation */
	uint32_t arg;
	uint8_t type;
	uint8_t side;
};

enum state {
	ST_CLOSED = 0,
	ST_SYN_SENT,
	ST_SYN_RECEIVED,
	ST_ESTABLISHED,
	ST_DEAD,
};

struct flight {
	uint64_t off;
	uint32_t len_bytes;
	uint32_t tries;
	bool syn;
	bool fin;
	bool late;
};

struct side {
	const struct sim_side_opts *opts;
	enum state state;
	uint64_t stream_bytes;
	uint64_t written; /* number of bytes that the application has written */
	uint64_t una;
	uint64_t nxt;
	uint64_t right; /* one beyond the last byte that the peer's window allows */
	bool scaling;
	bool fin_wanted;
	bool fin_sent;
	bool close_planned;
	bool send_planned;
	bool probe_planned;
	bool delayed_ack_planned;
	bool read_planned;
	struct flight *flights;
	uint32_t flights_count;
	uint32_t flights_room;

	uint8_t *received; /* for each sequence offset of the peer's data: 1 if it was received */
	uint64_t rcv_nxt;
	uint64_t app_read; /* number of bytes that the application has read */
	uint64_t peer_fin; /* sequence offset of the peer's FIN, or OFF_NONE */
	uint32_t ack_pending;
	uint32_t ts_recent;
	uint32_t resets;
};

struct tapped {
	uint64_t time_ns;
	uint32_t packet;
	uint32_t order;
};

struct sim {
	const struct sim_opts *opts;
	struct rng *rng;
	uint64_t now;
	struct side side[2];
	struct event *heap;
	uint32_t heap_count;
	uint32_t heap_room;
	uint64_t events;
	struct sim_packet *packets;
	uint32_t packets_count;
	uint32_t packets_room;
	struct tapped *taps;
	uint32_t taps_count;
	uint32_t taps_room;
	uint32_t turn; /* index of the current turn; turns_count after the last */
	uint32_t ack_losses;
	uint32_t data_segments[2];
	uint32_t late_segments; /* segments sent late so far */
	int late_side;		/* sender of the segments sent late, if there are any */
};

enum fate {
	FATE_WHOLE = 0,
	FATE_LOST_BEFORE, /* lost before the tap, which does not capture it */
	FATE_LOST_AFTER,
};

/* ---- sim.c ---- */

void sim_plan(struct sim *sim, uint64_t delay_ns, enum event_type type, int side, uint32_t arg);

/*
 * Chooses whether a packet is lost. Losses are bounded: the third copy of a segment always arrives,
 * and at most three empty acknowledgements of the conversation are lost.
 */
enum fate sim_fate_of(struct sim *sim, const struct sim_packet *packet, uint32_t tries);
void sim_travel(struct sim *sim, uint32_t packet, enum fate fate);

/* ---- sim_send.c ---- */

uint32_t sim_window_bytes(const struct side *side);
void sim_emit(struct sim *sim, int from, uint32_t flags, uint64_t off, uint32_t len,
	      uint32_t tries);
void sim_emit_ack(struct sim *sim, int from);
void sim_emit_syn(struct sim *sim, int from, uint32_t tries);
void sim_start_syn(struct sim *sim, int from, enum state state);
void sim_kick(struct sim *sim, int from);
void sim_on_send(struct sim *sim, int from);
void sim_emit_probe(struct sim *sim, int from, uint64_t off, uint32_t len, bool garbage);

/*
 * If the window of the peer is still closed, sends a probe: one byte beyond the window, or an empty
 * segment whose number is just before it. Otherwise plans to send data. Does nothing if data is in
 * flight or none is left to send.
 */
void sim_on_probe(struct sim *sim, int from);
void sim_emit_again(struct sim *sim, int from, const struct flight *flight);
void sim_on_rto(struct sim *sim, int from, uint32_t index);

/* ---- sim_receive.c ---- */

void sim_on_arrive(struct sim *sim, int at, uint32_t index);

/* ---- sim_app.c ---- */

/*
 * Plans the close of @side, if it has received the peer's FIN and its application has written all
 * its data.
 */
void sim_maybe_close_second(struct sim *sim, int side);
void sim_plan_turn(struct sim *sim, uint32_t index);
void sim_maybe_next_turn(struct sim *sim);
void sim_on_turn(struct sim *sim, uint32_t index);
void sim_on_close(struct sim *sim, int side);
void sim_on_reset(struct sim *sim, int from);
void sim_on_read(struct sim *sim, int at);
void sim_on_keepalive(struct sim *sim, int from);

#endif
