// SPDX-License-Identifier: BSD-2-Clause
/*
 * member.c - serves one client, and keeps epoll's view of its descriptors up to date.
 *
 * While the connection or the ring of a client has room, epoll watches the client's subscription;
 * otherwise it watches the connection: for room or, with shared memory, for the byte that the
 * client sends when it has read. A busy client is served without being watched. Both descriptors
 * are watched level-triggered. epoll moves a descriptor that stays ready behind the others, so that
 * each client gets its turn.
 */
#include "serve/member.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>

#define NS_PER_MS 1000000ull

/* Return true if the client is served again without a report of epoll. */
static bool is_busy(enum wf_subscriber_state state)
{
	return state == WF_SUBSCRIBER_BUSY || state == WF_SUBSCRIBER_MORE;
}

static int watch(struct wf_member *member, int op)
{
	bool is_awaited = member->state == WF_SUBSCRIBER_READY;
	struct epoll_event connection = {
		.events = wf_subscriber_watched(member->subscriber, member->state),
		.data.ptr = member,
	};
	struct epoll_event subscription = {.events = is_awaited ? EPOLLIN : 0, .data.ptr = member};

	if (epoll_ctl(member->epoll_fd, op, wf_subscriber_fd(member->subscriber), &connection) ||
	    epoll_ctl(member->epoll_fd, op, wf_subscriber_sub_fd(member->subscriber),
		      &subscription))
		return -errno;
	return 0;
}

void wf_member_set_state(struct wf_member *member, enum wf_subscriber_state state)
{
	enum wf_subscriber_state before = member->state;

	member->state = state;
	if (state == WF_SUBSCRIBER_GONE || state == before || (is_busy(state) && is_busy(before)))
		return;
	if (watch(member, EPOLL_CTL_MOD))
		member->state = WF_SUBSCRIBER_GONE;
}

void wf_member_serve(struct wf_member *member, uint32_t events)
{
	if (member->state == WF_SUBSCRIBER_GONE)
		return;
	wf_member_set_state(member, events & (EPOLLHUP | EPOLLERR)
					    ? WF_SUBSCRIBER_GONE
					    : wf_subscriber_serve(member->subscriber));
}

void wf_member_admit(struct wf_member *member, uint64_t now_ns)
{
	member->progress_ns = now_ns;
	if (watch(member, EPOLL_CTL_ADD))
		member->state = WF_SUBSCRIBER_GONE;
	else
		wf_member_serve(member, 0);
}

uint64_t wf_member_idle_ns(struct wf_member *member, uint64_t now_ns)
{
	uint64_t progress = wf_subscriber_progress(member->subscriber);

	if (progress != member->seen_progress || !wf_subscriber_is_behind(member->subscriber))
		member->progress_ns = now_ns;
	member->seen_progress = progress;
	return now_ns - member->progress_ns;
}

void wf_member_log_idle(struct wf_member *member, weft_log_fn log, void *log_ctx)
{
	uint64_t ttl_ms = wf_subscriber_idle_ttl_ns(member->subscriber) / NS_PER_MS;
	char message[160];

	if (!log || member->is_idle_logged)
		return;
	member->is_idle_logged = true;
	snprintf(message, sizeof(message),
		 "subscription %s: ended because its client read nothing for %llu ms; end a client "
		 "that does not read, or raise idle_ttl_ms",
		 wf_subscriber_name(member->subscriber), (unsigned long long)ttl_ms);
	log(WEFT_LOG_WARN, message, log_ctx);
}

void wf_member_free(struct wf_member *member)
{
	/*
	 * The subscription's descriptor may stay open until all workers have left the subscription,
	 * so epoll would not forget it by itself.
	 */
	epoll_ctl(member->epoll_fd, EPOLL_CTL_DEL, wf_subscriber_sub_fd(member->subscriber), NULL);
	wf_subscriber_free(member->subscriber);
	free(member);
}
