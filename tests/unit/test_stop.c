// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_stop.c - weft_stop() is carried out by the library itself: the caller only polls, sleeps or
 * handles a signal, and never calls weft_wait().
 */
#include "unit/support/test.h"
#include "unit/support/capture_writer.h"
#include "unit/support/packet_builder.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <weft/weft.h>

#include "packet/packet.h"

enum {
	STOP_MS = 100,	 /* interval between tries of weft_submit() after weft_stop() */
	SLOW_MS = 20000, /* maximum time until weft_stop() is carried out, on a busy host too */
	PACKETS = 20000,
	PAYLOAD = 1000,
};

static struct weft *weft;
static struct weft_sub *sub;

static int setup(void **state)
{
	WEFT_OPTS(weft_opts, opts, .memory_max_bytes = 32 << 20, .workers = 2);

	return weft_new(&opts, &weft);
}

static int teardown(void **state)
{
	weft_free(weft);
	return 0;
}

static void on_signal(int number)
{
	weft_stop(weft);
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/*
 * Let a signal handler stop the handle, then poll to the end, with @pause_us after each event.
 * Return: the number of data bytes.
 */
static uint64_t stop_and_poll(useconds_t pause_us)
{
	struct sigaction action = {.sa_handler = on_signal};
	struct weft_event event;
	uint64_t begin_ms = now_ms();
	uint64_t bytes = 0;
	int count;

	sigaction(SIGUSR1, &action, NULL);
	errno = 0;
	raise(SIGUSR1);
	assert_int_equal(errno, 0);
	while ((count = weft_sub_poll(sub, &event, 1, SLOW_MS)) > 0) {
		bytes += event.type == WEFT_EVENT_DATA ? event.data.len_bytes : 0;
		if (pause_us)
			usleep(pause_us);
	}
	assert_int_equal(count, -ESHUTDOWN);
	assert_true(now_ms() - begin_ms < SLOW_MS);
	return bytes;
}

static void start_submission(bool live)
{
	WEFT_OPTS(weft_submit_opts, opts, .live = live);

	assert_int_equal(weft_add_submit(weft, &opts), 0);
	assert_int_equal(weft_subscribe(weft, NULL, &sub), 0);
	assert_int_equal(weft_start(weft), 0);
}

TEST_WITH(stop_ends_the_polling_of_submitted_packets, setup, teardown)
{
	start_submission(false);
	stop_and_poll(0);
}

TEST_WITH(stop_ends_the_polling_of_live_submitted_packets, setup, teardown)
{
	start_submission(true);
	stop_and_poll(0);
}

TEST_WITH(stop_before_start_ends_the_run, setup, teardown)
{
	weft_stop(weft);
	start_submission(true);
	stop_and_poll(0);
}

TEST_WITH(stop_refuses_packets_while_the_caller_sleeps, setup, teardown)
{
	const struct weft_packet packet = {.bytes = "x", .cap_bytes = 1};
	uint64_t begin_ms = now_ms();
	int taken;

	start_submission(true);
	weft_stop(weft);
	do {
		usleep(STOP_MS * 1000);
		taken = weft_submit(weft, &packet, 1, 0);
	} while (taken != -ESHUTDOWN && now_ms() - begin_ms < SLOW_MS);
	assert_int_equal(taken, -ESHUTDOWN);
}

/* Write a file of one connection with PACKETS * PAYLOAD bytes. */
static void write_file(char *path)
{
	static struct packet_builder pb;
	static const char payload[PAYLOAD];
	struct capture_writer writer = {0};
	struct pb_tcp tcp = {.src_port = 1, .dst_port = 80, .flags = WF_TCP_ACK};

	capture_pcap_header(&writer, 0xa1b2c3d4, 1);
	for (uint32_t i = 0; i < PACKETS; i++) {
		pb_segment(&pb, "10.0.0.1", "10.0.0.2", &tcp, payload, PAYLOAD);
		capture_pcap_packet(&writer, i, 0, pb.bytes, (uint32_t)pb.len_bytes,
				    (uint32_t)pb.len_bytes);
		tcp.seq += PAYLOAD;
	}
	capture_write_file(&writer, path);
	capture_writer_fini(&writer);
}

TEST_WITH(stop_ends_the_reading_of_a_file_before_its_end, setup, teardown)
{
	WEFT_OPTS(weft_sub_opts, opts, .queue_bytes = WEFT_QUEUE_MIN_BYTES);
	char path[64];
	uint64_t bytes;

	write_file(path);
	assert_int_equal(weft_add_file(weft, path), 0);
	assert_int_equal(weft_subscribe(weft, &opts, &sub), 0);
	assert_int_equal(weft_start(weft), 0);
	/* The pause keeps the reader behind the file, so the stop comes before most of it was read.
	 */
	bytes = stop_and_poll(1000);
	unlink(path);
	assert_true(bytes < (uint64_t)PACKETS * PAYLOAD / 2);
}

TEST_WITH(stop_ends_the_wait_for_a_pipe, setup, teardown)
{
	struct capture_writer writer = {0};
	char dir[32] = "/tmp/weft-stop-XXXXXX";
	char path[64];
	int fd;

	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/pipe", dir);
	assert_int_equal(mkfifo(path, 0600), 0);
	fd = open(path, O_RDWR);
	capture_pcap_header(&writer, 0xa1b2c3d4, 1);
	assert_int_equal(write(fd, writer.bytes, writer.len), writer.len);
	assert_int_equal(weft_add_file(weft, path), 0);
	assert_int_equal(weft_subscribe(weft, NULL, &sub), 0);
	assert_int_equal(weft_start(weft), 0);
	stop_and_poll(0);
	close(fd);
	unlink(path);
	rmdir(dir);
	capture_writer_fini(&writer);
}
