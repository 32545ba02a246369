// SPDX-License-Identifier: BSD-2-Clause
/*
 * subscribers.c - one thread waits with epoll for the connections and the subscriptions of all
 * clients, and serves them in turn.
 *
 *   control thread: subscribe → pointer through a pipe → this thread: list, epoll
 *
 * The pipe makes the hand-over free of locks.
 * While events arrive, a subscription is polled every BUSY_MS instead, and epoll does not watch it.
 * So under load, a worker need not wake this thread at each batch for each client, which would take
 * more of its time than the events, and each turn of a client is for many events.
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
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <weft/weft.h>

#include "agent/control/peer.h"
#include "serve/member.h"
#include "serve/shm_copies.h"
#include "serve/subscribe_request.h"
#include "serve/subscriber.h"

#define NS_PER_MS 1000000ull

enum {
	NICE = 10, /* priority below that of the workers */
	EVENTS_MAX = 64,
	BUSY_MS = 1,	/* interval of polling while events arrive */
	CHECK_MS = 250, /* interval between checks of all clients */
	/* maximum time after the capture for sending the rest: without progress, and in all */
	FINISH_IDLE_MS = 1000,
	FINISH_MS = 5000,
};

struct wf_subscribers {
	struct weft *weft; /* borrowed */
	weft_log_fn log;   /* NULL: nothing is logged */
	void *log_ctx;
	_Atomic unsigned int max;
	bool is_replay;	      /* workers wait for clients */
	uint32_t idle_ttl_ms; /* of clients whose request has none; 0: no limit */
	bool has_group;	      /* members of @shm_group may read from shared memory */
	gid_t shm_group;
	_Atomic unsigned int count; /* clients, including those in the pipe */
	_Atomic bool is_finishing;
	_Atomic bool is_cut; /* finishing does not wait for clients */
	int epoll_fd;
	int pipe_fds[2]; /* carries struct wf_member *; NULL: the request to finish */
	pthread_t thread;
	bool has_thread;

	/* used by the thread only */
	struct wf_member *first;
	uint64_t busy_ns;	/* time at which busy clients are served again */
	uint64_t finish_ns;	/* time at which the request to finish was read; 0: not yet */
	uint64_t pressure_seen; /* number of the last change of memory pressure that was read */
	bool is_critical;	/* the level of memory pressure is critical */
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 * NS_PER_MS + (uint64_t)now.tv_nsec;
}

/* ---- the thread ---- */

static void free_member(struct wf_subscribers *subscribers, struct wf_member *member)
{
	wf_member_free(member);
	atomic_fetch_sub(&subscribers->count, 1);
}

static void admit(struct wf_subscribers *subscribers, struct wf_member *member)
{
	member->next = subscribers->first;
	subscribers->first = member;
	wf_member_admit(member, now_ns());
}

/* Take new clients, and the request to finish, from the pipe. */
static void read_pipe(struct wf_subscribers *subscribers)
{
	struct wf_member *member;

	while (read(subscribers->pipe_fds[0], &member, sizeof(member)) == sizeof(member)) {
		if (member)
			admit(subscribers, member);
		else
			subscribers->finish_ns = now_ns();
	}
}

/*
 * Return true if the client must be disconnected: its subscription was ended while it is blocked,
 * or the capture has ended and the client does not read the rest in time, or it could not begin.
 */
static bool must_go(const struct wf_subscribers *subscribers, const struct wf_member *member,
		    uint64_t now, uint64_t idle_ns)
{
	if (member->state == WF_SUBSCRIBER_BLOCKED && wf_subscriber_is_ended(member->subscriber))
		return true;
	return subscribers->finish_ns &&
	       (atomic_load(&subscribers->is_cut) ||
		now - subscribers->finish_ns >= FINISH_MS * NS_PER_MS ||
		(idle_ns >= FINISH_IDLE_MS * NS_PER_MS &&
		 now - subscribers->finish_ns >= FINISH_IDLE_MS * NS_PER_MS));
}

/* End the client if it must go, or if it was idle for its idle TTL. */
static void end_if_due(const struct wf_subscribers *subscribers, struct wf_member *member,
		       uint64_t now)
{
	uint64_t idle_ns = wf_member_idle_ns(member, now);

	if (must_go(subscribers, member, now, idle_ns)) {
		member->state = WF_SUBSCRIBER_GONE;
	} else if (idle_ns >= wf_subscriber_idle_ttl_ns(member->subscriber)) {
		wf_member_log_idle(member, subscribers->log, subscribers->log_ctx);
		/* A client that is told the reason gets up to the same time again to read it. */
		member->progress_ns = now;
		wf_member_set_state(member, wf_subscriber_end_idle(member->subscriber));
	}
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

	/* In a replay, nothing is taken back; before weft_start(), the pressure can't be read. */
	if (!subscribers->is_replay)
		read_pressure(subscribers);
	for (struct wf_member *member = subscribers->first; member; member = member->next) {
		if (member->state == WF_SUBSCRIBER_GONE)
			continue;
		wf_member_set_state(member, wf_subscriber_check(member->subscriber, member->state,
								subscribers->is_critical));
		if (member->state != WF_SUBSCRIBER_GONE)
			end_if_due(subscribers, member, now);
	}
}

static void free_gone(struct wf_subscribers *subscribers)
{
	struct wf_member **link = &subscribers->first;

	while (*link) {
		struct wf_member *member = *link;

		if (member->state != WF_SUBSCRIBER_GONE) {
			link = &member->next;
			continue;
		}
		*link = member->next;
		free_member(subscribers, member);
	}
}

/* Serve the clients that no descriptor reports: those with more events, and, if due, busy ones. */
static void serve_busy(struct wf_subscribers *subscribers)
{
	bool is_due = now_ns() >= subscribers->busy_ns;

	for (struct wf_member *member = subscribers->first; member; member = member->next)
		if (member->state == WF_SUBSCRIBER_MORE ||
		    (is_due && member->state == WF_SUBSCRIBER_BUSY))
			wf_member_serve(member, 0);
	if (is_due)
		subscribers->busy_ns = now_ns() + BUSY_MS * NS_PER_MS;
}

/* Return the time limit of the next epoll_wait(). */
static int wait_ms(const struct wf_subscribers *subscribers)
{
	int ms = subscribers->first ? CHECK_MS : -1;

	for (const struct wf_member *member = subscribers->first; member; member = member->next) {
		if (member->state == WF_SUBSCRIBER_MORE)
			return 0;
		if (member->state == WF_SUBSCRIBER_BUSY)
			ms = BUSY_MS;
	}
	return ms;
}

static void *serve_all(void *ctx)
{
	struct wf_subscribers *subscribers = ctx;
	struct epoll_event events[EVENTS_MAX];
	uint64_t check_ns = 0;

	pthread_setname_np(pthread_self(), "weft-serve");
	/*
	 * Serving clients must not take processor time from the workers, unless these wait for
	 * clients. In Linux, setpriority() with 0 changes only the calling thread.
	 */
	if (!subscribers->is_replay)
		setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + NICE);
	while (!subscribers->finish_ns || subscribers->first) {
		int count =
			epoll_wait(subscribers->epoll_fd, events, EVENTS_MAX, wait_ms(subscribers));

		for (int i = 0; i < count; i++) {
			if (events[i].data.ptr)
				wf_member_serve(events[i].data.ptr, events[i].events);
			else
				read_pipe(subscribers);
		}
		serve_busy(subscribers);
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

void wf_subscribers_set_log(struct wf_subscribers *subscribers, weft_log_fn log, void *log_ctx)
{
	subscribers->log = log;
	subscribers->log_ctx = log_ctx;
}

void wf_subscribers_set_replay(struct wf_subscribers *subscribers, uint32_t idle_ttl_ms)
{
	subscribers->is_replay = true;
	subscribers->idle_ttl_ms = idle_ttl_ms;
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

static int send_member(struct wf_subscribers *subscribers, struct wf_member *member)
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
		      bool is_shared, struct wf_member **ret_member,
		      struct wf_control_error *ret_error)
{
	struct wf_member *member = calloc(1, sizeof(*member));
	char name[WF_SUBSCRIBE_NAME_BYTES];
	int err;

	if (!member)
		return refuse(ret_error, -ENOMEM, strerror(ENOMEM));
	snprintf(name, sizeof(name), "client-%d", (int)wf_control_peer_pid(fd));
	member->epoll_fd = subscribers->epoll_fd;
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
		 "subscribe: the maximum of %u subscribers is reached (control.max_subscribers)",
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
	struct wf_member *member;
	int err = wf_subscribe_request_read(request, &opts, &is_shared, ret_error);

	if (!err && is_shared)
		err = check_access(subscribers, fd, ret_error);
	if (err)
		return err;
	if (!opts.idle_ttl_ms)
		opts.idle_ttl_ms = subscribers->idle_ttl_ms;
	opts.consumer_bytes = subscribers->is_replay ? WF_SHM_COPIES_BYTES : 0;
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

unsigned int wf_subscribers_count(const struct wf_subscribers *subscribers)
{
	return atomic_load(&subscribers->count);
}

void wf_subscribers_refuse(struct wf_subscribers *subscribers)
{
	atomic_store(&subscribers->is_finishing, true);
}

void wf_subscribers_cut(struct wf_subscribers *subscribers)
{
	atomic_store(&subscribers->is_cut, true);
}

void wf_subscribers_finish(struct wf_subscribers *subscribers)
{
	wf_subscribers_refuse(subscribers);
	if (!subscribers->has_thread)
		return;
	send_member(subscribers, NULL);
	pthread_join(subscribers->thread, NULL);
	subscribers->has_thread = false;
}

void wf_subscribers_free(struct wf_subscribers *subscribers)
{
	struct wf_member *member;

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
