// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_registry.c - subscriptions that begin and end while a worker dispatches events: which events
 * they get, and that their memory is freed.
 */
#include "unit/support/test.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "deliver/subscription.h"
#include "memory/arena.h"
#include "memory/budget.h"
#include "unit/support/rig.h"

enum { EVENTS = 64, LOG_BYTES = 4096 };

static struct rig rig;
static int64_t sent; /* bytes that the client of the first connection has sent */

/* An inline subscriber that writes its events as text. */
struct listener {
	struct weft_sub *sub;
	int ended; /* number of calls of ended_fn */
	enum weft_sub_end reason;
	bool leaves; /* unsubscribe in the next callback */
	char log[LOG_BYTES];
};

static int listen(const struct weft_event *event, void *ctx)
{
	struct listener *listener = ctx;
	char *end = listener->log + strlen(listener->log);
	size_t room = LOG_BYTES - (size_t)(end - listener->log);
	char mark = event->dir == WEFT_TO_SERVER ? '>' : '<';

	if (event->type == WEFT_EVENT_OPEN)
		snprintf(end, room, "open%s %llu %llu\n", event->open.midway ? " midway" : "",
			 (unsigned long long)event->open.off[WEFT_TO_SERVER],
			 (unsigned long long)event->open.off[WEFT_TO_CLIENT]);
	else if (event->type == WEFT_EVENT_DATA)
		snprintf(end, room, "%c %llu %.*s\n", mark, (unsigned long long)event->data.off,
			 (int)event->data.len_bytes, (const char *)event->data.bytes);
	else if (event->type == WEFT_EVENT_GAP)
		snprintf(end, room, "%c gap %llu %llu\n", mark, (unsigned long long)event->gap.off,
			 (unsigned long long)event->gap.len_bytes);
	else if (event->type == WEFT_EVENT_CLOSE)
		snprintf(end, room, "close\n");
	if (listener->leaves)
		wf_registry_remove(listener->sub);
	listener->leaves = false;
	return 0;
}

static void note_end(struct weft_sub *sub, enum weft_sub_end reason, void *ctx)
{
	struct listener *listener = ctx;

	assert_ptr_equal(sub, listener->sub);
	listener->ended++;
	listener->reason = reason;
}

/*
 * Subscribes @listener with @opts. The rig's worker uses the subscription from its next batch on.
 */
static void join_with(struct listener *listener, struct weft_sub_opts opts)
{
	memset(listener, 0, sizeof(*listener));
	opts.sz = sizeof(opts);
	opts.name = "listener";
	opts.inline_fn = listen;
	opts.ended_fn = note_end;
	opts.ctx = listener;
	assert_int_equal(wf_registry_add(&rig.registry, &opts, false, &listener->sub), 0);
	wf_dispatch_flush(&rig.dispatch);
}

static void join(struct listener *listener)
{
	join_with(listener, (struct weft_sub_opts){0});
}

static void send(const char *text)
{
	rig_data(&rig, RIG_CLIENT, sent, text);
	sent += (int64_t)strlen(text);
}

static int setup(void **state)
{
	rig_start(&rig, NULL);
	wf_dispatch_adopt(&rig.dispatch);
	sent = 0;
	return 0;
}

static int teardown(void **state)
{
	rig_stop(&rig);
	return 0;
}

/* ---- subscriptions that begin during a connection ---- */

TEST_WITH(registry_joins_midway_with_open_and_offsets, setup, teardown)
{
	struct listener listener;

	rig_handshake(&rig);
	send("hello");
	join(&listener);
	assert_string_equal(listener.log, "");
	send("world");
	rig_data(&rig, RIG_SERVER, 0, "yes");
	rig_flush(&rig);
	assert_string_equal(listener.log, "open midway 5 0\n> 5 world\n< 0 yes\nclose\n");
}

TEST_WITH(registry_joins_midway_at_close, setup, teardown)
{
	struct listener listener;

	rig_handshake(&rig);
	send("hello");
	join(&listener);
	rig_flush(&rig);
	assert_string_equal(listener.log, "open midway 5 0\nclose\n");
}

TEST_WITH(registry_joins_midway_at_a_gap, setup, teardown)
{
	struct listener listener;

	rig_handshake(&rig);
	send("hello");
	rig_segment(&rig, RIG_CLIENT, WF_TCP_ACK, 8, 0, "late");
	join(&listener);
	rig_ack(&rig, RIG_SERVER, 12);
	rig_flush(&rig);
	assert_string_equal(listener.log, "open midway 5 0\n> gap 5 3\n> 8 late\nclose\n");
}

TEST_WITH(registry_later_connection_is_not_midway, setup, teardown)
{
	struct listener listener;

	rig_handshake(&rig);
	join(&listener);
	rig_flush(&rig);
	listener.log[0] = 0;
	rig.port[RIG_CLIENT]++;
	rig_handshake(&rig);
	rig_flush(&rig);
	assert_string_equal(listener.log, "open 0 0\nclose\n");
}

/*
 * A subscription gets one OPEN of a connection, whether the subscription or the connection began
 * first.
 */
TEST_WITH(registry_joins_each_connection_once, setup, teardown)
{
	struct listener first, second;

	join(&first);
	rig_handshake(&rig);
	send("a");
	join(&second);
	send("b");
	send("c");
	rig_flush(&rig);
	assert_string_equal(first.log, "open 0 0\n> 0 a\n> 1 b\n> 2 c\nclose\n");
	assert_string_equal(second.log, "open midway 1 0\n> 1 b\n> 2 c\nclose\n");
}

TEST_WITH(registry_unwanted_open_is_not_sent, setup, teardown)
{
	struct listener listener = {0};
	const struct weft_sub_opts opts = {
		.sz = sizeof(opts),
		.events = WEFT_EVENT_BIT(WEFT_EVENT_DATA),
		.inline_fn = listen,
		.ctx = &listener,
	};

	rig_handshake(&rig);
	assert_int_equal(wf_registry_add(&rig.registry, &opts, false, &listener.sub), 0);
	wf_dispatch_flush(&rig.dispatch);
	send("hello");
	rig_flush(&rig);
	assert_string_equal(listener.log, "> 0 hello\n");
}

TEST_WITH(registry_queue_has_midway_and_offsets, setup, teardown)
{
	const struct weft_sub_opts opts = {.sz = sizeof(opts), .name = "queue"};
	struct weft_event events[EVENTS];
	struct weft_sub *sub;

	rig_handshake(&rig);
	send("hello");
	assert_int_equal(wf_registry_add(&rig.registry, &opts, false, &sub), 0);
	wf_dispatch_flush(&rig.dispatch);
	send("world");
	assert_int_equal(wf_sub_poll(sub, events, EVENTS, 0), 2);
	assert_int_equal(events[0].type, WEFT_EVENT_OPEN);
	assert_true(events[0].open.midway);
	assert_int_equal(events[0].open.off[WEFT_TO_SERVER], 5);
	assert_int_equal(events[0].open.off[WEFT_TO_CLIENT], 0);
	assert_int_equal(events[1].data.off, 5);
}

/* ---- subscriptions to a part of the events ---- */

TEST_WITH(registry_filter_chooses_connections, setup, teardown)
{
	struct listener web, other, both;

	join_with(&web, (struct weft_sub_opts){.filter = "dst port 80 and src host 10.0.0.1"});
	join_with(&other, (struct weft_sub_opts){.filter = "port 22 or src port 80"});
	join_with(&both, (struct weft_sub_opts){.filter = "tcp and (port 80 or net 192.0.2.0/24)"});
	rig_handshake(&rig);
	send("hello");
	rig_flush(&rig);
	assert_string_equal(web.log, "open 0 0\n> 0 hello\nclose\n");
	assert_string_equal(other.log, "");
	assert_string_equal(both.log, web.log);
}

TEST_WITH(registry_filter_is_asked_midway, setup, teardown)
{
	struct listener web, other;

	rig_handshake(&rig);
	send("hello");
	join_with(&web, (struct weft_sub_opts){.filter = "tcp port 80"});
	join_with(&other, (struct weft_sub_opts){.filter = "not tcp port 80"});
	send("world");
	rig_flush(&rig);
	assert_string_equal(web.log, "open midway 5 0\n> 5 world\nclose\n");
	assert_string_equal(other.log, "");
}

/*
 * Three connections, stored one after the other at the same address; the filter matches the second.
 */
TEST_WITH(registry_filter_is_asked_for_each_connection, setup, teardown)
{
	struct listener listener;

	join_with(&listener, (struct weft_sub_opts){.filter = "src port 1026"});
	rig_handshake(&rig);
	rig_flush(&rig);
	rig.port[RIG_CLIENT] = 1026;
	rig_handshake(&rig);
	rig_flush(&rig);
	rig.port[RIG_CLIENT] = 1027;
	rig_handshake(&rig);
	rig_flush(&rig);
	assert_string_equal(listener.log, "open 0 0\nclose\n");
}

static void assert_refused(const char *filter)
{
	const struct weft_sub_opts opts = {.sz = sizeof(opts), .filter = filter};
	uint64_t runs = wf_arena_used_bytes(rig.arena);
	uint64_t queues = wf_budget_held(wf_arena_budget(rig.arena), WF_BUDGET_QUEUES);
	struct weft_sub *sub;

	assert_int_equal(wf_registry_add(&rig.registry, &opts, false, &sub), -EINVAL);
	assert_int_equal(wf_arena_used_bytes(rig.arena), runs);
	assert_int_equal(wf_budget_held(wf_arena_budget(rig.arena), WF_BUDGET_QUEUES), queues);
}

TEST_WITH(registry_filter_of_packets_is_refused, setup, teardown)
{
	assert_refused("tcp[13] & 2 != 0");
	assert_refused("greater 100");
	assert_refused("ip[1] = 0");
	assert_refused("port");
	assert_refused("ether host 02:00:00:00:00:01");
}

TEST_WITH(registry_direction_and_first_bytes, setup, teardown)
{
	const struct weft_sub_opts back = {.directions = WEFT_DIR_BIT(WEFT_TO_CLIENT)};
	struct listener answers, beginning;

	join_with(&answers, back);
	join_with(&beginning, (struct weft_sub_opts){.first_bytes = 7});
	rig_handshake(&rig);
	send("hello");
	send("world");
	send("again");
	rig_data(&rig, RIG_SERVER, 0, "answer");
	rig_flush(&rig);
	assert_string_equal(answers.log, "open 0 0\n< 0 answer\nclose\n");
	assert_string_equal(beginning.log, "open 0 0\n> 0 hello\n> 5 wo\n< 0 answer\nclose\n");
}

TEST_WITH(registry_first_bytes_cut_a_gap, setup, teardown)
{
	struct listener listener;

	join_with(&listener, (struct weft_sub_opts){.first_bytes = 7});
	rig_handshake(&rig);
	send("hello");
	rig_segment(&rig, RIG_CLIENT, WF_TCP_ACK, 10, 0, "late");
	rig_ack(&rig, RIG_SERVER, 14);
	rig_flush(&rig);
	assert_string_equal(listener.log, "open 0 0\n> 0 hello\n> gap 5 2\nclose\n");
}

/* ---- ends ---- */

static uint64_t used_bytes(void)
{
	return wf_budget_used(wf_arena_budget(rig.arena));
}

TEST_WITH(registry_removed_in_its_callback_gets_nothing_more, setup, teardown)
{
	struct listener listener;

	join(&listener);
	rig_handshake(&rig);
	listener.leaves = true;
	send("hello");
	send("world");
	assert_string_equal(listener.log, "open 0 0\n> 0 hello\n");
	assert_int_equal(listener.ended, 1);
	assert_int_equal(listener.reason, WEFT_SUB_UNSUBSCRIBED);
}

TEST_WITH(registry_many_come_and_go, setup, teardown)
{
	const struct weft_sub_opts opts = {.sz = sizeof(opts), .queue_bytes = WEFT_QUEUE_MIN_BYTES};
	uint64_t runs = 0;

	rig_handshake(&rig);
	for (int i = 0; i < 1000; i++) {
		struct weft_sub *sub;

		assert_int_equal(wf_registry_add(&rig.registry, &opts, false, &sub), 0);
		wf_dispatch_flush(&rig.dispatch);
		send("x");
		wf_registry_remove(sub);
		wf_dispatch_flush(&rig.dispatch);
		if (i == 10)
			runs = used_bytes();
	}
	assert_int_equal(used_bytes(), runs);
}

/* The worker uses none of the lists that contained the subscription. */
TEST_WITH(registry_passed_over_by_the_worker_is_freed, setup, teardown)
{
	const struct weft_sub_opts opts = {.sz = sizeof(opts)};
	uint64_t queues = wf_budget_held(wf_arena_budget(rig.arena), WF_BUDGET_QUEUES);
	uint64_t runs = wf_arena_used_bytes(rig.arena);
	struct weft_sub *sub;

	for (int i = 0; i < 3; i++) {
		assert_int_equal(wf_registry_add(&rig.registry, &opts, false, &sub), 0);
		wf_registry_remove(sub);
	}
	wf_dispatch_flush(&rig.dispatch);
	assert_int_equal(wf_arena_used_bytes(rig.arena), runs);
	/* The lists are freed with the next change. */
	assert_in_range(wf_budget_held(wf_arena_budget(rig.arena), WF_BUDGET_QUEUES), queues,
			queues + 6 * sizeof(struct wf_sub_list));
}

TEST_WITH(registry_full_is_refused_until_one_leaves, setup, teardown)
{
	const struct weft_sub_opts opts = {.sz = sizeof(opts), .inline_fn = listen};
	struct listener listener = {0};
	struct weft_sub *sub, *last = NULL;
	struct weft_sub_opts own = opts;
	int err;

	own.ctx = &listener;
	for (int i = 1; i < WEFT_SUBSCRIPTIONS_MAX; i++)
		assert_int_equal(wf_registry_add(&rig.registry, &own, false, &last), 0);
	err = wf_registry_add(&rig.registry, &own, false, &sub);
	assert_int_equal(err, -ENOSPC);
	wf_dispatch_flush(&rig.dispatch);
	wf_registry_remove(last);
	assert_int_equal(wf_registry_add(&rig.registry, &own, false, &sub), 0);
	assert_int_equal(wf_registry_count(&rig.registry), WEFT_SUBSCRIPTIONS_MAX);
}

/* The subscription ends while its queue is full of events. */
TEST_WITH(registry_waiting_events_are_freed_with_their_owner, setup, teardown)
{
	const struct weft_sub_opts opts = {.sz = sizeof(opts)};
	struct weft_event events[EVENTS];
	struct weft_sub *sub;
	uint64_t runs = wf_arena_used_bytes(rig.arena);

	assert_int_equal(wf_registry_add(&rig.registry, &opts, false, &sub), 0);
	wf_dispatch_flush(&rig.dispatch);
	rig_handshake(&rig);
	for (int i = 0; i < 2000; i++)
		send("0123456789");
	assert_int_equal(wf_sub_poll(sub, events, EVENTS, 0), EVENTS);
	wf_registry_remove(sub);
	wf_dispatch_flush(&rig.dispatch);
	rig_flush(&rig);
	assert_in_range(wf_arena_used_bytes(rig.arena), runs, runs + 4 * 65536);
}

/* ---- threads ---- */

static void *poll_until_end(void *ctx)
{
	struct weft_event events[EVENTS];
	int count;

	while ((count = wf_sub_poll(ctx, events, EVENTS, -1)) >= 0)
		;
	return (void *)(intptr_t)count;
}

TEST_WITH(registry_removal_ends_a_waiting_poll, setup, teardown)
{
	const struct weft_sub_opts opts = {.sz = sizeof(opts)};
	struct weft_sub *sub;
	pthread_t reader;
	void *result;

	assert_int_equal(wf_registry_add(&rig.registry, &opts, false, &sub), 0);
	wf_dispatch_flush(&rig.dispatch);
	assert_int_equal(pthread_create(&reader, NULL, poll_until_end, sub), 0);
	while (!(atomic_load(&sub->reader_flags) & WF_SUB_POLLING))
		sched_yield();
	wf_registry_remove(sub);
	pthread_join(reader, &result);
	assert_int_equal((intptr_t)result, -ESHUTDOWN);
}

struct churn {
	atomic_bool done;
	atomic_int calls;
	atomic_int late; /* calls after wf_registry_remove() had returned */
	atomic_bool is_gone;
};

static int count_call(const struct weft_event *event, void *ctx)
{
	struct churn *churn = ctx;

	atomic_fetch_add(&churn->calls, 1);
	if (atomic_load(&churn->is_gone))
		atomic_fetch_add(&churn->late, 1);
	return 0;
}

/* Subscribes and unsubscribes while another thread is the worker. */
static void *come_and_go(void *ctx)
{
	const struct weft_sub_opts called = {
		.sz = sizeof(called), .inline_fn = count_call, .ctx = ctx};
	const struct weft_sub_opts queued = {.sz = sizeof(queued),
					     .overflow = WEFT_OVERFLOW_DROP_OLDEST};
	struct churn *churn = ctx;
	struct weft_event events[EVENTS];

	for (int i = 0; i < 300; i++) {
		struct weft_sub *inline_sub, *queue_sub;

		atomic_store(&churn->is_gone, false);
		assert_int_equal(wf_registry_add(&rig.registry, &called, false, &inline_sub), 0);
		assert_int_equal(wf_registry_add(&rig.registry, &queued, false, &queue_sub), 0);
		wf_sub_poll(queue_sub, events, EVENTS, 1);
		wf_registry_remove(inline_sub);
		atomic_store(&churn->is_gone, true);
		wf_registry_remove(queue_sub);
	}
	atomic_store(&churn->done, true);
	return NULL;
}

TEST_WITH(registry_churn_beside_a_worker, setup, teardown)
{
	struct churn churn = {0};
	pthread_t thread;

	rig_handshake(&rig);
	assert_int_equal(pthread_create(&thread, NULL, come_and_go, &churn), 0);
	while (!atomic_load(&churn.done)) {
		send("x");
		rig_log(&rig);
	}
	pthread_join(thread, NULL);
	assert_true(atomic_load(&churn.calls) > 0);
	assert_int_equal(atomic_load(&churn.late), 0);
}
