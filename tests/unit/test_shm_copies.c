// SPDX-License-Identifier: BSD-2-Clause
/* test_shm_copies.c - the ring of copies: order, the end of the ring, data as large as the ring. */
#include "unit/support/test.h"

#include <string.h>

#include "serve/shm_copies.h"

enum { RING_BYTES = 100 };

static uint8_t memory[RING_BYTES], data[RING_BYTES];
static struct wf_shm_copies copies;

static int setup(void **state)
{
	memset(memory, 0, sizeof(memory));
	for (int i = 0; i < RING_BYTES; i++)
		data[i] = (uint8_t)(i + 1);
	wf_shm_copies_init(&copies, memory, sizeof(memory));
	return 0;
}

TEST_WITH(shm_copies_have_the_bytes_and_a_place_each, setup, NULL)
{
	const uint8_t *a = wf_shm_copies_add(&copies, data, 60);
	const uint8_t *b = wf_shm_copies_add(&copies, data + 60, 40);

	assert_memory_equal(a, data, 60);
	assert_memory_equal(b, data + 60, 40);
	assert_null(wf_shm_copies_add(&copies, data, 1));
}

TEST_WITH(shm_copies_at_the_end_of_the_ring_are_not_split, setup, NULL)
{
	const uint8_t *a = wf_shm_copies_add(&copies, data, 60);
	const uint8_t *b = wf_shm_copies_add(&copies, data, 20);
	const uint8_t *c;

	assert_null(wf_shm_copies_add(&copies, data, 30));
	wf_shm_copies_free(&copies, a, 60);
	c = wf_shm_copies_add(&copies, data, 30);
	assert_ptr_equal(c, memory);
	assert_memory_equal(b, data, 20);
	assert_null(wf_shm_copies_add(&copies, data, 31));
	wf_shm_copies_free(&copies, b, 20);
	assert_non_null(wf_shm_copies_add(&copies, data, 31));
}

TEST_WITH(shm_copies_that_are_all_free_leave_room_for_the_largest, setup, NULL)
{
	const uint8_t *a = wf_shm_copies_add(&copies, data, 30);
	const uint8_t *b = wf_shm_copies_add(&copies, data, 30);

	assert_null(wf_shm_copies_add(&copies, data, RING_BYTES));
	wf_shm_copies_free(&copies, a, 30);
	wf_shm_copies_free(&copies, b, 30);
	a = wf_shm_copies_add(&copies, data, RING_BYTES);
	assert_memory_equal(a, data, RING_BYTES);
	wf_shm_copies_free(&copies, a, RING_BYTES);
	assert_non_null(wf_shm_copies_add(&copies, data, 1));
}
