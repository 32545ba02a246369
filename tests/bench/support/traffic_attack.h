/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * traffic_attack.h - packets that make weft use memory, although little or no data is delivered.
 *
 *   syns       SYNs, each from a random source
 *   flows      established connections without data; their number grows without limit
 *   holes      20,000 connections, each with a hole at its start, endless data behind it, and
 *              another hole every 31 segments
 *   tiny       10,000 connections with one-byte segments that are never adjacent; offsets rise in
 *              half of the connections and fall in the others
 *   fragments  first and middle fragments of datagrams that are never completed
 *   reuse      1,000 four-tuples, each used by many connections in turn: those of every second
 *              four-tuple end by a reset, the others do not end before the next begins; those of
 *              every eighth four-tuple have data
 *
 * All attackers connect to 172.31.0.1. Their addresses begin at 11.0.0.0; those of syns and
 * fragments are random, from 192.0.0.0 to 207.255.255.255.
 */
#ifndef TESTS_BENCH_TRAFFIC_ATTACK_H
#define TESTS_BENCH_TRAFFIC_ATTACK_H

#include <stdint.h>

#include "bench/support/traffic_out.h"

struct attack;

typedef void (*attack_step_fn)(struct attack *attack);

struct attack {
	attack_step_fn step_fn; /* sends one packet */
	uint64_t step;		/* number of packets so far */
	uint32_t flows;		/* number of flows of attacks "holes" and "tiny" */
	struct traffic_out *out;
	const uint8_t *pool; /* payload bytes, at least 64 KiB */
};

/* Returns the attack called @name; NULL if there is none. */
attack_step_fn attack_find(const char *name);

static inline void attack_next(struct attack *attack)
{
	attack->step_fn(attack);
	attack->step++;
}

#endif
