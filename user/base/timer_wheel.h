/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * timer_wheel.h - many timers, each added, removed and fired in constant time.
 *
 * A timer is an object of the caller, named by a 32-bit id (not 0, nor one of the last 1025), with
 * a struct wf_timer in it. Time is the caller's. pop() hands a timer out at the latest one
 * tick (about 1 ms) after its deadline, and may do so earlier: the owner knows the
 * exact deadline and adds it again if that lies ahead. So a deadline may move
 * later without a call.
 *
 * Thread: one.
 */
#ifndef WF_BASE_TIMER_WHEEL_H
#define WF_BASE_TIMER_WHEEL_H

#include <stdbool.h>
#include <stdint.h>

#define WF_TIMER_TICK_SHIFT 20 /* 2^20 ns */
#define WF_TIMER_LEVELS	    4
#define WF_TIMER_SLOTS	    256

struct wf_timer {
	uint32_t next; /* id, 0: last of its slot */
	uint32_t prev; /* id, or a slot of the wheel; 0: not in it */
};

/* The timer inside object @id. */
typedef struct wf_timer *(*wf_timer_at_fn)(void *ctx, uint32_t id);

struct wf_timer_wheel {
	uint64_t now_tick; /* all slots before it are empty */
	uint32_t count;
	wf_timer_at_fn at;
	void *ctx;
	uint64_t busy[WF_TIMER_LEVELS][WF_TIMER_SLOTS / 64]; /* which heads are not 0 */
	uint32_t heads[WF_TIMER_LEVELS][WF_TIMER_SLOTS];
	uint32_t left_over; /* head: timers of a round that is over, handed out first */
};

void wf_timer_wheel_init(struct wf_timer_wheel *wheel, wf_timer_at_fn at, void *ctx);

/* @id is not in the wheel. A deadline in the past is due at the next tick. */
void wf_timer_wheel_add(struct wf_timer_wheel *wheel, uint32_t id, uint64_t now_ns,
			uint64_t deadline_ns);

/* Does nothing if @id is not in the wheel. */
void wf_timer_wheel_remove(struct wf_timer_wheel *wheel, uint32_t id);

/* Take out one timer due at @now_ns. Return: its id; 0: none is left. */
uint32_t wf_timer_wheel_pop(struct wf_timer_wheel *wheel, uint64_t now_ns);

bool wf_timer_wheel_is_valid(const struct wf_timer_wheel *wheel);

#endif
