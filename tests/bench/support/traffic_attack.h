/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * traffic_attack.h - packets that make weft use memory without delivering data.
 *
 *   syns       SYNs, each from a random source
 *   flows      connections that are established and then silent, without limit
 *   holes      20,000 connections, each with a hole at its start, endless data behind, and
 *              another hole every 31 segments
 *   tiny       10,000 connections, one-byte segments that never touch each other, upwards in
 *              half of them and downwards in the others
 *   fragments  first and middle fragments of datagrams that nothing completes
 *   reuse      1,000 four-tuples, used by one connection after the other; every other one ends
 *              by a reset, the rest are just followed by the next; every eighth carries data
 *
 * Attackers have addresses from 11.0.0.0 on and talk to 172.31.0.1.
 */
#ifndef TESTS_BENCH_TRAFFIC_ATTACK_H
#define TESTS_BENCH_TRAFFIC_ATTACK_H

#include <stdint.h>

#include "bench/support/traffic_out.h"

struct attack;

typedef void (*attack_step_fn)(struct attack *attack);

struct attack {
	attack_step_fn step_fn; /* sends one packet */
	uint64_t step;		/* packets so far */
	uint32_t flows;		/* of holes and tiny */
	struct traffic_out *out;
	const uint8_t *pool; /* bytes to send, at least 64 KiB */
};

/* Returns the attack called @name; NULL if there is none. */
attack_step_fn attack_find(const char *name);

static inline void attack_next(struct attack *attack)
{
	attack->step_fn(attack);
	attack->step++;
}

#endif
