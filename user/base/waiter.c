// SPDX-License-Identifier: BSD-2-Clause
/*
 * waiter.c - an eventfd, written only while somebody sleeps.
 */
#include "base/waiter.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

int wf_waiter_init(struct wf_waiter *waiter)
{
	atomic_init(&waiter->sleeping, 0);
	waiter->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	return waiter->fd < 0 ? -errno : 0;
}

void wf_waiter_fini(struct wf_waiter *waiter)
{
	if (waiter->fd >= 0)
		close(waiter->fd);
	waiter->fd = -1;
}

void wf_waiter_announce(struct wf_waiter *waiter)
{
	/*
	 * An exchange is a full barrier for the look that follows; pairs with the
	 * fence in wf_waiter_wake(): at least one side sees the other.
	 */
	atomic_exchange_explicit(&waiter->sleeping, 1, memory_order_seq_cst);
	atomic_thread_fence(memory_order_seq_cst);
}

void wf_waiter_wait(struct wf_waiter *waiter, int timeout_ms)
{
	struct pollfd pollfd = {.fd = waiter->fd, .events = POLLIN};

	poll(&pollfd, 1, timeout_ms);
}

void wf_waiter_cancel(struct wf_waiter *waiter)
{
	uint64_t wakeups;

	atomic_store_explicit(&waiter->sleeping, 0, memory_order_relaxed);
	while (read(waiter->fd, &wakeups, sizeof(wakeups)) < 0 && errno == EINTR)
		;
}

void wf_waiter_wake(struct wf_waiter *waiter)
{
	const uint64_t one = 1;

	/* The work before the look at `sleeping`; pairs with wf_waiter_announce(). */
	atomic_thread_fence(memory_order_seq_cst);
	if (!atomic_load_explicit(&waiter->sleeping, memory_order_relaxed))
		return;
	while (write(waiter->fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}
