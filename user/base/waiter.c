// SPDX-License-Identifier: BSD-2-Clause
/*
 * waiter.c - implements a waiter by a futex word that changes with each wake-up, and by an eventfd
 * for sleepers that call poll(2).
 *
 * A wake-up clears the announcement of a sleep. Until the next announcement, further wake-ups cost
 * only a fence and a load. A sleeper whose ticket is older than the wake-up does not sleep at all.
 */
#include "base/waiter.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

#define ANNOUNCED 1u

int wf_waiter_open(struct wf_waiter *waiter)
{
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	if (fd < 0)
		return -errno;
	waiter->fd = fd;
	waiter->is_polled = true;
	return 0;
}

void wf_waiter_close(struct wf_waiter *waiter)
{
	if (waiter->is_polled)
		close(waiter->fd);
	waiter->is_polled = false;
}

uint32_t wf_waiter_announce(struct wf_waiter *waiter)
{
	uint32_t ticket = atomic_fetch_or(&waiter->word, ANNOUNCED) | ANNOUNCED;

	/*
	 * Orders the announcement before the caller's next check for work; pairs with the fence
	 * in wf_waiter_wake().
	 */
	atomic_thread_fence(memory_order_seq_cst);
	return ticket;
}

void wf_waiter_sleep(struct wf_waiter *waiter, uint32_t ticket, uint64_t deadline_ns)
{
	const struct timespec deadline = {
		.tv_sec = (time_t)(deadline_ns / WF_NS_PER_SEC),
		.tv_nsec = (long)(deadline_ns % WF_NS_PER_SEC),
	};

	syscall(SYS_futex, &waiter->word, FUTEX_WAIT_BITSET_PRIVATE, ticket,
		deadline_ns == UINT64_MAX ? NULL : &deadline, NULL, FUTEX_BITSET_MATCH_ANY);
}

void wf_waiter_cancel(struct wf_waiter *waiter)
{
	uint64_t wakeups;

	atomic_fetch_and_explicit(&waiter->word, ~ANNOUNCED, memory_order_relaxed);
	/*
	 * Drain the eventfd at every call: a waker may have written to it after an earlier
	 * call, because of an earlier announcement.
	 */
	while (waiter->is_polled && read(waiter->fd, &wakeups, sizeof(wakeups)) < 0 &&
	       errno == EINTR)
		;
}

void wf_waiter_wake(struct wf_waiter *waiter)
{
	const uint64_t one = 1;
	uint32_t word;

	/*
	 * Orders the published work before the load of the word; pairs with the fence in
	 * wf_waiter_announce().
	 */
	atomic_thread_fence(memory_order_seq_cst);
	word = atomic_load_explicit(&waiter->word, memory_order_relaxed);
	/*
	 * If the exchange fails, another waker has cleared the announcement and wakes the sleepers,
	 * or the sleeper has cancelled its announcement.
	 */
	if (!(word & ANNOUNCED) || !atomic_compare_exchange_strong(&waiter->word, &word, word + 1))
		return;
	if (!waiter->is_polled)
		syscall(SYS_futex, &waiter->word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
	else
		while (write(waiter->fd, &one, sizeof(one)) < 0 && errno == EINTR)
			;
}
