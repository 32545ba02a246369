// SPDX-License-Identifier: BSD-2-Clause
/* Tests of sink/nats/chunks.c: what is collected, when it is passed on, limits. */
#include "unit/support/test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "sink/nats/chunks.h"

enum { CHUNK_BYTES = 8192 };

static struct wf_chunks *chunks;
static char log_text[2048];
static uint8_t expected_bytes[64 * 1024];
static int fn_err;

/* Appends "FLOW:DIR:OFFSET+LENGTH " to the log, and checks the bytes. */
static int log_chunk(const struct wf_chunk *chunk, void *ctx)
{
	size_t len = strlen(log_text);

	assert_memory_equal(chunk->bytes, expected_bytes + chunk->off, chunk->len_bytes);
	snprintf(log_text + len, sizeof(log_text) - len, "%llu:%d:%llu+%u ",
		 (unsigned long long)chunk->flow.id, chunk->dir, (unsigned long long)chunk->off,
		 chunk->len_bytes);
	return fn_err;
}

static void expect(const char *expected)
{
	assert_string_equal(log_text, expected);
	log_text[0] = '\0';
}

static int open_chunks(uint32_t chunks_max)
{
	const struct wf_chunks_opts opts = {
		.chunks_max = chunks_max,
		.bytes_max = 3 * CHUNK_BYTES,
		.chunk_bytes_max = CHUNK_BYTES,
		.fn = log_chunk,
	};

	for (size_t i = 0; i < sizeof(expected_bytes); i++)
		expected_bytes[i] = (uint8_t)(i * 7 >> 3);
	log_text[0] = '\0';
	fn_err = 0;
	return wf_chunks_new(&opts, &chunks);
}

static int setup(void **state)
{
	return open_chunks(3);
}

static int setup_many(void **state)
{
	return open_chunks(8);
}

static int teardown(void **state)
{
	wf_chunks_free(chunks);
	return 0;
}

static int add(uint64_t flow_id, enum weft_dir dir, uint64_t off, uint32_t len, uint64_t now_ns)
{
	const struct weft_flow flow = {.id = flow_id};
	const struct weft_event event = {
		.type = WEFT_EVENT_DATA,
		.dir = dir,
		.flow = &flow,
		.time_ns = off + 1,
		.data = {.bytes = expected_bytes + off, .len_bytes = len, .off = off},
	};

	return wf_chunks_add(chunks, &event, now_ns);
}

TEST_WITH(chunks_join_what_follows, setup, teardown)
{
	add(1, WEFT_TO_SERVER, 0, 100, 1);
	add(1, WEFT_TO_SERVER, 100, 50, 2);
	expect("");
	assert_int_equal(wf_chunks_count(chunks), 1);
	wf_chunks_end_flow(chunks, 1);
	expect("1:0:0+150 ");
	assert_int_equal(wf_chunks_count(chunks), 0);
	wf_chunks_end_flow(chunks, 1);
	expect("");
}

TEST_WITH(chunks_end_when_the_other_direction_sends, setup, teardown)
{
	add(1, WEFT_TO_SERVER, 0, 100, 1);
	add(1, WEFT_TO_CLIENT, 0, 30, 1);
	expect("1:0:0+100 ");
	add(1, WEFT_TO_SERVER, 100, 1, 1);
	expect("1:1:0+30 ");
}

TEST_WITH(chunks_end_where_bytes_are_missing, setup, teardown)
{
	add(1, WEFT_TO_SERVER, 0, 100, 1);
	add(1, WEFT_TO_SERVER, 101, 10, 1);
	expect("1:0:0+100 ");
}

TEST_WITH(chunks_have_a_maximum_length, setup, teardown)
{
	add(1, WEFT_TO_SERVER, 0, 20000, 1);
	expect("1:0:0+8192 1:0:8192+8192 ");
	add(1, WEFT_TO_SERVER, 20000, 4576, 1);
	expect("");
	add(1, WEFT_TO_SERVER, 24576, 1, 1);
	expect("1:0:16384+8192 ");
	wf_chunks_end_flow(chunks, 1);
	expect("1:0:24576+1 ");
}

TEST_WITH(chunks_of_age_are_passed_on_in_order_of_their_beginning, setup, teardown)
{
	add(3, WEFT_TO_SERVER, 0, 1, 10);
	add(1, WEFT_TO_SERVER, 0, 1, 11);
	add(2, WEFT_TO_SERVER, 0, 1, 12);
	add(3, WEFT_TO_SERVER, 1, 1, 13);
	wf_chunks_end_older(chunks, 9);
	expect("");
	wf_chunks_end_older(chunks, 11);
	expect("3:0:0+2 1:0:0+1 ");
	wf_chunks_end_older(chunks, UINT64_MAX);
	expect("2:0:0+1 ");
}

TEST_WITH(chunks_at_the_limit_of_their_number_pass_on_the_oldest, setup, teardown)
{
	for (uint64_t id = 1; id <= 3; id++)
		add(id, WEFT_TO_SERVER, 0, 1, id);
	expect("");
	add(4, WEFT_TO_SERVER, 0, 1, 4);
	expect("1:0:0+1 ");
	assert_int_equal(wf_chunks_count(chunks), 3);
}

TEST_WITH(chunks_at_the_limit_of_their_memory_pass_on_the_oldest, setup, teardown)
{
	add(1, WEFT_TO_SERVER, 0, 8192, 1);
	add(2, WEFT_TO_SERVER, 0, 8192, 2);
	add(3, WEFT_TO_SERVER, 0, 8000, 3);
	expect("");
	add(2, WEFT_TO_CLIENT, 0, 1, 4);
	/* The chunk of flow 2 ends because the direction changes, and then there is room. */
	expect("2:0:0+8192 ");
	add(2, WEFT_TO_CLIENT, 1, 8000, 4);
	add(3, WEFT_TO_CLIENT, 0, 5, 4);
	expect("3:0:0+8000 ");
	add(1, WEFT_TO_CLIENT, 0, 8000, 4);
	expect("1:0:0+8192 ");
}

TEST_WITH(chunks_that_grow_beyond_the_limit_pass_on_the_oldest, setup_many, teardown)
{
	for (uint64_t id = 1; id <= 3; id++)
		add(id, WEFT_TO_SERVER, 0, 10, id);
	add(4, WEFT_TO_SERVER, 0, 8000, 4);
	add(3, WEFT_TO_SERVER, 10, 8000, 5);
	expect("");
	add(2, WEFT_TO_SERVER, 10, 8000, 6);
	expect("1:0:0+10 ");
}

TEST_WITH(chunks_return_the_error_of_their_function, setup, teardown)
{
	fn_err = -ETIMEDOUT;
	assert_int_equal(add(1, WEFT_TO_SERVER, 0, 10, 1), 0);
	assert_int_equal(add(1, WEFT_TO_CLIENT, 0, 10, 1), -ETIMEDOUT);
	assert_int_equal(wf_chunks_count(chunks), 0);
	add(2, WEFT_TO_SERVER, 0, 10, 1);
	assert_int_equal(wf_chunks_end_older(chunks, UINT64_MAX), -ETIMEDOUT);
}
