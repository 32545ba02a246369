// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_mapped_files.c - the table of mapped capture files finds a file by an address in it.
 */
#include "unit/support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <weft/limits.h>
#include <weft/subscribe.h>

#include "capture/mapped_files.h"

enum { BYTES = 100 };

/* The table does not read the memory of a file. */
static uint8_t memory[WEFT_SHARED_FILES_MAX + 1][BYTES];
static int fd;

static int setup(void **state)
{
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	return fd < 0;
}

static int teardown(void **state)
{
	for (int i = 0; i <= WEFT_SHARED_FILES_MAX; i++)
		wf_mapped_files_remove(memory[i]);
	return close(fd);
}

static void assert_found(const uint8_t *byte, const uint8_t *base)
{
	struct weft_memory file;

	assert_int_equal(wf_mapped_files_find(byte, &file), 0);
	assert_ptr_equal(file.base, base);
	assert_int_equal(file.bytes, BYTES);
	assert_true(file.fd != fd);
	assert_int_equal(close(file.fd), 0);
}

static void assert_not_found(const uint8_t *byte)
{
	struct weft_memory file;

	assert_int_equal(wf_mapped_files_find(byte, &file), -ENOENT);
}

TEST_WITH(mapped_files_contain_their_bytes_only, setup, teardown)
{
	assert_true(wf_mapped_files_add(fd, memory[1], BYTES));
	assert_found(memory[1], memory[1]);
	assert_found(memory[1] + BYTES - 1, memory[1]);
	assert_not_found(memory[1] - 1);
	assert_not_found(memory[1] + BYTES);
	wf_mapped_files_remove(memory[0]);
	assert_found(memory[1], memory[1]);
	wf_mapped_files_remove(memory[1]);
	assert_not_found(memory[1]);
}

TEST_WITH(mapped_files_beyond_the_limit_are_not_found, setup, teardown)
{
	for (int i = 0; i < WEFT_SHARED_FILES_MAX; i++)
		assert_true(wf_mapped_files_add(fd, memory[i], BYTES));
	assert_false(wf_mapped_files_add(fd, memory[WEFT_SHARED_FILES_MAX], BYTES));
	assert_not_found(memory[WEFT_SHARED_FILES_MAX]);
	wf_mapped_files_remove(memory[3]);
	assert_true(wf_mapped_files_add(fd, memory[WEFT_SHARED_FILES_MAX], BYTES));
	assert_found(memory[WEFT_SHARED_FILES_MAX], memory[WEFT_SHARED_FILES_MAX]);
}

/* A client that gets such a descriptor could change the file. */
TEST_WITH(mapped_files_that_are_open_for_writing_are_not_shared, setup, teardown)
{
	int writable = open("/dev/null", O_RDWR | O_CLOEXEC);

	assert_false(wf_mapped_files_add(writable, memory[0], BYTES));
	assert_not_found(memory[0]);
	assert_false(wf_mapped_files_add(-1, memory[0], BYTES));
	close(writable);
}
