// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_edit.c - a value that is edited, and one that can't be written to a temporary file.
 */
#include "unit/support/test.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cli/ask/edit.h"

static char dir[] = "/tmp/weft-edit-XXXXXX";
static json_t *value;

static int setup(void **state)
{
	memcpy(dir + sizeof(dir) - 7, "XXXXXX", 6);
	value = json_pack("{si}", "number", 1);
	return !mkdtemp(dir) || setenv("TMPDIR", dir, 1) || unsetenv("VISUAL") || !value;
}

static int teardown(void **state)
{
	json_decref(value);
	unsetenv("TMPDIR");
	unsetenv("EDITOR");
	return rmdir(dir);
}

static int count_entries(const char *path)
{
	DIR *handle = opendir(path);
	int count = 0;

	assert_non_null(handle);
	for (const struct dirent *entry; (entry = readdir(handle)) != NULL;)
		count += entry->d_name[0] != '.';
	closedir(handle);
	return count;
}

TEST_WITH(edit_finds_whether_the_value_is_changed, setup, teardown)
{
	char path[WF_EDIT_PATH_BYTES];
	bool is_changed;

	setenv("EDITOR", "true", 1);
	assert_int_equal(wf_edit(value, path, &is_changed), 0);
	assert_false(is_changed);
	unlink(path);
	setenv("EDITOR", "sed -i s/1/2/", 1);
	assert_int_equal(wf_edit(value, path, &is_changed), 0);
	assert_true(is_changed);
	unlink(path);
}

TEST_WITH(edit_leaves_no_file_if_the_editor_fails, setup, teardown)
{
	char path[WF_EDIT_PATH_BYTES];
	bool is_changed;

	setenv("EDITOR", "false", 1);
	assert_int_equal(wf_edit(value, path, &is_changed), -EIO);
	assert_int_equal(count_entries(dir), 0);
}

/* A limit of 0 bytes for files makes each write fail, like a full disk. */
TEST_WITH(edit_leaves_no_file_and_descriptor_if_writing_fails, setup, teardown)
{
	int fds = count_entries("/proc/self/fd");
	char path[WF_EDIT_PATH_BYTES];
	struct rlimit before, none;
	bool is_changed;
	int err;

	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &before);
	none = (struct rlimit){.rlim_cur = 0, .rlim_max = before.rlim_max};
	setrlimit(RLIMIT_FSIZE, &none);
	err = wf_edit(value, path, &is_changed);
	setrlimit(RLIMIT_FSIZE, &before);
	assert_int_equal(err, -EIO);
	assert_int_equal(count_entries(dir), 0);
	assert_int_equal(count_entries("/proc/self/fd"), fds);
}
