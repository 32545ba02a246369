// SPDX-License-Identifier: BSD-2-Clause
/*
 * subscribers.c - one thread waits with epoll for the connections and the subscriptions of all
 * clients, and serves them in turn.
 *
 *   control thread: subscribe → pointer through a pipe → this thread: list, epoll
 *
 * The pipe makes the hand-over free of locks. While the connection or the ring of a client has
 * room, epoll watches the client's subscription; otherwise it watches the connection: for room or,
 * with shared memory, for the byte that the client sends when it has read. Both are watched
 * level-triggered. epoll moves a descriptor that stays ready behind the others, so that each client
 * gets its turn.
 */
#include "serve/subscribers.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <weft/weft.h>

#include "agent/control/peer.h"
#include "serve/subscribe_request.h"
#include "serve/subscriber.h"

#define NS_PER_MS 1000000ull

enum {
	EVENTS_MAX = 64,
	CHECK_MS = 250, /* interval between checks of all clients */
	/* maximum time after the capture for sending the rest: without progress, and in all */
	FINISH_IDLE_MS = 1000,
	FINISH_MS = 5000,
};

/* A client in the list of the thread. */
struct member {
	struct wf_subscriber *subscriber; /* owned */
	struct member *next;
	enum wf_subscriber_state state;
	uint64_t seen_progress; /* result of wf_subscriber_progress() at the last check */
	uint64_t progress_ns;	/* time at which that result last changed */
};

struct wf_subscribers {
	struct weft *weft; /* borrowed */
	_Atomic unsigned int max;
	bool has_group; /* members of @shm_group may read from shared memory */
	gid_t shm_group;
	_Atomic unsigned int count; /* clients, including those in the pipe */
	_Atomic bool is_finishing;
	int epoll_fd;
	int pipe_fds[2]; /* carries struct member *; NULL: the request to finish */
	pthread_t thread;
	bool has_thread;

	/* used by the thread only */
	struct member *first;
	uint64_t finish_ns;	/* time at which the capture ended; 0: the capture runs */
	uint64_t pressure_seen; /* number of the last change of memory pressure that was read */
	bool is_critical;	/* the level of memory pressure is critical */
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 * NS_PER_MS + (uint64_t)now.tv_nsec;
}

/* ---- the thread: one client ---- */

static int watch(struct wf_subscribers *subscribers, int op, struct member *member)
{
	bool is_blocked = member->state == WF_SUBSCRIBER_BLOCKED;
	struct epoll_event connection = {
		.events = wf_subscriber_watched(member->subscriber, member->state),
		.data.ptr = member,
	};
	struct epoll_event subscription = {.events = is_blocked ? 0 : EPOLLIN, .data.ptr = member};

	if (epoll_ctl(subscribers->epoll_fd, op, wf_subscriber_fd(member->subscriber),
		      &connection) ||
	    epoll_ctl(subscribers->epoll_fd, op, wf_subscriber_sub_fd(member->subscriber),
		      &subscription))
		return -errno;
	return 0;
}

static void free_member(struct wf_subscribers *subscribers, struct member *member)
{
	/*
	 * The subscription's descriptor may stay open until all workers have left the subscription,
	 * so epoll would not forget it by itself.
	 */
	epoll_ctl(subscribers->epoll_fd, EPOLL_CTL_DEL, wf_subscriber_sub_fd(member->subscriber),
		  NULL);
	wf_subscriber_free(member->subscriber);
	free(member);
	atomic_fetch_sub(&subscribers->count, 1);
}

static void set_state(struct wf_subscribers *subscribers, struct member *member,
		      enum wf_subscriber_state state)
{
	enum wf_subscriber_state before = member->state;

	member->state = state;
	if (state != WF_SUBSCRIBER_GONE && state != before &&
	    watch(subscribers, EPOLL_CTL_MOD, member))
		member->state = WF_SUBSCRIBER_GONE;
}

static void serve(struct wf_subscribers *subscribers, struct member *member, uint32_t events)
{
	if (member->state == WF_SUBSCRIBER_GONE)
		return;
	set_state(subscribers, member,
		  events & (EPOLLHUP | EPOLLERR) ? WF_SUBSCRIBER_GONE
						 : wf_subscriber_serve(member->subscriber));
}

static void admit(struct wf_subscribers *subscribers, struct member *member)
{
	member->next = subscribers->first;
	subscribers->first = member;
	member->progress_ns = now_ns();
	if (watch(subscribers, EPOLL_CTL_ADD, member))
		member->state = WF_SUBSCRIBER_GONE;
	else
		serve(subscribers, member, 0);
}

/* Take new clients, and the request to finish, from the pipe. */
static void read_pipe(struct wf_subscribers *subscribers)
{
	struct member *member;

	while (read(subscribers->pipe_fds[0], &member, sizeof(member)) == sizeof(member)) {
		if (member)
			admit(subscribers, member);
		else
			subscribers->finish_ns = now_ns();
	}
}

/* ---- the thread: all clients ---- */

static bool has_progress(struct member *member, uint64_t now)
{
	uint64_t progress = wf_subscriber_progress(member->subscriber);

	if (progress != member->seen_progress)
		member->progress_ns = now;
	member->seen_progress = progress;
	return now - member->progress_ns < FINISH_IDLE_MS * NS_PER_MS;
}

/*
 * Return true if the client must be disconnected: its subscription was ended while it is blocked,
 * or the capture has ended and the client does not read the rest in time.
 */
static bool must_go(const struct wf_subscribers *subscribers, struct member *member, uint64_t now)
{
	bool has_moved = has_progress(member, now);

	if (member->state == WF_SUBSCRIBER_BLOCKED && wf_subscriber_is_ended(member->subscriber))
		return true;
	return subscribers->finish_ns &&
	       (now - subscribers->finish_ns >= FINISH_MS * NS_PER_MS ||
		(!has_moved && now - subscribers->finish_ns >= FINISH_IDLE_MS * NS_PER_MS));
}

static void read_pressure(struct wf_subscribers *subscribers)
{
	struct weft_pressure_change changes[16];
	size_t count;

	do {
		count = weft_pressure_changes(subscribers->weft, subscribers->pressure_seen,
					      changes, 16);
		if (!count)
			return;
		subscribers->pressure_seen = changes[count - 1].number;
		subscribers->is_critical = changes[count - 1].to == WEFT_PRESSURE_CRITICAL;
	} while (count == 16);
}

static void check_members(struct wf_subscribers *subscribers)
{
	uint64_t now = now_ns();

	read_pressure(subscribers);
	for (struct member *member = subscribers->first; member; member = member->next) {
		if (member->state == WF_SUBSCRIBER_GONE)
			continue;
		if (must_go(subscribers, member, now))
			member->state = WF_SUBSCRIBER_GONE;
		else
			set_state(subscribers, member,
				  wf_subscriber_check(member->subscriber, member->state,
						      subscribers->is_critical));
	}
}

static void free_gone(struct wf_subscribers *subscribers)
{
	struct member **link = &subscribers->first;

	while (*link) {
		struct member *member = *link;

		if (member->state != WF_SUBSCRIBER_GONE) {
			link = &member->next;
			continue;
		}
		*link = member->next;
		free_member(subscribers, member);
	}
}

static void *serve_all(void *ctx)
{
	struct wf_subscribers *subscribers = ctx;
	struct epoll_event events[EVENTS_MAX];
	uint64_t check_ns = 0;

	pthread_setname_np(pthread_self(), "weft-serve");
	while (!subscribers->finish_ns || subscribers->first) {
		int count = epoll_wait(subscribers->epoll_fd, events, EVENTS_MAX,
				       subscribers->first ? CHECK_MS : -1);

		for (int i = 0; i < count; i++) {
			if (events[i].data.ptr)
				serve(subscribers, events[i].data.ptr, events[i].events);
			else
				read_pipe(subscribers);
		}
		if (now_ns() >= check_ns) {
			check_members(subscribers);
			check_ns = now_ns() + CHECK_MS * NS_PER_MS;
		}
		/*
		 * Clients are freed after the whole batch, because two of its events may point to
		 * the same client.
		 */
		free_gone(subscribers);
	}
	return NULL;
}

/* ---- other threads ---- */

static int refuse(struct wf_control_error *ret_error, int err, const char *why)
{
	snprintf(ret_error->text, sizeof(ret_error->text), "%s", why);
	ret_error->is_usage = err == -EINVAL;
	return err;
}

/* Create the epoll instance and the pipe of the thread. Return: 0 on success; negative errno. */
static int open_fds(struct wf_subscribers *subscribers)
{
	struct epoll_event event = {.events = EPOLLIN};

	subscribers->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (subscribers->epoll_fd < 0 || pipe2(subscribers->pipe_fds, O_CLOEXEC | O_NONBLOCK) ||
	    epoll_ctl(subscribers->epoll_fd, EPOLL_CTL_ADD, subscribers->pipe_fds[0], &event))
		return -errno;
	return 0;
}

static void close_fds(const struct wf_subscribers *subscribers)
{
	if (subscribers->pipe_fds[0] >= 0) {
		close(subscribers->pipe_fds[0]);
		close(subscribers->pipe_fds[1]);
	}
	if (subscribers->epoll_fd >= 0)
		close(subscribers->epoll_fd);
}

/*
 * Let members of @group connect to @control. Return: 0 on success; negative errno, with @ret_error.
 */
static int admit_group(struct wf_subscribers *subscribers, const char *group,
		       struct wf_control *control, struct wf_control_error *ret_error)
{
	if (!group)
		return 0;
	if (wf_control_find_group(group, &subscribers->shm_group)) {
		snprintf(ret_error->text, sizeof(ret_error->text),
			 "delivery.shm_group: there is no group '%.64s' (see 'getent group')",
			 group);
		return -EINVAL;
	}
	subscribers->has_group = true;
	return wf_control_admit(control, subscribers->shm_group, ret_error);
}

int wf_subscribers_new(struct weft *weft, unsigned int max, const char *shm_group,
		       struct wf_control *control, struct wf_subscribers **ret_subscribers,
		       struct wf_control_error *ret_error)
{
	struct wf_subscribers *subscribers = calloc(1, sizeof(*subscribers));
	int err;

	if (!subscribers)
		return refuse(ret_error, -ENOMEM, strerror(ENOMEM));
	subscribers->weft = weft;
	atomic_init(&subscribers->max, max);
	subscribers->epoll_fd = subscribers->pipe_fds[0] = -1;
	err = admit_group(subscribers, shm_group, control, ret_error);
	if (!err) {
		err = open_fds(subscribers);
		if (err)
			refuse(ret_error, err, strerror(-err));
	}
	if (err) {
		close_fds(subscribers);
		free(subscribers);
		return err;
	}
	*ret_subscribers = subscribers;
	return 0;
}

int wf_subscribers_start(struct wf_subscribers *subscribers)
{
	sigset_t all, before;
	int err;

	/*
	 * Block all signals in the new thread, which inherits the mask: the main thread handles
	 * them.
	 */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&subscribers->thread, NULL, serve_all, subscribers);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	subscribers->has_thread = err == 0;
	return -err;
}

static int send_member(struct wf_subscribers *subscribers, struct member *member)
{
	ssize_t sent;

	do
		sent = write(subscribers->pipe_fds[1], &member, sizeof(member));
	while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : 0;
}

/* Check if the client at @fd may read from shared memory. Return: 0; -EACCES, with @ret_error. */
static int check_access(const struct wf_subscribers *subscribers, int fd,
			struct wf_control_error *ret_error)
{
	if (wf_control_peer_is_owner(fd) ||
	    (subscribers->has_group && wf_control_peer_is_member(fd, subscribers->shm_group)))
		return 0;
	return refuse(ret_error, -EACCES,
		      "subscribe: shm: only root, the user of the agent, and members of the group "
		      "in delivery.shm_group may read from shared memory");
}

/* Subscribe for the client at @fd. Return: 0 on success; negative errno, with @ret_error. */
static int new_member(const struct wf_subscribers *subscribers, int fd, struct weft_sub_opts *opts,
		      bool is_shared, struct member **ret_member,
		      struct wf_control_error *ret_error)
{
	struct member *member = calloc(1, sizeof(*member));
	char name[WF_SUBSCRIBE_NAME_BYTES];
	int err;

	if (!member)
		return refuse(ret_error, -ENOMEM, strerror(ENOMEM));
	snprintf(name, sizeof(name), "client-%d", (int)wf_control_peer_pid(fd));
	if (!opts->name)
		opts->name = name;
	err = wf_subscriber_new(subscribers->weft, fd, opts, is_shared, &member->subscriber);
	if (err) {
		const char *why = weft_last_error(subscribers->weft);

		free(member);
		return refuse(ret_error, err, *why ? why : strerror(-err));
	}
	*ret_member = member;
	return 0;
}

/*
 * Count one more client. Return: 0 on success; -EBUSY if there are too many; -ESHUTDOWN if the
 * capture has ended.
 */
static int take_place(struct wf_subscribers *subscribers, struct wf_control_error *ret_error)
{
	unsigned int max = atomic_load(&subscribers->max);

	if (atomic_load(&subscribers->is_finishing))
		return refuse(ret_error, -ESHUTDOWN, "subscribe: the capture has ended");
	if (atomic_fetch_add(&subscribers->count, 1) < max)
		return 0;
	atomic_fetch_sub(&subscribers->count, 1);
	snprintf(ret_error->text, sizeof(ret_error->text),
		 "subscribe: there are %u subscribers, and no more are allowed "
		 "(control.max_subscribers)",
		 max);
	return -EBUSY;
}

void wf_subscribers_set_max(struct wf_subscribers *subscribers, unsigned int max)
{
	atomic_store(&subscribers->max, max);
}

int wf_subscribers_add(struct wf_subscribers *subscribers, int fd, const json_t *request,
		       struct wf_control_error *ret_error)
{
	struct weft_sub_opts opts;
	bool is_shared = false;
	struct member *member;
	int err = wf_subscribe_request_read(request, &opts, &is_shared, ret_error);

	if (!err && is_shared)
		err = check_access(subscribers, fd, ret_error);
	if (err)
		return err;
	err = take_place(subscribers, ret_error);
	if (err)
		return err;
	err = new_member(subscribers, fd, &opts, is_shared, &member, ret_error);
	if (err) {
		atomic_fetch_sub(&subscribers->count, 1);
		return err;
	}
	/* The pipe has room for many more pointers than there may be clients. */
	if (send_member(subscribers, member))
		free_member(subscribers, member);
	return 0;
}

void wf_subscribers_finish(struct wf_subscribers *subscribers)
{
	atomic_store(&subscribers->is_finishing, true);
	if (!subscribers->has_thread)
		return;
	send_member(subscribers, NULL);
	pthread_join(subscribers->thread, NULL);
	subscribers->has_thread = false;
}

void wf_subscribers_free(struct wf_subscribers *subscribers)
{
	struct member *member;

	if (!subscribers)
		return;
	wf_subscribers_finish(subscribers);
	/* Free the clients that were added after the thread had ended. */
	while (read(subscribers->pipe_fds[0], &member, sizeof(member)) == sizeof(member))
		if (member)
			free_member(subscribers, member);
	close_fds(subscribers);
	free(subscribers);
}
