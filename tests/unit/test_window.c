// SPDX-License-Identifier: BSD-2-Clause
/*
 * Tests of sink/nats/window.c: order and repetition without a server. The last test lets a model of
 * JetStream store, reject, lose and answer at random.
 */
#include "unit/support/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sink/nats/window.h"

#define MS 1000000ull

enum { ACK_MS = 1000, RETRY_MS = 100, RETRY_MAX_MS = 300, A = 1, B = 2 };

/* A message: its key, and its number among those of its key, from 1. */
struct message {
	uint64_t key;
	unsigned int number;
	struct wf_window_id id;
};

static struct wf_window *window;
static uint64_t now_ns;
static unsigned int freed;

static void free_one(void *message)
{
	freed++;
	free(message);
}

static int setup(void **state)
{
	const struct wf_window_opts opts = {
		.bytes_max = 100,
		.in_flight_bytes_max = 50,
		.in_flight_max = 4,
		.ack_timeout_ns = ACK_MS * MS,
		.retry_ns = RETRY_MS * MS,
		.retry_max_ns = RETRY_MAX_MS * MS,
		.free_fn = free_one,
	};

	now_ns = 1000 * MS;
	freed = 0;
	return wf_window_new(&opts, &window);
}

static int teardown(void **state)
{
	wf_window_free(window);
	return 0;
}

static struct wf_window_stats stats(void)
{
	struct wf_window_stats read;

	assert_true(wf_window_is_valid(window));
	wf_window_stats_read(window, &read);
	return read;
}

/* Pushes message @number of @key with @bytes bytes; it must fit. Returns its id. */
static struct wf_window_id push(uint64_t key, unsigned int number, uint32_t bytes)
{
	struct message *message = malloc(sizeof(*message));

	assert_non_null(message);
	message->key = key;
	message->number = number;
	assert_int_equal(wf_window_next_id(window, &message->id), 0);
	assert_int_equal(wf_window_push(window, key, message, bytes, bytes, now_ns), 0);
	return message->id;
}

/* Sends all that may be sent; this must be @expected, as "1.1 2.1": KEY.NUMBER. */
static void expect_sent(const char *expected)
{
	const struct message *message;
	char sent[256] = "";

	while ((message = wf_window_next(window, now_ns)) != NULL) {
		size_t len = strlen(sent);

		snprintf(sent + len, sizeof(sent) - len, "%s%llu.%u", len ? " " : "",
			 (unsigned long long)message->key, message->number);
	}
	assert_string_equal(sent, expected);
	assert_true(wf_window_is_valid(window));
}

static void ack(struct wf_window_id id)
{
	assert_true(wf_window_acked(window, id));
	assert_true(wf_window_is_valid(window));
}

static void reject(struct wf_window_id id)
{
	wf_window_rejected(window, id, now_ns);
	assert_true(wf_window_is_valid(window));
}

static void after_ms(uint64_t ms)
{
	now_ns += ms * MS;
	wf_window_expire(window, now_ns);
}

TEST_WITH(window_sends_one_message_of_a_key_at_a_time, setup, teardown)
{
	struct wf_window_id a1 = push(A, 1, 5), a2 = push(A, 2, 5), b1 = push(B, 1, 5);

	expect_sent("1.1 2.1");
	expect_sent("");
	assert_true(wf_window_has_key(window, B));
	ack(b1);
	assert_false(wf_window_has_key(window, B));
	expect_sent("");
	ack(a1);
	expect_sent("1.2");
	ack(a2);
	assert_false(wf_window_has_key(window, A));
	assert_int_equal(freed, 3);
	assert_int_equal(stats().acked, 3);
	assert_int_equal(stats().acked_payload_bytes, 15);
	assert_int_equal(stats().pending_bytes, 0);
	assert_int_equal(stats().retried, 0);
}

TEST_WITH(window_sends_messages_without_key_at_once, setup, teardown)
{
	struct wf_window_id second;

	push(WF_WINDOW_NO_KEY, 1, 5);
	second = push(WF_WINDOW_NO_KEY, 2, 5);
	expect_sent("0.1 0.2");
	ack(second);
	assert_int_equal(stats().pending, 1);
}

TEST_WITH(window_ignores_answers_to_unknown_messages, setup, teardown)
{
	struct wf_window_id a1 = push(A, 1, 5), next;

	/* Not sent yet, so not stored. */
	assert_false(wf_window_acked(window, a1));
	expect_sent("1.1");
	ack(a1);
	assert_false(wf_window_acked(window, a1));
	next = push(A, 2, 5);
	assert_int_equal(next.slot, a1.slot);
	expect_sent("1.2");
	assert_false(wf_window_acked(window, a1));
	assert_false(wf_window_acked(window, (struct wf_window_id){0, 1}));
	assert_false(wf_window_acked(window, (struct wf_window_id){1000000, 1}));
	wf_window_give_up(window, a1);
	reject(a1);
	assert_int_equal(stats().in_flight, 1);
}

TEST_WITH(window_rejects_what_exceeds_its_bytes, setup, teardown)
{
	char message;

	for (unsigned int i = 1; i <= 9; i++)
		push(A, i, 11);
	assert_true(wf_window_has_room(window, 1));
	assert_false(wf_window_has_room(window, 2));
	assert_int_equal(wf_window_push(window, B, &message, 2, 2, now_ns), -ENOBUFS);
	assert_int_equal(stats().pushed, 9);
}

TEST_WITH(window_has_room_for_one_message_of_any_size, setup, teardown)
{
	struct wf_window_id a1 = push(A, 1, 1000);

	assert_false(wf_window_has_room(window, 0));
	expect_sent("1.1");
	ack(a1);
	assert_true(wf_window_has_room(window, 1000));
}

TEST_WITH(window_limits_what_is_in_flight, setup, teardown)
{
	struct wf_window_id first = push(10, 1, 5), large;

	for (uint64_t key = 11; key < 15; key++)
		push(key, 1, 5);
	expect_sent("10.1 11.1 12.1 13.1");
	large = push(15, 1, 60);
	push(16, 1, 5);
	ack(first);
	expect_sent("14.1");
	reject(large);
	after_ms(ACK_MS);
	after_ms(RETRY_MS);
	expect_sent("11.1");
}

TEST_WITH(window_limits_the_bytes_in_flight, setup, teardown)
{
	struct wf_window_id large = push(A, 1, 60);

	push(B, 1, 5);
	expect_sent("1.1");
	ack(large);
	expect_sent("2.1");
}

TEST_WITH(window_has_a_backlog_while_limits_keep_messages_back, setup, teardown)
{
	struct wf_window_id large = push(A, 1, 60);

	expect_sent("1.1");
	push(A, 2, 5);
	assert_false(wf_window_has_backlog(window)); /* it waits for its connection only */
	push(B, 1, 5);
	expect_sent("");
	assert_true(wf_window_has_backlog(window));
	ack(large);
	expect_sent("2.1 1.2");
	assert_false(wf_window_has_backlog(window));
	wf_window_disconnected(window);
	assert_true(wf_window_has_backlog(window));
}

TEST_WITH(window_after_rejection_probes_with_growing_intervals, setup, teardown)
{
	struct wf_window_id a1 = push(A, 1, 5), b1 = push(B, 1, 5);

	push(A, 2, 5);
	expect_sent("1.1 2.1");
	reject(a1);
	reject(b1);
	after_ms(RETRY_MS - 1);
	expect_sent("");
	after_ms(1);
	expect_sent("2.1");
	reject(b1);
	after_ms(2 * RETRY_MS - 1);
	expect_sent("");
	after_ms(1);
	expect_sent("2.1");
	reject(b1);
	after_ms(RETRY_MAX_MS - 1);
	expect_sent("");
	after_ms(1);
	expect_sent("2.1");
	ack(b1);
	expect_sent("1.1");
	reject(a1);
	after_ms(RETRY_MS);
	expect_sent("1.1");
	ack(a1);
	expect_sent("1.2");
	assert_int_equal(stats().retried, 5);
}

TEST_WITH(window_probe_waits_for_what_is_under_way, setup, teardown)
{
	struct wf_window_id a1 = push(A, 1, 5), b1 = push(B, 1, 5);

	expect_sent("1.1 2.1");
	reject(a1);
	after_ms(RETRY_MS);
	expect_sent("");
	/* An acknowledgement shows that the stream stores messages. */
	ack(b1);
	expect_sent("1.1");
}

TEST_WITH(window_after_rejection_of_some_message_sends_all_again, setup, teardown)
{
	struct wf_window_id a1 = push(A, 1, 5), b1 = push(B, 1, 5);

	push(3, 1, 5);
	expect_sent("1.1 2.1 3.1");
	wf_window_rejected_some(window, now_ns);
	wf_window_rejected_some(window, now_ns);
	after_ms(RETRY_MS);
	expect_sent("1.1");
	/* An answer to the first sending counts, too. */
	ack(b1);
	ack(a1);
	expect_sent("3.1");
}

TEST_WITH(window_without_answer_sends_again_after_the_time_limit, setup, teardown)
{
	struct wf_window_id a1 = push(A, 1, 5);

	expect_sent("1.1");
	after_ms(ACK_MS - 1);
	expect_sent("");
	after_ms(1 + RETRY_MS);
	after_ms(RETRY_MS);
	expect_sent("1.1");
	assert_int_equal(stats().retried, 1);
	ack(a1);
	assert_false(wf_window_acked(window, a1));
	assert_int_equal(stats().pending, 0);
}

TEST_WITH(window_after_disconnect_probes_at_once_what_was_sent_first, setup, teardown)
{
	struct wf_window_id a1 = push(A, 1, 5);

	push(B, 1, 5);
	expect_sent("1.1 2.1");
	push(3, 1, 5);
	wf_window_disconnected(window);
	assert_int_equal(stats().in_flight, 0);
	expect_sent("1.1");
	ack(a1);
	expect_sent("2.1 3.1");
}

TEST_WITH(window_goes_on_after_a_message_was_given_up, setup, teardown)
{
	struct wf_window_id a1 = push(A, 1, 5), a2 = push(A, 2, 5);

	wf_window_give_up(window, a1);
	expect_sent("1.1");
	wf_window_give_up(window, a1);
	expect_sent("1.2");
	ack(a2);
	assert_int_equal(stats().failed, 1);
	assert_int_equal(stats().acked, 1);
	assert_int_equal(stats().pending, 0);
	assert_int_equal(freed, 2);
}

TEST_WITH(window_oldest_is_the_first_pending_message, setup, teardown)
{
	struct wf_window_id b1 = push(B, 1, 5);

	now_ns += 5;
	push(A, 1, 5);
	assert_int_equal(stats().oldest_ns, now_ns - 5);
	expect_sent("2.1 1.1");
	ack(b1);
	assert_int_equal(stats().oldest_ns, now_ns);
}

/* ---- a model of JetStream ---- */

enum { KEYS = 40, MESSAGES = 50, PIPE_MAX = 64 };

struct model {
	uint32_t seed;
	unsigned int stored[KEYS]; /* by key: number of the message that was stored last */
	struct message pipe[PIPE_MAX];
	unsigned int piped;
	bool has_leader;
	unsigned int misordered;
};

static uint32_t roll(struct model *model, uint32_t sides)
{
	model->seed = model->seed * 1664525u + 1013904223u;
	return (model->seed >> 8) % sides;
}

/* Stores, rejects or loses the message that was sent first; the answer may be lost. */
static void process_one(struct model *model)
{
	struct message message = model->pipe[0];
	unsigned int *stored = &model->stored[message.key - 1];

	memmove(model->pipe, model->pipe + 1, --model->piped * sizeof(message));
	/* A leader that loses its office loses messages without an answer. */
	if (!roll(model, 20))
		return;
	if (model->has_leader && message.number > *stored) {
		model->misordered += message.number != *stored + 1;
		*stored = message.number;
	}
	if (!roll(model, 10))
		return;
	if (model->has_leader)
		wf_window_acked(window, message.id);
	else if (roll(model, 2))
		wf_window_rejected(window, message.id, now_ns);
	else
		wf_window_rejected_some(window, now_ns);
}

/* Publishes MESSAGES messages of each key. */
static void run_model(uint32_t seed)
{
	struct model model = {.seed = seed, .has_leader = true};
	unsigned int pushed[KEYS] = {0};
	const struct message *message;

	for (int step = 0; step < 1000000 && stats().acked < KEYS * MESSAGES; step++) {
		uint32_t key = roll(&model, KEYS);

		now_ns += roll(&model, 30) * MS;
		wf_window_expire(window, now_ns);
		if (pushed[key] < MESSAGES && wf_window_has_room(window, 5))
			push(key + 1, ++pushed[key], 5);
		while (model.piped < PIPE_MAX && (message = wf_window_next(window, now_ns)) != NULL)
			model.pipe[model.piped++] = *message;
		while (model.piped && roll(&model, 4))
			process_one(&model);
		if (!roll(&model, 60)) {
			wf_window_disconnected(window);
			model.piped = roll(&model, 2) ? 0 : model.piped;
		}
		if (!roll(&model, 20))
			model.has_leader = !model.has_leader;
	}
	assert_int_equal(stats().acked, KEYS * MESSAGES);
	assert_int_equal(stats().pending, 0);
	assert_int_equal(model.misordered, 0);
	for (int key = 0; key < KEYS; key++)
		assert_int_equal(model.stored[key], MESSAGES);
}

TEST(window_stores_each_key_in_order_whatever_is_lost_or_rejected)
{
	for (uint32_t seed = 1; seed <= 20; seed++) {
		setup(NULL);
		run_model(seed);
		teardown(NULL);
	}
}
