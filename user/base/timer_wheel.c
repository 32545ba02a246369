// SPDX-License-Identifier: BSD-2-Clause
/*
 * timer_wheel.c - a hierarchical timer wheel with lists linked by ids.
 *
 *   level 0:  256 slots of 1 tick      (1 ms)      pop() returns timers when their slot has ended
 *   level 1:  256 slots of 256 ticks   (0.27 s)    levels 1 to 3: pop() returns timers when their
 *   level 2:  256 slots of 2^16 ticks  (69 s)      slot begins; if the deadline of a timer has not
 *   level 3:  256 slots of 2^24 ticks  (4.9 h)     passed, its owner adds the timer again
 *
 * A round is the time that all slots of level 3 take: 52 days.
 *
 * A timer is on the level of the highest base-256 digit in which its tick differs from
 * now_tick, so a slot never contains timers of two rounds, and pop() returns a timer early at
 * most once per level. Therefore deadlines need not be stored. Bitmaps of busy slots allow the
 * time to jump (a capture file may skip hours) without visiting empty ticks.
 *
 * The timers that are left at the end of a round have a deadline after the round and were put into
 * its last slot, or the time has jumped past them. pop() returns all of them, and the owner adds
 * those again whose deadline has not passed.
 *
 * Memory: the list heads are in the wheel, the links in the caller's objects. Invariant: no slot
 * before now_tick is busy; count == number of linked timers.
 */
#include "base/timer_wheel.h"

#include <string.h>

#include "base/assert.h"

#define LEVEL_SHIFT 8
#define SLOT_MASK   (WF_TIMER_SLOTS - 1)
#define HEADS_FIRST (UINT32_MAX - WF_TIMER_LEVELS * WF_TIMER_SLOTS)
#define LEFT_OVER   UINT32_MAX /* id of the left_over list; the slots have the ids below it */
#define HORIZON	    (1ull << (LEVEL_SHIFT * WF_TIMER_LEVELS))

static struct wf_timer *timer_at(const struct wf_timer_wheel *wheel, uint32_t id)
{
	return wheel->at(wheel->ctx, id);
}

static unsigned int level_of(uint64_t now_tick, uint64_t tick)
{
	uint64_t differs = now_tick ^ tick;

	if (!differs)
		return 0;
	return (63u - (unsigned int)__builtin_clzll(differs)) / LEVEL_SHIFT;
}

static void link_at(struct wf_timer_wheel *wheel, uint32_t id, uint64_t tick)
{
	struct wf_timer *timer = timer_at(wheel, id);
	unsigned int level;
	unsigned int slot;

	wf_assert(id && id < HEADS_FIRST && !timer->prev);
	if (tick < wheel->now_tick)
		tick = wheel->now_tick;
	/* A deadline after the present round is put into the last slot of the highest level. */
	if ((tick ^ wheel->now_tick) >= HORIZON)
		tick = wheel->now_tick | (HORIZON - 1);
	level = level_of(wheel->now_tick, tick);
	slot = (tick >> (level * LEVEL_SHIFT)) & SLOT_MASK;

	timer->next = wheel->heads[level][slot];
	timer->prev = HEADS_FIRST + level * WF_TIMER_SLOTS + slot;
	if (timer->next)
		timer_at(wheel, timer->next)->prev = id;
	wheel->heads[level][slot] = id;
	wheel->busy[level][slot / 64] |= 1ull << (slot % 64);
}

static void unlink_timer(struct wf_timer_wheel *wheel, struct wf_timer *timer)
{
	if (timer->next)
		timer_at(wheel, timer->next)->prev = timer->prev;
	if (timer->prev == LEFT_OVER) {
		wheel->left_over = timer->next;
	} else if (timer->prev >= HEADS_FIRST) {
		unsigned int level = (timer->prev - HEADS_FIRST) / WF_TIMER_SLOTS;
		unsigned int slot = (timer->prev - HEADS_FIRST) & SLOT_MASK;

		wheel->heads[level][slot] = timer->next;
		if (!timer->next)
			wheel->busy[level][slot / 64] &= ~(1ull << (slot % 64));
	} else {
		timer_at(wheel, timer->prev)->next = timer->next;
	}
	timer->next = 0;
	timer->prev = 0;
}

/* Return the first busy slot of @level at or after @slot; -1 if there is none. */
static int busy_slot(const struct wf_timer_wheel *wheel, unsigned int level, unsigned int slot)
{
	uint64_t mask = ~0ull << (slot % 64);

	for (unsigned int word = slot / 64; word < WF_TIMER_SLOTS / 64; word++) {
		uint64_t bits = wheel->busy[level][word] & mask;

		if (bits)
			return (int)(word * 64) + __builtin_ctzll(bits);
		mask = ~0ull;
	}
	return -1;
}

/*
 * Find the busy slot that begins first, and the tick at which it begins. If two slots begin at the
 * same tick, find the one of the higher level: some of its timers may have to be added again to
 * the other one.
 */
static bool next_busy(const struct wf_timer_wheel *wheel, unsigned int *ret_level,
		      unsigned int *ret_slot, uint64_t *ret_tick)
{
	bool found = false;

	for (unsigned int level = WF_TIMER_LEVELS; level-- > 0;) {
		unsigned int shift = level * LEVEL_SHIFT;
		unsigned int here = (wheel->now_tick >> shift) & SLOT_MASK;
		int slot = busy_slot(wheel, level, here);
		uint64_t tick;

		if (slot < 0)
			continue;
		tick = ((wheel->now_tick >> shift) - here + (unsigned int)slot) << shift;
		if (found && tick >= *ret_tick)
			continue;
		*ret_level = level;
		*ret_slot = (unsigned int)slot;
		*ret_tick = tick;
		found = true;
	}
	return found;
}

static void leave_over(struct wf_timer_wheel *wheel, uint32_t id)
{
	struct wf_timer *timer = timer_at(wheel, id);

	unlink_timer(wheel, timer);
	timer->next = wheel->left_over;
	timer->prev = LEFT_OVER;
	if (timer->next)
		timer_at(wheel, timer->next)->prev = id;
	wheel->left_over = id;
}

/*
 * Begin a new round: move all timers to the left_over list. The latest slots are moved first, so
 * that the list begins with the timers of the earliest slots.
 */
static void begin_round(struct wf_timer_wheel *wheel, uint64_t tick)
{
	for (unsigned int level = WF_TIMER_LEVELS; level-- > 0;)
		for (unsigned int slot = WF_TIMER_SLOTS; slot-- > 0;)
			while (wheel->heads[level][slot])
				leave_over(wheel, wheel->heads[level][slot]);
	wheel->now_tick = tick;
}

void wf_timer_wheel_init(struct wf_timer_wheel *wheel, wf_timer_at_fn at, void *ctx)
{
	memset(wheel, 0, sizeof(*wheel));
	wheel->at = at;
	wheel->ctx = ctx;
}

void wf_timer_wheel_add(struct wf_timer_wheel *wheel, uint32_t id, uint64_t now_ns,
			uint64_t deadline_ns)
{
	if (!wheel->count)
		wheel->now_tick = now_ns >> WF_TIMER_TICK_SHIFT;
	link_at(wheel, id, deadline_ns >> WF_TIMER_TICK_SHIFT);
	wheel->count++;
	wf_assert_valid(wf_timer_wheel_is_valid(wheel));
}

void wf_timer_wheel_remove(struct wf_timer_wheel *wheel, uint32_t id)
{
	struct wf_timer *timer = timer_at(wheel, id);

	if (!timer->prev)
		return;
	unlink_timer(wheel, timer);
	wheel->count--;
	wf_assert_valid(wf_timer_wheel_is_valid(wheel));
}

void wf_timer_wheel_prefetch(const struct wf_timer_wheel *wheel, const struct wf_timer *timer)
{
	if (timer->next)
		__builtin_prefetch(timer_at(wheel, timer->next), 1);
	if (timer->prev && timer->prev < HEADS_FIRST)
		__builtin_prefetch(timer_at(wheel, timer->prev), 1);
}

uint32_t wf_timer_wheel_pop(struct wf_timer_wheel *wheel, uint64_t now_ns)
{
	uint64_t target = now_ns >> WF_TIMER_TICK_SHIFT;
	unsigned int level;
	unsigned int slot;
	uint64_t tick = 0;
	uint32_t id;

	if (wheel->count && target > wheel->now_tick && (target ^ wheel->now_tick) >= HORIZON)
		begin_round(wheel, target);
	if (wheel->left_over) {
		id = wheel->left_over;
		wf_timer_wheel_remove(wheel, id);
		return id;
	}
	/* A slot of level 0 is due after its tick, when the deadlines of all its timers have
	 * passed. */
	if (!wheel->count || !next_busy(wheel, &level, &slot, &tick) ||
	    tick + (level == 0) > target) {
		if (wheel->count && target > wheel->now_tick)
			wheel->now_tick = target;
		return 0;
	}
	if (tick > wheel->now_tick)
		wheel->now_tick = tick;
	id = wheel->heads[level][slot];
	wf_timer_wheel_remove(wheel, id);
	return id;
}

/*
 * Return true if the lists of all slots are linked in both directions, the busy bits match the list
 * heads, and the count matches the number of linked timers.
 */
bool wf_timer_wheel_is_valid(const struct wf_timer_wheel *wheel)
{
	uint32_t count = 0;

	for (uint32_t id = wheel->left_over; id; id = timer_at(wheel, id)->next)
		count++;
	for (unsigned int i = 0; i < WF_TIMER_LEVELS * WF_TIMER_SLOTS; i++) {
		unsigned int level = i / WF_TIMER_SLOTS;
		unsigned int slot = i & SLOT_MASK;
		bool busy = wheel->busy[level][slot / 64] >> (slot % 64) & 1;
		uint32_t prev = HEADS_FIRST + i;

		if (busy != (wheel->heads[level][slot] != 0))
			return false;
		for (uint32_t id = wheel->heads[level][slot]; id;) {
			const struct wf_timer *timer = timer_at(wheel, id);

			if (timer->prev != prev)
				return false;
			prev = id;
			id = timer->next;
			count++;
		}
	}
	return count == wheel->count;
}
