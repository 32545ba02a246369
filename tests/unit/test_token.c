// SPDX-License-Identifier: BSD-2-Clause
/* Tests of http/wire/token.c and http/wire/listen.c: the file of the token, and the socket. */
#include "unit/support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "http/wire/listen.h"
#include "http/wire/token.h"

struct fixture {
	char dir[32];
	char path[64];
	char other[64];
};

static int setup(void **state)
{
	struct fixture *fix = calloc(1, sizeof(*fix));

	strcpy(fix->dir, "/tmp/weft-token-XXXXXX");
	if (!mkdtemp(fix->dir))
		return -1;
	snprintf(fix->path, sizeof(fix->path), "%s/token", fix->dir);
	snprintf(fix->other, sizeof(fix->other), "%s/other", fix->dir);
	*state = fix;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fix = *state;

	unlink(fix->path);
	unlink(fix->other);
	rmdir(fix->dir);
	free(fix);
	return 0;
}

static void read_file(const char *path, char ret_text[128])
{
	int fd = open(path, O_RDONLY);
	ssize_t bytes = read(fd, ret_text, 127);

	assert_true(bytes >= 0);
	ret_text[bytes] = '\0';
	close(fd);
}

TEST_WITH(token_file_has_the_token_and_no_access_for_others, setup, teardown)
{
	struct fixture *fix = *state;
	struct wf_token token;
	char text[128], expected[128];
	struct stat st;

	assert_int_equal(wf_token_make(fix->path, "no such group", &token), 0);
	assert_int_equal(strlen(token.text), WF_GUARD_TOKEN_CHARS);
	snprintf(expected, sizeof(expected), "%s\n", token.text);
	read_file(fix->path, text);
	assert_string_equal(text, expected);
	assert_int_equal(stat(fix->path, &st), 0);
	assert_int_equal(st.st_mode & 0137, 0);
	wf_token_remove(&token);
	assert_int_equal(access(fix->path, F_OK), -1);
}

TEST_WITH(token_is_new_each_time, setup, teardown)
{
	struct fixture *fix = *state;
	struct wf_token first, second;

	assert_int_equal(wf_token_make(fix->path, "", &first), 0);
	assert_int_equal(wf_token_make(fix->path, "", &second), 0);
	assert_string_not_equal(first.text, second.text);
	/* The file of the second token stays when the first token is removed. */
	wf_token_remove(&first);
	assert_int_equal(access(fix->path, F_OK), 0);
	wf_token_remove(&second);
	assert_int_equal(access(fix->path, F_OK), -1);
	wf_token_remove(&second);
}

TEST_WITH(token_is_not_written_through_a_link, setup, teardown)
{
	struct fixture *fix = *state;
	struct wf_token token;
	char text[128];
	int fd = open(fix->other, O_WRONLY | O_CREAT, 0600);

	assert_int_equal(write(fd, "kept", 4), 4);
	close(fd);
	assert_int_equal(symlink(fix->other, fix->path), 0);
	assert_int_equal(wf_token_make(fix->path, "", &token), 0);
	read_file(fix->other, text);
	assert_string_equal(text, "kept");
	wf_token_remove(&token);
}

TEST(token_in_missing_directory_is_an_error)
{
	struct wf_token token;

	assert_int_equal(wf_token_make("/nonexistent/token", "", &token), -ENOENT);
}

TEST(listen_port_0_is_a_free_port)
{
	struct wf_listen first, second;

	assert_int_equal(wf_listen_open("127.0.0.1:0", &first), 0);
	assert_true(first.is_loopback);
	assert_int_equal(strncmp(first.text, "127.0.0.1:", 10), 0);
	assert_int_not_equal(atoi(first.text + 10), 0);
	assert_int_equal(wf_listen_open(first.text, &second), -EADDRINUSE);
	close(first.fd);
	assert_int_equal(wf_listen_open("0.0.0.0:0", &second), 0);
	assert_false(second.is_loopback);
	close(second.fd);
}
