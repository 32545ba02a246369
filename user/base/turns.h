/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * turns.h - threads that take turns in the order of the times of what they have: a merge.
 *
 *   thread 0   next 7 ──── may go on: no other thread can come with an earlier time
 *   thread 1   next 9 ──── waits for thread 0
 *
 * Each thread has times that never go back. It announces its next time, then waits until the next
 * time of every other thread is at least that; between two turns, its last time stands for its next
 * one. A thread that is expected and has not come, or does not come back, is waited for at most
 * silence_ns.
 *
 * Thread: any; each of up to WF_TURNS_MAX threads has an entry of its own from its first turn on.
 */
#ifndef WF_BASE_TURNS_H
#define WF_BASE_TURNS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/waiter.h"

enum { WF_TURNS_MAX = 64 };

struct wf_turns_entry {
	_Atomic int32_t thread;	    /* id of the thread; 0: it has not come yet */
	_Atomic bool is_here;	    /* between wf_turns_enter() and wf_turns_leave() */
	_Atomic uint64_t next_ns;   /* lower bound of the time of its next turn */
	_Atomic uint64_t active_ns; /* CLOCK_MONOTONIC time at which it was here last */
};

struct wf_turns {
	uint32_t count; /* number of expected threads; 0: nobody waits */
	uint64_t silence_ns;
	_Atomic uint64_t begin_ns; /* CLOCK_MONOTONIC time of the first wf_turns_enter(); 0: none */
	_Atomic bool is_closed;
	struct wf_waiter waiter;
	struct wf_turns_entry entries[WF_TURNS_MAX];
};

/* @count: at most WF_TURNS_MAX; the struct is zeroed. */
void wf_turns_init(struct wf_turns *turns, uint32_t count, uint64_t silence_ns);

/*
 * Return the entry of the calling thread, which is now here; NULL if more than @count threads have
 * come.
 */
struct wf_turns_entry *wf_turns_enter(struct wf_turns *turns);
void wf_turns_leave(struct wf_turns_entry *entry);

/* Return true if it is the turn of @entry with @time_ns, which it announces. */
bool wf_turns_try(struct wf_turns *turns, struct wf_turns_entry *entry, uint64_t time_ns);

/*
 * Wait for the turn after wf_turns_try(). Return: 0; -EAGAIN: @deadline_ns (CLOCK_MONOTONIC) has
 * passed; -ESHUTDOWN: wf_turns_close() was called.
 */
int wf_turns_wait(struct wf_turns *turns, struct wf_turns_entry *entry, uint64_t time_ns,
		  uint64_t deadline_ns);

/* The thread of @entry takes no more turns, so nobody waits for it. */
void wf_turns_end(struct wf_turns *turns, struct wf_turns_entry *entry);

/* End all waits. */
void wf_turns_close(struct wf_turns *turns);

#endif
