// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_client_files.c - a client reads capture files that an agent names, and notices offsets
 * outside them and files that became shorter, without an access beyond their ends.
 */
#include "unit/support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/client_files.h"

enum { MIB = 1 << 20 };

static struct wf_client_files files;
static const char *why;
static int written; /* the file, open for writing */

static int teardown(void **state)
{
	wf_client_files_close(&files);
	close(written);
	return 0;
}

/* Add a file of @bytes bytes, without changing its page cache. */
static void add_file(uint64_t bytes)
{
	int fd;

	close(written);
	written = memfd_create("test", MFD_CLOEXEC);
	assert_true(written >= 0);
	assert_int_equal(ftruncate(written, (off_t)bytes), 0);
	fd = dup(written);
	assert_int_equal(wf_client_files_add(&files, fd), 0);
}

static int setup(void **state)
{
	written = -1;
	return 0;
}

static const uint8_t *read_at(uint64_t off, uint32_t bytes)
{
	why = NULL;
	return wf_client_files_at(&files, files.count, off, bytes, &why);
}

TEST_WITH(client_files_bytes_are_those_of_the_file, setup, teardown)
{
	const uint8_t *bytes;

	add_file(40 * MIB);
	assert_int_equal(pwrite(written, "begin", 5, 0), 5);
	assert_int_equal(pwrite(written, "window", 6, 8 * MIB - 3), 6);
	assert_int_equal(pwrite(written, "end", 3, 40 * MIB - 3), 3);
	bytes = read_at(0, 5);
	assert_memory_equal(bytes, "begin", 5);
	bytes = read_at(8 * MIB - 3, 6);
	assert_memory_equal(bytes, "window", 6);
	bytes = read_at(40 * MIB - 3, 3);
	assert_memory_equal(bytes, "end", 3);
	/* Data behind a hole may be older than the window. */
	bytes = read_at(0, 5);
	assert_memory_equal(bytes, "begin", 5);
}

TEST_WITH(client_files_pages_far_behind_are_released, setup, teardown)
{
	enum { FILE_BYTES = 200 * MIB, STEP = MIB };

	add_file(FILE_BYTES);
	for (uint64_t off = 0; off < FILE_BYTES; off += STEP)
		assert_non_null(read_at(off, STEP));
	assert_true(files.list[0].released >= FILE_BYTES - WF_CLIENT_FILES_LAG_BYTES - 24 * MIB);
	assert_non_null(read_at(0, STEP));
}

TEST_WITH(client_files_offsets_outside_are_rejected, setup, teardown)
{
	static const struct {
		uint64_t off;
		uint32_t bytes;
	} wrong[] = {{MIB, 1},	      {MIB - 1, 2},    {0, MIB + 1},
		     {0, UINT32_MAX}, {UINT64_MAX, 1}, {UINT64_MAX - 1, UINT32_MAX}};

	add_file(MIB);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_null(read_at(wrong[i].off, wrong[i].bytes));
		assert_non_null(why);
	}
	assert_null(wf_client_files_at(&files, 0, 0, 1, &why));
	assert_null(wf_client_files_at(&files, 2, 0, 1, &why));
	assert_non_null(read_at(MIB - 1, 1));
}

TEST_WITH(client_files_truncated_file_is_an_error, setup, teardown)
{
	add_file(40 * MIB);
	assert_non_null(read_at(0, 100));
	assert_int_equal(ftruncate(written, 20 * MIB), 0);
	assert_null(read_at(30 * MIB, 100));
	assert_non_null(strstr(why, "truncated"));
	/* The bytes that are left are read, also in the window that became shorter. */
	assert_non_null(read_at(20 * MIB - 100, 100));
	assert_null(read_at(20 * MIB - 50, 100));
	assert_non_null(strstr(why, "truncated"));
}

TEST_WITH(client_files_file_that_was_truncated_before_it_arrived_is_an_error, setup, teardown)
{
	add_file(MIB);
	assert_null(read_at(MIB, 100));
	assert_non_null(strstr(why, "truncated"));
}

TEST_WITH(client_files_that_are_no_capture_files_are_rejected, setup, teardown)
{
	int fds[2], fd;

	assert_int_equal(pipe(fds), 0);
	assert_int_equal(wf_client_files_add(&files, fds[0]), -EPROTO);
	assert_int_equal(fcntl(fds[0], F_GETFD), -1); /* closed */
	close(fds[1]);
	assert_int_equal(wf_client_files_add(&files, open("/dev/zero", O_RDONLY)), -EPROTO);
	assert_int_equal(wf_client_files_add(&files, memfd_create("empty", 0)), -EPROTO);
	for (int i = 0; i < WF_SHM_FILES_MAX; i++)
		add_file(4096);
	assert_int_equal(wf_client_files_add(&files, dup(written)), -EPROTO);
	fd = files.list[WF_SHM_FILES_MAX - 1].fd;
	wf_client_files_close(&files);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
}
