// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_last_error.c - the call that causes an error returns it, and weft_last_error() gives its
 * text for the handle concerned, whether messages are logged or not.
 */
#include "unit/support/test.h"
#include "unit/support/capture_writer.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <weft/weft.h>

static struct weft *weft;

static int setup(void **state)
{
	WEFT_OPTS(weft_opts, opts, .memory_max_bytes = 16 << 20, .workers = 1);

	return weft_new(&opts, &weft);
}

static int teardown(void **state)
{
	weft_free(weft);
	return 0;
}

static void assert_error(int err, int wanted, const char *text)
{
	assert_int_equal(err, wanted);
	if (!strstr(weft_last_error(weft), text))
		fail_msg("\"%s\" does not contain \"%s\"", weft_last_error(weft), text);
}

/* Write a capture of one packet, @damaged at its end. @path: at least 64 bytes. */
static void write_capture(char *path, bool damaged)
{
	struct capture_writer writer = {0};

	capture_pcap_header(&writer, 0xa1b2c3d4, 1);
	capture_pcap_packet(&writer, 1, 0, "0123456789", 10, 10);
	if (damaged)
		capture_put(&writer, "damaged", 7);
	capture_write_file(&writer, path);
	capture_writer_fini(&writer);
}

TEST_WITH(last_error_of_a_new_handle_is_empty, setup, teardown)
{
	assert_string_equal(weft_last_error(weft), "");
}

TEST(last_error_of_new_needs_no_handle)
{
	WEFT_OPTS(weft_opts, opts, .filter = "portt 80");
	struct weft *none = NULL;

	assert_int_equal(weft_new(&opts, &none), -EINVAL);
	assert_non_null(strstr(weft_last_error(NULL), "portt"));
}

TEST_WITH(add_file_reports_a_missing_and_an_unreadable_file, setup, teardown)
{
	char path[64];

	assert_error(weft_add_file(weft, "/nonexistent.pcap"), -ENOENT,
		     "/nonexistent.pcap: No such file");
	assert_error(weft_start(weft), -EINVAL, "nothing to start");
	write_capture(path, false);
	chmod(path, 0);
	if (geteuid())
		assert_error(weft_add_file(weft, path), -EACCES, "Permission denied");
	unlink(path);
}

TEST_WITH(start_reports_what_is_no_capture, setup, teardown)
{
	assert_int_equal(weft_add_file(weft, "/dev/null"), 0);
	assert_error(weft_start(weft), -EBADMSG, "/dev/null");
}

TEST_WITH(calls_after_start_are_too_late, setup, teardown)
{
	struct weft_sub *sub;

	assert_error(weft_wait(weft, 0), -EINVAL, "not started");
	assert_int_equal(weft_add_submit(weft, NULL), 0);
	assert_error(weft_add_submit(weft, NULL), -EEXIST, "already called");
	assert_error(weft_add_file(weft, "/dev/null"), -EINVAL, "reads no files");
	assert_int_equal(weft_start(weft), 0);
	assert_error(weft_start(weft), -EBUSY, "already started");
	assert_error(weft_add_file(weft, "/dev/null"), -EBUSY, "/dev/null: the handle");
	assert_error(weft_add_submit(weft, NULL), -EBUSY, "already started");
	assert_int_equal(weft_subscribe(weft, NULL, &sub), 0);
	weft_unsubscribe(sub);
	assert_error(weft_wait(weft, 0), -ETIMEDOUT, "the time limit has passed");
}

TEST_WITH(add_interface_after_start_is_too_late, setup, teardown)
{
	int err;

	assert_int_equal(weft_add_submit(weft, NULL), 0);
	assert_int_equal(weft_start(weft), 0);
	err = weft_add_interface(weft, "lo", NULL);
	if (err != -EOPNOTSUPP) /* -EOPNOTSUPP: the kernel is too old */
		assert_error(err, -EBUSY, "lo: the handle was already started");
}

TEST_WITH(add_interface_reports_one_that_was_added, setup, teardown)
{
	int err = weft_add_interface(weft, "lo", NULL);

	if (err != -EOPNOTSUPP) { /* the kernel is too old */
		assert_int_equal(err, 0);
		assert_error(weft_add_interface(weft, "lo", NULL), -EEXIST,
			     "lo: the interface was already added");
	}
}

TEST_WITH(control_calls_give_the_reason, setup, teardown)
{
	WEFT_OPTS(weft_filter_opts, filter, .expression = "portt 80");
	WEFT_OPTS(weft_filter_opts, sample, .sample = 2);
	WEFT_OPTS(weft_flow_query, many, .count_max = WEFT_FLOW_VIEWS_MAX + 1);
	WEFT_OPTS(weft_flow_query, unsorted, .sort = (enum weft_flow_sort)WEFT_FLOW_SORT_COUNT);
	struct weft_flow flow = {.src_port = 1};

	assert_error(weft_filter_set(weft, &filter), -EINVAL, "portt");
	assert_error(weft_filter_set(weft, &sample), -EINVAL, "sample");
	assert_error(weft_flows_each(weft, NULL, NULL, NULL, NULL), -ENODEV, "weft_flows_each");
	assert_error(weft_flows_each(weft, &many, NULL, NULL, NULL), -EINVAL, "count_max is ");
	assert_error(weft_flows_each(weft, &unsorted, NULL, NULL, NULL), -EINVAL, "sort is 5,");
	assert_error(weft_flow_set(weft, &flow, 0, WEFT_VERDICT_PASS, NULL), -EINVAL, "from is 0,");
	assert_error(weft_flow_set(weft, &flow, WEFT_FLOW_FROM_SRC, WEFT_VERDICT_SHED, NULL),
		     -EINVAL, "verdict is 3;");
	assert_error(weft_flow_end(weft, &flow), -ENODEV, "weft_flow_end");
}

TEST_WITH(wait_gives_the_reason_of_another_thread, setup, teardown)
{
	char path[64];

	write_capture(path, true);
	assert_int_equal(weft_add_file(weft, path), 0);
	assert_int_equal(weft_start(weft), 0);
	assert_error(weft_wait(weft, -1), -EBADMSG, path);
	assert_error(weft_wait(weft, -1), -EBADMSG, path);
	unlink(path);
}

static void *fail_elsewhere(void *arg)
{
	assert_int_equal(weft_add_file(weft, "/elsewhere"), -ENOENT);
	return NULL;
}

TEST_WITH(last_error_belongs_to_the_handle_not_to_the_thread, setup, teardown)
{
	struct weft *other;
	pthread_t thread;

	assert_int_equal(weft_new(NULL, &other), 0);
	assert_int_equal(pthread_create(&thread, NULL, fail_elsewhere, NULL), 0);
	pthread_join(thread, NULL);
	assert_int_equal(weft_add_file(other, "/other"), -ENOENT);
	assert_non_null(strstr(weft_last_error(weft), "/elsewhere"));
	assert_non_null(strstr(weft_last_error(other), "/other"));
	weft_free(other);
}
