// SPDX-License-Identifier: BSD-2-Clause
#include "unit/support/capture_reader.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <weft/log.h>

#include "capture/file/pcap_file.h"
#include "memory/arena.h"
#include "memory/page.h"
#include "memory/page_pool.h"
#include "metrics/metrics.h"
#include "unit/support/cmocka.h"

enum { BATCH = 7 };

char capture_last_log[1024];
struct wf_page_pool *capture_pool;

static struct wf_arena *arena;
static struct wf_metrics metrics;

static void keep_log(enum weft_log_level level, const char *message, void *ctx)
{
	snprintf(capture_last_log, sizeof(capture_last_log), "%s", message);
}

int capture_group_setup(void **state)
{
	struct wf_page_pool_opts opts = {
		.small_bytes = WEFT_PAGE_SMALL_BYTES,
		.medium_bytes = WEFT_PAGE_MEDIUM_BYTES,
		.large_bytes = WEFT_PAGE_LARGE_BYTES,
	};

	weft_log_set(keep_log, NULL);
	return wf_arena_new(16 << 20, &arena) ||
	       wf_page_pool_new(arena, &opts, &metrics, &capture_pool);
}

int capture_group_teardown(void **state)
{
	wf_page_pool_free(capture_pool);
	wf_arena_free(arena);
	return 0;
}

int capture_setup(void **state)
{
	capture_last_log[0] = '\0';
	return 0;
}

void capture_result_fini(struct capture_result *result)
{
	for (unsigned int i = 0; i < result->count && i < CAPTURE_KEPT_MAX; i++)
		free((void *)result->frames[i].bytes);
}

static void keep_frame(struct capture_result *result, const struct wf_frame *frame)
{
	uint8_t *copy;

	if (result->count++ >= CAPTURE_KEPT_MAX)
		return;
	copy = malloc(frame->cap_bytes + 1);
	memcpy(copy, frame->bytes, frame->cap_bytes);
	result->frames[result->count - 1] = *frame;
	result->frames[result->count - 1].bytes = copy;
}

void capture_read_all(struct wf_source *source, struct capture_result *result)
{
	struct wf_frame frames[BATCH];

	for (;;) {
		int got = source->ops->recv(source, frames, BATCH);

		if (got < 0) {
			result->end = got;
			assert_int_equal(source->ops->recv(source, frames, BATCH), got);
			break;
		}
		for (int i = 0; i < got; i++) {
			assert_true(frames[i].wire_bytes >= frames[i].cap_bytes);
			keep_frame(result, &frames[i]);
			wf_page_put(frames[i].page);
		}
		if (!got) {
			struct pollfd pollfd = {.events = POLLIN};

			assert_int_equal(source->ops->fds(source, &pollfd.fd, 1), 1);
			poll(&pollfd, 1, -1);
		}
	}
	source->ops->close(source);
}

struct capture_result capture_read_file(const struct capture_writer *writer)
{
	struct capture_result result = {0};
	struct wf_source *source;
	char path[64];

	capture_write_file(writer, path);
	result.open_err = wf_pcap_file_open(path, capture_pool, &source);
	if (!result.open_err)
		capture_read_all(source, &result);
	unlink(path);
	return result;
}

pid_t capture_feed_pipe(const struct capture_writer *writer, size_t chunk, const char *path)
{
	pid_t child;
	int fd;

	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	child = fork();
	if (child)
		return child;
	signal(SIGPIPE, SIG_IGN);
	fd = open(path, O_WRONLY);
	for (size_t pos = 0; pos < writer->len; pos += chunk) {
		size_t len = writer->len - pos < chunk ? writer->len - pos : chunk;

		if (write(fd, writer->bytes + pos, len) != (ssize_t)len)
			break;
	}
	_exit(0);
}

struct capture_result capture_read_starved_pipe(const struct capture_writer *writer, size_t chunk,
						bool starve)
{
	struct wf_page *taken[1024];
	struct capture_result result = {0};
	struct wf_source *source;
	unsigned int count = 0;
	char path[64];
	pid_t child;

	snprintf(path, sizeof(path), "/tmp/weft-pipe-%d", getpid());
	child = capture_feed_pipe(writer, chunk, path);
	result.open_err = wf_pcap_file_open(path, capture_pool, &source);
	while (starve && count < 1024 &&
	       (taken[count] = wf_page_pool_take(capture_pool, WEFT_SPAN_BYTES)))
		count++;
	if (!result.open_err)
		capture_read_all(source, &result);
	while (count)
		wf_page_put(taken[--count]);
	waitpid(child, NULL, 0);
	unlink(path);
	return result;
}

struct capture_result capture_read_pipe(const struct capture_writer *writer, size_t chunk)
{
	return capture_read_starved_pipe(writer, chunk, false);
}

void capture_assert_frame(const struct capture_result *result, unsigned int i, const char *bytes,
			  uint64_t time_ns)
{
	assert_true(i < result->count);
	assert_int_equal(result->frames[i].cap_bytes, strlen(bytes));
	assert_memory_equal(result->frames[i].bytes, bytes, strlen(bytes));
	assert_int_equal(result->frames[i].time_ns, time_ns);
}
