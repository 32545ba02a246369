// SPDX-License-Identifier: BSD-2-Clause
/* Tests of bus/secret.c: reading files, and finding the parts of a credentials file. */
#include "unit/support/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bus/secret.h"

/* The largest number of bytes that was erased at once. */
static size_t erased_bytes;

/* Replaces the function of libc, to see what is erased. */
void explicit_bzero(void *bytes, size_t len)
{
	memset(bytes, 0, len);
	erased_bytes = len > erased_bytes ? len : erased_bytes;
}

static char path[] = "/tmp/weft-secret-XXXXXX";

static int setup(void **state)
{
	int fd;

	strcpy(path + sizeof(path) - 7, "XXXXXX");
	fd = mkstemp(path);
	return fd < 0 || close(fd);
}

static int teardown(void **state)
{
	return unlink(path);
}

static void write_file(const char *bytes, size_t len)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

TEST_WITH(bus_secret_is_read_whole, setup, teardown)
{
	char *text;

	write_file("one\ntwo", 7);
	assert_int_equal(wf_bus_secret_read(path, &text), 0);
	assert_string_equal(text, "one\ntwo");
	wf_bus_secret_free(text);
}

TEST_WITH(bus_secret_that_is_no_text_or_too_long_is_refused, setup, teardown)
{
	char *large = calloc(1, (1 << 20) + 1);
	char *text;

	assert_non_null(large);
	write_file("a\0b", 3);
	erased_bytes = 0;
	assert_int_equal(wf_bus_secret_read(path, &text), -EINVAL);
	assert_true(erased_bytes >= 3);
	memset(large, 'x', (1 << 20) + 1);
	write_file(large, (1 << 20) + 1);
	assert_int_equal(wf_bus_secret_read(path, &text), -EFBIG);
	write_file(large, 1 << 20);
	assert_int_equal(wf_bus_secret_read(path, &text), 0);
	wf_bus_secret_free(text);
	free(large);
	assert_int_equal(wf_bus_secret_read("/nonexistent", &text), -ENOENT);
}

TEST(bus_credentials_have_jwt_and_seed)
{
	struct wf_bus_credentials credentials;
	const char *text = "-----BEGIN NATS USER JWT-----\r\n"
			   "eyJ0.eyJq.sig\r\n"
			   "------END NATS USER JWT------\r\n\r\n"
			   "************************* IMPORTANT *************************\r\n"
			   "-----BEGIN USER NKEY SEED-----\n"
			   "SUAKEY\n"
			   "------END USER NKEY SEED------\n";

	assert_int_equal(wf_bus_credentials_parse(text, &credentials), 0);
	assert_string_equal(credentials.jwt, "eyJ0.eyJq.sig");
	assert_string_equal(credentials.seed, "SUAKEY");
	wf_bus_credentials_free(&credentials);
	assert_null(credentials.jwt);
}

TEST(bus_credentials_without_a_part_are_refused)
{
	static const char *const bad[] = {
		"",
		"-----BEGIN NATS USER JWT-----",
		"-----BEGIN NATS USER JWT-----\n",
		"-----BEGIN NATS USER JWT-----\na\n------END NATS USER JWT------\n",
		"-----BEGIN NATS USER JWT-----\n------END NATS USER JWT------\n"
		"-----BEGIN USER NKEY SEED-----\nb\n",
	};
	struct wf_bus_credentials credentials;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(wf_bus_credentials_parse(bad[i], &credentials), -EINVAL);
}
