// SPDX-License-Identifier: BSD-2-Clause
/*
 * turns.c - each thread announces the time of its next item in its own entry, and reads the other
 * threads' entries.
 */
#include "base/turns.h"

#include <errno.h>
#include <sched.h>

#include "base/clock.h"
#include "base/owner.h"

/*
 * YIELDS: number of times that a waiting thread yields the CPU before it sleeps, because its turn
 * comes soon if all threads are busy. NAP_NS: interval at which a sleeping thread checks whether
 * the threads that it waits for have become silent.
 */
enum { YIELDS = 32, NAP_NS = 5 * 1000 * 1000 };

void wf_turns_init(struct wf_turns *turns, uint32_t count, uint64_t silence_ns)
{
	turns->count = count;
	turns->silence_ns = silence_ns;
}

static struct wf_turns_entry *find_or_claim(struct wf_turns *turns)
{
	int32_t self = wf_thread_id();

	for (uint32_t i = 0; i < turns->count; i++) {
		struct wf_turns_entry *entry = &turns->entries[i];
		int32_t nobody = 0;

		if (atomic_load(&entry->thread) == self ||
		    atomic_compare_exchange_strong(&entry->thread, &nobody, self))
			return entry;
	}
	return NULL;
}

struct wf_turns_entry *wf_turns_enter(struct wf_turns *turns)
{
	struct wf_turns_entry *entry = find_or_claim(turns);
	uint64_t none = 0;

	if (!entry)
		return NULL;
	atomic_store(&entry->is_here, true);
	if (!atomic_load_explicit(&turns->begin_ns, memory_order_relaxed))
		atomic_compare_exchange_strong(&turns->begin_ns, &none, wf_clock_monotonic_ns());
	return entry;
}

void wf_turns_leave(struct wf_turns_entry *entry)
{
	atomic_store(&entry->active_ns, wf_clock_monotonic_ns());
	atomic_store(&entry->is_here, false);
}

/*
 * Return true if no thread waits for the thread of @entry: it is not in a call, and its last call
 * ended more than silence_ns ago. If no thread uses @entry yet, the time counts from the first call
 * of any thread.
 */
static bool is_silent(const struct wf_turns *turns, const struct wf_turns_entry *entry)
{
	uint64_t since_ns = atomic_load(&entry->thread) ? atomic_load(&entry->active_ns)
							: atomic_load(&turns->begin_ns);

	return !atomic_load(&entry->is_here) &&
	       wf_clock_monotonic_ns() > since_ns + turns->silence_ns;
}

static bool is_turn(const struct wf_turns *turns, const struct wf_turns_entry *self,
		    uint64_t time_ns)
{
	for (uint32_t i = 0; i < turns->count; i++) {
		const struct wf_turns_entry *entry = &turns->entries[i];

		if (entry != self && atomic_load(&entry->next_ns) < time_ns &&
		    !is_silent(turns, entry))
			return false;
	}
	return true;
}

bool wf_turns_try(struct wf_turns *turns, struct wf_turns_entry *entry, uint64_t time_ns)
{
	/* next_ns never decreases: an earlier @time_ns does not replace it. */
	if (time_ns > atomic_load_explicit(&entry->next_ns, memory_order_relaxed)) {
		atomic_store(&entry->next_ns, time_ns);
		wf_waiter_wake(&turns->waiter);
	}
	return is_turn(turns, entry, time_ns);
}

int wf_turns_wait(struct wf_turns *turns, struct wf_turns_entry *entry, uint64_t time_ns,
		  uint64_t deadline_ns)
{
	for (uint32_t tries = 0;; tries++) {
		uint32_t ticket = wf_waiter_announce(&turns->waiter);
		uint64_t nap_ns = wf_clock_monotonic_ns() + NAP_NS;

		if (atomic_load(&turns->is_closed))
			return -ESHUTDOWN;
		if (is_turn(turns, entry, time_ns))
			return 0;
		if (nap_ns - NAP_NS >= deadline_ns)
			return -EAGAIN;
		if (tries < YIELDS)
			sched_yield();
		else
			wf_waiter_sleep(&turns->waiter, ticket,
					nap_ns < deadline_ns ? nap_ns : deadline_ns);
	}
}

void wf_turns_end(struct wf_turns *turns, struct wf_turns_entry *entry)
{
	atomic_store(&entry->next_ns, UINT64_MAX);
	wf_waiter_wake(&turns->waiter);
}

void wf_turns_close(struct wf_turns *turns)
{
	atomic_store(&turns->is_closed, true);
	wf_waiter_wake(&turns->waiter);
}
