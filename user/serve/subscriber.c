// SPDX-License-Identifier: BSD-2-Clause
/*
 * subscriber.c - sends the events of one subscription to one client, on its connection or through
 * shared memory.
 *
 *   queue → events (lent, still charged to the queue) → parts ─┬─ sendmsg()
 *                                                              └─ shm_sender
 *
 * Bound: at most BATCH_EVENTS events are lent, and their payload is sent from where it lies. The
 * next ones are taken when all of these were sent, so a client that does not read stops its own
 * queue only, where the overflow policy acts. With shared memory, the lent events fill at most half
 * of the ring, and at most half of what the queue may hold; a single event may exceed the latter.
 */
#include "serve/subscriber.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "serve/frame_write.h"
#include "serve/shm_ring.h"
#include "serve/shm_sender.h"
#include "serve/subscribe_request.h"

#define NS_PER_MS 1000000ull

enum {
	BATCH_EVENTS = 32,
	BATCHES_MAX = 8, /* batches that one call sends before other clients have their turn */
	PARTS_MAX = BATCH_EVENTS * WF_FRAME_PARTS_MAX,
};

#define RESPONSE     "{\"ok\":true,\"subscribe\":{\"version\":1}}\n"
#define SHM_RESPONSE "{\"ok\":true,\"subscribe\":{\"version\":1,\"shm\":2}}\n"
_Static_assert(WEFT_CLIENT_VERSION == 1 && WF_SHM_VERSION == 2, "the versions in the response");

struct wf_subscriber {
	struct weft *weft;    /* borrowed */
	struct weft_sub *sub; /* owned by @weft; ended by weft_unsubscribe() */
	int fd;
	bool is_ending; /* the END frame is among the parts, or in the ring */
	bool drops_oldest;
	char name[WF_SUBSCRIBE_NAME_BYTES];
	uint64_t idle_ttl_ns;	   /* UINT64_MAX: no limit */
	struct wf_shm_sender *shm; /* owned; NULL: frames are sent on the connection */
	bool is_greeted;	   /* shm: the response was sent */
	uint64_t seen_released;	   /* shm: slots read or taken back at the last check */
	uint64_t seen_dropped;
	uint64_t sent_bytes;
	int events_written; /* shm: of the events of the last poll, those that are in the ring */
	int events_count;
	int parts_begin; /* first part that is not sent yet */
	int parts_end;
	struct iovec parts[PARTS_MAX];
	struct wf_wire_frame fields[BATCH_EVENTS];
	struct weft_event events[BATCH_EVENTS];
};

/*
 * Prepare a client that gets frames on its connection. The agent reads nothing more from the
 * client. A client that sends data gets EPIPE, and causes no work for the agent. If the client
 * closes its end, epoll reports EPOLLHUP.
 */
static void use_connection(struct wf_subscriber *subscriber)
{
	shutdown(subscriber->fd, SHUT_RD);
	subscriber->parts[0] = (struct iovec){.iov_base = RESPONSE, .iov_len = strlen(RESPONSE)};
	subscriber->parts_end = 1;
}

int wf_subscriber_new(struct weft *weft, int fd, const struct weft_sub_opts *opts, bool is_shared,
		      struct wf_subscriber **ret_subscriber)
{
	struct wf_subscriber *subscriber = calloc(1, sizeof(*subscriber));
	struct weft_sub_opts all = *opts;
	int err;

	if (!subscriber)
		return -ENOMEM;
	subscriber->weft = weft;
	subscriber->fd = fd;
	subscriber->drops_oldest = opts->overflow != WEFT_OVERFLOW_DROP_NEWEST &&
				   opts->overflow != WEFT_OVERFLOW_BLOCK_WITH_TIMEOUT;
	snprintf(subscriber->name, sizeof(subscriber->name), "%s", opts->name);
	subscriber->idle_ttl_ns = opts->idle_ttl_ms ? opts->idle_ttl_ms * NS_PER_MS : UINT64_MAX;
	all.consumer_bytes = is_shared ? wf_shm_ring_bytes() + opts->consumer_bytes : 0;
	err = weft_subscribe(weft, &all, &subscriber->sub);
	if (err)
		goto free_subscriber;
	if (is_shared)
		err = wf_shm_sender_new(weft, subscriber->sub, fd, opts->consumer_bytes,
					&subscriber->shm);
	else
		use_connection(subscriber);
	if (err)
		goto unsubscribe;
	*ret_subscriber = subscriber;
	return 0;

unsubscribe:
	weft_unsubscribe(subscriber->sub);
free_subscriber:
	free(subscriber);
	return err;
}

void wf_subscriber_free(struct wf_subscriber *subscriber)
{
	if (!subscriber)
		return;
	wf_shm_sender_free(subscriber->shm);
	weft_unsubscribe(subscriber->sub);
	close(subscriber->fd);
	free(subscriber);
}

int wf_subscriber_fd(const struct wf_subscriber *subscriber)
{
	return subscriber->fd;
}

int wf_subscriber_sub_fd(const struct wf_subscriber *subscriber)
{
	return weft_sub_fd(subscriber->sub);
}

uint64_t wf_subscriber_progress(const struct wf_subscriber *subscriber)
{
	return subscriber->shm ? wf_shm_sender_read(subscriber->shm) : subscriber->sent_bytes;
}

bool wf_subscriber_is_behind(const struct wf_subscriber *subscriber)
{
	if (subscriber->shm)
		return !wf_shm_sender_is_passed(subscriber->shm);
	return subscriber->parts_begin < subscriber->parts_end;
}

const char *wf_subscriber_name(const struct wf_subscriber *subscriber)
{
	return subscriber->name;
}

uint64_t wf_subscriber_idle_ttl_ns(const struct wf_subscriber *subscriber)
{
	return subscriber->idle_ttl_ns;
}

uint32_t wf_subscriber_watched(const struct wf_subscriber *subscriber,
			       enum wf_subscriber_state state)
{
	/* EPOLLHUP and EPOLLERR, the end of the client, are always reported. */
	if (state != WF_SUBSCRIBER_BLOCKED)
		return 0;
	return subscriber->shm ? EPOLLIN : EPOLLOUT;
}

static enum weft_sub_end end_of(const struct wf_subscriber *subscriber)
{
	struct weft_sub_stats stats = {.ended = WEFT_SUB_RUNNING};

	weft_sub_stats_read(subscriber->sub, &stats);
	return stats.ended;
}

bool wf_subscriber_is_ended(const struct wf_subscriber *subscriber)
{
	return end_of(subscriber) != WEFT_SUB_RUNNING;
}

/* ---- filling ---- */

static const char *interface_of(const struct wf_subscriber *subscriber,
				const struct weft_event *event)
{
	const char *name = NULL;

	if (event->type == WEFT_EVENT_OPEN)
		name = weft_interface_name(subscriber->weft, event->flow->interface);
	return name ? name : "";
}

static void fill_events(struct wf_subscriber *subscriber, int count)
{
	for (int i = 0; i < count; i++) {
		const struct weft_event *event = &subscriber->events[i];

		subscriber->parts_end += wf_frame_write(event, interface_of(subscriber, event),
							&subscriber->fields[i],
							&subscriber->parts[subscriber->parts_end]);
	}
}

static uint64_t time_of_day_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void fill_end(struct wf_subscriber *subscriber, enum weft_sub_end end)
{
	enum weft_client_end reason = WEFT_CLIENT_END_FAILED;
	const char *text = "the agent has ended the subscription";

	switch (end) {
	case WEFT_SUB_RUNNING:
	case WEFT_SUB_SHUTDOWN:
		reason = WEFT_CLIENT_END_CAPTURE;
		text = "the capture has ended";
		break;
	case WEFT_SUB_IDLE:
		reason = WEFT_CLIENT_END_IDLE;
		text = "no event was taken for idle_ttl_ms";
		break;
	case WEFT_SUB_UNSUBSCRIBED:
	case WEFT_SUB_FAILED:
	case WEFT_SUB_SLOW:
		break;
	}
	subscriber->parts_end = wf_frame_write_end(reason, text, time_of_day_ns(),
						   &subscriber->fields[0], subscriber->parts);
	subscriber->is_ending = true;
}

/* Take the next events, when all parts were sent. Return: their number; 1 for the END frame. */
static int fill(struct wf_subscriber *subscriber)
{
	int count = weft_sub_poll(subscriber->sub, subscriber->events, BATCH_EVENTS, 0);

	subscriber->parts_begin = 0;
	subscriber->parts_end = 0;
	if (count < 0) {
		fill_end(subscriber, end_of(subscriber));
		return 1;
	}
	fill_events(subscriber, count);
	return count;
}

/* ---- sending ---- */

/* Remove the first @bytes bytes, which were sent, from the parts. */
static void advance(struct wf_subscriber *subscriber, size_t bytes)
{
	subscriber->sent_bytes += bytes;
	while (bytes > 0) {
		struct iovec *part = &subscriber->parts[subscriber->parts_begin];
		size_t step = bytes < part->iov_len ? bytes : part->iov_len;

		part->iov_base = (char *)part->iov_base + step;
		part->iov_len -= step;
		bytes -= step;
		if (!part->iov_len)
			subscriber->parts_begin++;
	}
}

/* Send all parts. Return: 0; -EAGAIN if the connection has no room; other negative errno. */
static int send_parts(struct wf_subscriber *subscriber)
{
	while (subscriber->parts_begin < subscriber->parts_end) {
		struct msghdr message = {
			.msg_iov = &subscriber->parts[subscriber->parts_begin],
			.msg_iovlen = (size_t)(subscriber->parts_end - subscriber->parts_begin),
		};
		ssize_t sent = sendmsg(subscriber->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (sent >= 0)
			advance(subscriber, (size_t)sent);
		else if (errno != EINTR)
			return -errno;
	}
	return 0;
}

static enum wf_subscriber_state serve_connection(struct wf_subscriber *subscriber)
{
	enum wf_subscriber_state state = WF_SUBSCRIBER_READY;

	for (int i = 0;; i++) {
		int err = send_parts(subscriber);

		if (err == -EAGAIN)
			return WF_SUBSCRIBER_BLOCKED;
		if (err || subscriber->is_ending)
			return WF_SUBSCRIBER_GONE;
		if (i == BATCHES_MAX)
			return WF_SUBSCRIBER_MORE;
		if (!fill(subscriber))
			return state;
		state = WF_SUBSCRIBER_BUSY;
	}
}

/* ---- shared memory ---- */

static int write_event(struct wf_subscriber *subscriber, const struct weft_event *event)
{
	int parts;

	if (event->type == WEFT_EVENT_DATA)
		return wf_shm_sender_write_data(subscriber->shm, event);
	parts = wf_frame_write(event, interface_of(subscriber, event), &subscriber->fields[0],
			       subscriber->parts);
	wf_shm_sender_write(subscriber->shm, subscriber->parts, parts);
	return 0;
}

/*
 * Write the frames of the last poll that are not in the ring yet. Return: 0; -EAGAIN if there is no
 * room for the rest; other negative errno.
 */
static int write_frames(struct wf_subscriber *subscriber)
{
	while (subscriber->events_written < subscriber->events_count) {
		const struct weft_event *event = &subscriber->events[subscriber->events_written];
		int err = write_event(subscriber, event);

		if (err)
			return err;
		subscriber->events_written++;
	}
	return 0;
}

/* Write the frame END, the last one, to the ring. */
static void share_end(struct wf_subscriber *subscriber, enum weft_sub_end end)
{
	fill_end(subscriber, end);
	wf_shm_sender_write(subscriber->shm, subscriber->parts, subscriber->parts_end);
	wf_shm_sender_publish(subscriber->shm);
}

/*
 * Write the next events to the ring, without publishing them. Return: their number; 0 if none
 * waits; -EAGAIN if the ring has no room, or the client has too much data that it has not read;
 * -ESHUTDOWN after END was written; other negative errno.
 */
static int share_events(struct wf_subscriber *subscriber)
{
	int count, err;

	if (!wf_shm_sender_has_room(subscriber->shm, BATCH_EVENTS))
		return -EAGAIN;
	err = write_frames(subscriber);
	if (err)
		return err;
	count = weft_sub_poll(subscriber->sub, subscriber->events, BATCH_EVENTS, 0);
	if (count == -EAGAIN)
		return count;
	if (count < 0) {
		share_end(subscriber, end_of(subscriber));
		return -ESHUTDOWN;
	}
	subscriber->events_written = 0;
	subscriber->events_count = count;
	err = write_frames(subscriber);
	return err ? err : count;
}

/*
 * Request a byte for the time when the client has read more. Return: BLOCKED until the byte
 * arrives; READY if the client has read all frames already; GONE if END was the last of these
 * frames, or after an error.
 */
static enum wf_subscriber_state wait_for_client(struct wf_subscriber *subscriber)
{
	while (!wf_shm_sender_is_passed(subscriber->shm)) {
		if (wf_shm_sender_wait(subscriber->shm))
			return WF_SUBSCRIBER_BLOCKED;
		if (wf_shm_sender_reclaim(subscriber->shm))
			return WF_SUBSCRIBER_GONE;
	}
	return subscriber->is_ending ? WF_SUBSCRIBER_GONE : WF_SUBSCRIBER_READY;
}

/*
 * Write batches of events to the ring. They are published together: otherwise a client that sleeps
 * would be woken for each batch. Return: the new state; BLOCKED also if END was written.
 */
static enum wf_subscriber_state share_batches(struct wf_subscriber *subscriber)
{
	enum wf_subscriber_state state = WF_SUBSCRIBER_READY;

	for (int i = 0; i < BATCHES_MAX; i++) {
		int count;

		if (wf_shm_sender_follow(subscriber->shm))
			return WF_SUBSCRIBER_GONE;
		if (subscriber->is_ending)
			return WF_SUBSCRIBER_BLOCKED;
		count = share_events(subscriber);
		if (count == -EAGAIN || count == -ESHUTDOWN)
			return WF_SUBSCRIBER_BLOCKED;
		if (count < 0)
			return WF_SUBSCRIBER_GONE;
		if (!count)
			return state;
		state = WF_SUBSCRIBER_BUSY;
	}
	return WF_SUBSCRIBER_MORE;
}

static enum wf_subscriber_state serve_shared(struct wf_subscriber *subscriber)
{
	enum wf_subscriber_state state;

	if (!subscriber->is_greeted && wf_shm_sender_greet(subscriber->shm, SHM_RESPONSE))
		return WF_SUBSCRIBER_GONE;
	subscriber->is_greeted = true;
	if (wf_shm_sender_reclaim(subscriber->shm))
		return WF_SUBSCRIBER_GONE;
	state = share_batches(subscriber);
	wf_shm_sender_publish(subscriber->shm);
	return state == WF_SUBSCRIBER_BLOCKED ? wait_for_client(subscriber) : state;
}

enum wf_subscriber_state wf_subscriber_check(struct wf_subscriber *subscriber,
					     enum wf_subscriber_state state, bool is_critical)
{
	struct weft_sub_stats stats;
	bool has_dropped;

	if (!subscriber->shm || !subscriber->is_greeted || state == WF_SUBSCRIBER_GONE)
		return state;
	if (wf_shm_sender_reclaim(subscriber->shm))
		return WF_SUBSCRIBER_GONE;
	weft_sub_stats_read(subscriber->sub, &stats);
	if (wf_shm_sender_released(subscriber->shm) != subscriber->seen_released) {
		subscriber->seen_released = wf_shm_sender_released(subscriber->shm);
		subscriber->seen_dropped = stats.dropped_events;
		/*
		 * Serve the client here, because the byte for which epoll waits may have been
		 * received above.
		 */
		return state == WF_SUBSCRIBER_BLOCKED ? serve_shared(subscriber) : state;
	}
	has_dropped = subscriber->drops_oldest && stats.dropped_events != subscriber->seen_dropped;
	if (!(is_critical || has_dropped) || !wf_shm_sender_keeps(subscriber->shm))
		return state;
	if (wf_shm_sender_take_back(subscriber->shm))
		return WF_SUBSCRIBER_GONE;
	return serve_shared(subscriber);
}

enum wf_subscriber_state wf_subscriber_end_idle(struct wf_subscriber *subscriber)
{
	/* A connection that is behind has no room for the frame END. */
	if (!subscriber->shm || subscriber->is_ending ||
	    !wf_shm_sender_has_room(subscriber->shm, 1))
		return WF_SUBSCRIBER_GONE;
	share_end(subscriber, WEFT_SUB_IDLE);
	return wait_for_client(subscriber);
}

enum wf_subscriber_state wf_subscriber_serve(struct wf_subscriber *subscriber)
{
	return subscriber->shm ? serve_shared(subscriber) : serve_connection(subscriber);
}
