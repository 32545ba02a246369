// SPDX-License-Identifier: BSD-2-Clause
#include "unit/support/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <weft/limits.h>
#include <weft/log.h>

#include "api/memory_fit.h"

#define MIB (1ull << 20)

/* Each test has its own directory with files in the kernel's format, and the last logged line. */
struct fixture {
	char dir[64];
	char meminfo[128];
	char fs[128];
	char line[1024];
};

static void keep_line(enum weft_log_level level, const char *message, void *ctx)
{
	struct fixture *fix = ctx;

	(void)level;
	snprintf(fix->line, sizeof(fix->line), "%s", message);
}

static void write_file(struct fixture *fix, const char *name, const char *text)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", fix->dir, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static int setup(void **state)
{
	struct fixture *fix = calloc(1, sizeof(*fix));

	strcpy(fix->dir, "/tmp/weft-test-room-XXXXXX");
	assert_non_null(mkdtemp(fix->dir));
	snprintf(fix->meminfo, sizeof(fix->meminfo), "%s/meminfo", fix->dir);
	snprintf(fix->fs, sizeof(fix->fs), "%s/fs", fix->dir);
	assert_int_equal(mkdir(fix->fs, 0700), 0);
	write_file(fix, "meminfo",
		   "MemTotal: 8388608 kB\nMemFree: 1 kB\nMemAvailable: 6291456 kB\n");
	weft_log_set(keep_line, fix);
	*state = fix;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fix = *state;
	char command[128];

	weft_log_set(NULL, NULL);
	snprintf(command, sizeof(command), "rm -r '%s'", fix->dir);
	assert_int_equal(system(command), 0);
	free(fix);
	return 0;
}

/* Put this process in a v2 group that has a limit of @limit_mb MiB and uses @used_mb. */
static void limit_group(struct fixture *fix, unsigned int limit_mb, unsigned int used_mb)
{
	char text[64];

	write_file(fix, "cgroup", "0::/\n");
	snprintf(text, sizeof(text), "%llu\n", limit_mb * MIB);
	write_file(fix, "fs/memory.max", text);
	snprintf(text, sizeof(text), "%llu\n", used_mb * MIB);
	write_file(fix, "fs/memory.current", text);
}

static struct wf_memory_room room_of(struct fixture *fix)
{
	const struct wf_memory_room_paths paths = {
		.proc_dir = fix->dir, .cgroup_dir = fix->fs, .meminfo_path = fix->meminfo};
	struct wf_memory_room room;

	wf_memory_room_read(&paths, &room);
	return room;
}

static void assert_logged(const struct fixture *fix, const char *part)
{
	if (!strstr(fix->line, part))
		fail_msg("'%s' is not in '%s'", part, fix->line);
}

TEST_WITH(memory_room_of_the_host_is_what_is_available, setup, teardown)
{
	struct wf_memory_room room = room_of(*state);

	assert_int_equal(room.bytes, 6144 * MIB);
	assert_string_equal(room.why, "the host has 8192 MiB - 2048 in use");
}

TEST_WITH(memory_room_is_the_least_of_group_and_host, setup, teardown)
{
	struct fixture *fix = *state;
	struct wf_memory_room room;

	limit_group(fix, 1024, 24);
	room = room_of(fix);
	assert_int_equal(room.bytes, 1000 * MIB);
	assert_non_null(strstr(room.why, "fs has 1024 MiB - 24 in use"));
	limit_group(fix, 16384, 24);
	assert_int_equal(room_of(fix).bytes, 6144 * MIB);
	limit_group(fix, 24, 32);
	assert_int_equal(room_of(fix).bytes, 0);
}

TEST_WITH(memory_room_unreadable_is_no_limit, setup, teardown)
{
	struct fixture *fix = *state;

	write_file(fix, "meminfo", "MemTotal: many kB\n");
	assert_int_equal(room_of(fix).bytes, UINT64_MAX);
}

TEST_WITH(memory_default_is_an_eighth_of_little_room, setup, teardown)
{
	struct fixture *fix = *state;
	struct wf_memory_room room = room_of(fix);

	assert_int_equal(wf_memory_default(&room), WEFT_MEMORY_MB * MIB);
	assert_string_equal(fix->line, "");
	limit_group(fix, 1024, 24);
	room = room_of(fix);
	assert_int_equal(wf_memory_default(&room), 125 * MIB);
	assert_logged(fix, "the limit is 125 MiB instead of 512, 1/8 of the memory that is left");
	assert_logged(fix, "1024 MiB - 24 in use");
	limit_group(fix, 64, 0);
	room = room_of(fix);
	assert_int_equal(wf_memory_default(&room), WEFT_MEMORY_MIN_MB * MIB);
}

TEST_WITH(memory_limit_that_does_not_fit_is_rejected_with_the_sum, setup, teardown)
{
	struct fixture *fix = *state;
	struct wf_memory_room room;

	limit_group(fix, 1024, 24);
	room = room_of(fix);
	assert_int_equal(wf_memory_check(&room, 968 * MIB), 0);
	assert_string_equal(fix->line, "");
	assert_int_equal(wf_memory_check(&room, 969 * MIB), -E2BIG);
	assert_logged(fix, "the limit of 969 MiB + 32 MiB outside it = 1001 MiB, more than the "
			   "1000 MiB that are left");
	assert_logged(fix, "1024 MiB - 24 in use");
	assert_logged(fix, "to at most 968");
}
