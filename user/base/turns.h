/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * turns.h - merges the items of several threads by time: a thread processes its next item only when
 * no other thread can have an earlier one.
 *
 *   thread 0   next 7 ──── may proceed: no other thread can have an earlier time
 *   thread 1   next 9 ──── waits for thread 0
 *
 * The times of one thread's items never decrease. A thread announces the time of its next item,
 * then waits until the next time of every other thread is at least as late. While a thread has not
 * announced a new time, its last one counts. If an expected thread has made no call yet, or makes
 * no further call, the others wait for it for at most silence_ns.
 *
 * Thread: any; each of up to WF_TURNS_MAX threads has an entry of its own from its first
 * wf_turns_enter() on.
 */
#ifndef WF_BASE_TURNS_H
#define WF_BASE_TURNS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/waiter.h"

enum { WF_TURNS_MAX = 64 };

struct wf_turns_entry {
	_Atomic int32_t thread;	  /* id of the thread; 0: no thread uses this entry yet */
	_Atomic bool is_here;	  /* the thread is between wf_turns_enter() and wf_turns_leave() */
	_Atomic uint64_t next_ns; /* lower bound of the time of the thread's next item */
	_Atomic uint64_t active_ns; /* CLOCK_MONOTONIC at the thread's last wf_turns_leave() */
};

struct wf_turns {
	uint32_t count;	     /* number of expected threads; 0: no thread waits */
	uint64_t silence_ns; /* no thread waits for one whose last call ended more than this ago */
	_Atomic uint64_t begin_ns; /* CLOCK_MONOTONIC time of the first wf_turns_enter(); 0: none */
	_Atomic bool is_closed;
	struct wf_waiter waiter;
	struct wf_turns_entry entries[WF_TURNS_MAX];
};

/* Initialise @turns, which must be zeroed. @count: at most WF_TURNS_MAX. */
void wf_turns_init(struct wf_turns *turns, uint32_t count, uint64_t silence_ns);

/*
 * Begin a call of the calling thread. Return: its entry; NULL if all turns->count entries belong to
 * other threads.
 */
struct wf_turns_entry *wf_turns_enter(struct wf_turns *turns);
/* End the call that wf_turns_enter() began. */
void wf_turns_leave(struct wf_turns_entry *entry);

/*
 * Announce @time_ns as the time of the thread's next item. Return: true if the thread may process
 * the item now.
 */
bool wf_turns_try(struct wf_turns *turns, struct wf_turns_entry *entry, uint64_t time_ns);

/*
 * Wait until the thread may process the item that it announced with wf_turns_try(). Return: 0;
 * -EAGAIN: @deadline_ns (CLOCK_MONOTONIC) has passed; -ESHUTDOWN: wf_turns_close() was called.
 */
int wf_turns_wait(struct wf_turns *turns, struct wf_turns_entry *entry, uint64_t time_ns,
		  uint64_t deadline_ns);

/* Record that the thread of @entry has no more items, so that no thread waits for it. */
void wf_turns_end(struct wf_turns *turns, struct wf_turns_entry *entry);

/* End all calls of wf_turns_wait(), also later ones, with -ESHUTDOWN. */
void wf_turns_close(struct wf_turns *turns);

#endif
