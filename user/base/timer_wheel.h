/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * timer_wheel.h - a set of timers, each added, removed and fired in constant time.
 *
 * A timer is a struct wf_timer in an object of the caller, named by a 32-bit id (neither 0 nor one
 * of the 1025 highest values). The caller supplies the present time. pop() returns a timer at most
 * one tick (about 1 ms) after its deadline, and possibly before its deadline: the caller knows the
 * exact deadline, and adds the timer again if it has not passed. So the caller can move a deadline
 * to a later time without a call.
 *
 * Thread: the one that owns the wheel.
 */
#ifndef WF_BASE_TIMER_WHEEL_H
#define WF_BASE_TIMER_WHEEL_H

#include <stdbool.h>
#include <stdint.h>

#define WF_TIMER_TICK_SHIFT 20 /* one tick is 2^20 ns */
#define WF_TIMER_LEVELS	    4
#define WF_TIMER_SLOTS	    256

struct wf_timer {
	uint32_t next; /* id of the next timer in the slot; 0: this timer is the last */
	/*
	 * id of the previous timer, or of the list's head if this timer is the first; 0: not in
	 * the wheel
	 */
	uint32_t prev;
};

/* Return the timer inside object @id. */
typedef struct wf_timer *(*wf_timer_at_fn)(void *ctx, uint32_t id);

struct wf_timer_wheel {
	uint64_t now_tick; /* all slots before this tick are empty */
	uint32_t count;
	wf_timer_at_fn at;
	void *ctx;
	/* bitmaps of the slots: 1 if the slot is not empty */
	uint64_t busy[WF_TIMER_LEVELS][WF_TIMER_SLOTS / 64];
	uint32_t heads[WF_TIMER_LEVELS][WF_TIMER_SLOTS];
	/* id of the first timer left at the end of a round; pop() returns these timers first */
	uint32_t left_over;
};

void wf_timer_wheel_init(struct wf_timer_wheel *wheel, wf_timer_at_fn at, void *ctx);

/* Add timer @id, which is not in the wheel. If its deadline has passed, it is due within a tick. */
void wf_timer_wheel_add(struct wf_timer_wheel *wheel, uint32_t id, uint64_t now_ns,
			uint64_t deadline_ns);

/* Prefetch the timers that are linked with @timer, which remove() changes. */
void wf_timer_wheel_prefetch(const struct wf_timer_wheel *wheel, const struct wf_timer *timer);

/* Remove timer @id. Do nothing if the timer is not in the wheel. */
void wf_timer_wheel_remove(struct wf_timer_wheel *wheel, uint32_t id);

/*
 * Remove one timer that may be due at @now_ns. Return: its id; 0 if no timer is due. The caller
 * compares the timer's deadline with @now_ns, and adds the timer again if it is not due.
 */
uint32_t wf_timer_wheel_pop(struct wf_timer_wheel *wheel, uint64_t now_ns);

bool wf_timer_wheel_is_valid(const struct wf_timer_wheel *wheel);

#endif
