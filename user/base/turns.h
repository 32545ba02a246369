/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * turns.h - lets threads proceed in the order of the times of their items: a merge.
 *
 *   thread 0   next 7 ──── may proceed: no other thread can have an earlier time
 *   thread 1   next 9 ──── waits for thread 0
 *
 * The times of one thread never decrease. A thread announces its next time, then waits until the
 * next time of every other thread is at least as late. Between two turns, the last time of a thread
 * counts as its next one. If an expected thread has not entered yet, or does not call again, the
 * others wait for it for at most silence_ns.
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
	_Atomic int32_t thread;	    /* id of the thread; 0: it has not entered yet */
	_Atomic bool is_here;	    /* between wf_turns_enter() and wf_turns_leave() */
	_Atomic uint64_t next_ns;   /* lower bound of the time of its next turn */
	_Atomic uint64_t active_ns; /* CLOCK_MONOTONIC time of the thread's last call */
};

struct wf_turns {
	uint32_t count; /* number of expected threads; 0: no thread waits */
	uint64_t silence_ns;
	_Atomic uint64_t begin_ns; /* CLOCK_MONOTONIC time of the first wf_turns_enter(); 0: none */
	_Atomic bool is_closed;
	struct wf_waiter waiter;
	struct wf_turns_entry entries[WF_TURNS_MAX];
};

/* @count: at most WF_TURNS_MAX; the struct is zeroed. */
void wf_turns_init(struct wf_turns *turns, uint32_t count, uint64_t silence_ns);

/*
 * Enter the calling thread. Return: its entry; NULL if more than @count threads have entered.
 */
struct wf_turns_entry *wf_turns_enter(struct wf_turns *turns);
void wf_turns_leave(struct wf_turns_entry *entry);

/* Announce @time_ns as the next time of @entry. Return: true if it is the turn of @entry. */
bool wf_turns_try(struct wf_turns *turns, struct wf_turns_entry *entry, uint64_t time_ns);

/*
 * Wait for the turn after wf_turns_try(). Return: 0; -EAGAIN: @deadline_ns (CLOCK_MONOTONIC) has
 * passed; -ESHUTDOWN: wf_turns_close() was called.
 */
int wf_turns_wait(struct wf_turns *turns, struct wf_turns_entry *entry, uint64_t time_ns,
		  uint64_t deadline_ns);

/* Record that the thread of @entry takes no more turns, so that no thread waits for it. */
void wf_turns_end(struct wf_turns *turns, struct wf_turns_entry *entry);

/* End all waits. */
void wf_turns_close(struct wf_turns *turns);

#endif
