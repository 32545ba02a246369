/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * member.h - a client in the list of the thread that serves all clients, and what epoll watches for
 * it.
 *
 * Thread: the one that subscribers.c starts; any for wf_member_free() of a client that this thread
 * does not serve.
 */
#ifndef WF_SERVE_MEMBER_H
#define WF_SERVE_MEMBER_H

#include <stdbool.h>
#include <stdint.h>

#include "serve/subscriber.h"

struct wf_member {
	struct wf_subscriber *subscriber; /* owned */
	struct wf_member *next;
	int epoll_fd; /* borrowed */
	enum wf_subscriber_state state;
	uint64_t seen_progress; /* result of wf_subscriber_progress() at the last check */
	/* time of the last check at which that result had changed or the client was not behind */
	uint64_t progress_ns;
	bool is_idle_logged;
};

/* Let epoll watch the client's descriptors, and serve it once. If epoll fails, it becomes GONE. */
void wf_member_admit(struct wf_member *member, uint64_t now_ns);

/* Serve the client. @events: those that epoll has reported; 0: none. */
void wf_member_serve(struct wf_member *member, uint32_t events);

/* Set the state, and what epoll watches in that state. If epoll fails, the state becomes GONE. */
void wf_member_set_state(struct wf_member *member, enum wf_subscriber_state state);

/*
 * Return for how long the client has been behind (wf_subscriber_is_behind()) while
 * wf_subscriber_progress() did not grow; 0 if it is not behind. Call periodically.
 */
uint64_t wf_member_idle_ns(struct wf_member *member, uint64_t now_ns);

/* Log that the client is ended, once: one that does not read the reason is ended again. @log NULL:
 * nothing is logged. */
void wf_member_log_idle(struct wf_member *member, weft_log_fn log, void *log_ctx);

/* End the subscription, close the connection, and free the client and @member. */
void wf_member_free(struct wf_member *member);

#endif
