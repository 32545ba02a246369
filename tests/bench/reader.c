// SPDX-License-Identifier: BSD-2-Clause
/*
 * reader.c - touches every payload byte of a capture, in the capturing process or in another one.
 *
 *   reader inline IFACE          captures from IFACE in tap mode with one worker, and touches the
 *                                bytes in an inline callback; ends on SIGTERM
 *   reader replay FILE           replays FILE with one worker, in the same way
 *   reader socket|shm SOCKET [OVERFLOW [QUEUE_MB]]
 *                                is a client of the agent at SOCKET, and ends with the agent;
 *                                OVERFLOW: a number of enum weft_overflow; QUEUE_MB: size of the
 *                                queue in MiB; 0 or missing: the default
 *
 *   reader load SHARE FILE       touches the bytes of FILE, which it maps, for SHARE (0 to 1) of
 * the time of a CPU, a part of each millisecond; ends on SIGTERM
 *
 * At its end it prints: bytes touched, bytes lost, sum of the touched words, and, except for
 * "inline" and "load", seconds from the first event to the end of the capture.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

#include <weft/client.h>
#include <weft/weft.h>

/* Written by the thread that receives the bytes. */
static uint64_t touched_bytes, lost_bytes, sum;
static double start;   /* time of the first event; 0: none */
static double seconds; /* from the first event to the end of the capture */

static void touch(const uint8_t *bytes, size_t len)
{
	uint64_t word;
	size_t i = 0;

	for (; i + sizeof(word) <= len; i += sizeof(word)) {
		memcpy(&word, bytes + i, sizeof(word));
		sum += word;
	}
	for (; i < len; i++)
		sum += bytes[i];
	touched_bytes += len;
}

static double seconds_of(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void begin_time(void)
{
	if (!start)
		start = seconds_of(CLOCK_MONOTONIC);
}

static void end_time(void)
{
	seconds = start ? seconds_of(CLOCK_MONOTONIC) - start : 0;
}

static int on_event(const struct weft_event *event, void *ctx)
{
	begin_time();
	touch(event->data.bytes, event->data.len_bytes);
	return 0;
}

static int run_replay(const char *path)
{
	WEFT_OPTS(weft_opts, opts, .workers = 1, .checksum = WEFT_CHECKSUM_IGNORE);
	WEFT_OPTS(weft_sub_opts, wants, .inline_fn = on_event,
		  .events = WEFT_EVENT_BIT(WEFT_EVENT_DATA));
	struct weft_sub *sub;
	struct weft *weft;

	if (weft_new(&opts, &weft) || weft_add_file(weft, path) ||
	    weft_subscribe(weft, &wants, &sub) || weft_start(weft) || weft_wait(weft, -1))
		return 1;
	end_time();
	weft_free(weft);
	return 0;
}

static int run_inline(const char *iface)
{
	WEFT_OPTS(weft_opts, opts, .workers = 1);
	WEFT_OPTS(weft_interface_opts, interface, .mode = WEFT_MODE_TAP);
	WEFT_OPTS(weft_sub_opts, wants, .inline_fn = on_event,
		  .events = WEFT_EVENT_BIT(WEFT_EVENT_DATA));
	struct weft_sub *sub;
	struct weft *weft;
	sigset_t term;
	int signo;

	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, NULL);
	if (weft_new(&opts, &weft) || weft_add_interface(weft, iface, &interface) ||
	    weft_subscribe(weft, &wants, &sub) || weft_start(weft))
		return 1;
	fprintf(stderr, "ready\n");
	sigwait(&term, &signo);
	weft_stop(weft);
	weft_wait(weft, -1);
	weft_free(weft);
	return 0;
}

static int run_client(enum weft_client_transport transport, const char *path, const char *overflow,
		      const char *queue_mb)
{
	WEFT_OPTS(weft_client_opts, opts, .path = path, .transport = transport,
		  .overflow = (enum weft_overflow)(overflow ? atoi(overflow) : 0),
		  .queue_bytes = (uint64_t)(queue_mb ? atoi(queue_mb) : 0) << 20);
	struct weft_client *client;
	struct weft_event event;
	int err;

	if (weft_client_open(&opts, &client)) {
		fprintf(stderr, "reader: %s\n", weft_client_error(NULL));
		return 1;
	}
	fprintf(stderr, "ready\n");
	while (!(err = weft_client_next(client, &event, -1))) {
		begin_time();
		if (event.type == WEFT_EVENT_DATA)
			touch(event.data.bytes, event.data.len_bytes);
		else if (event.type == WEFT_EVENT_DROP)
			lost_bytes += event.drop.data_bytes;
	}
	end_time();
	weft_client_close(client);
	return err == -ESHUTDOWN ? 0 : 1;
}

#define CREDIT_MAX 0.005 /* seconds of CPU time */

static int run_load(double share, const char *path)
{
	const struct timespec pause = {.tv_nsec = 1000000};
	const size_t chunk = 64 << 10;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	double last = seconds_of(CLOCK_MONOTONIC), credit = 0;
	struct stat file;
	uint8_t *bytes;
	size_t at = 0;

	if (fd < 0 || fstat(fd, &file) || (size_t)file.st_size < chunk)
		return 1;
	bytes = mmap(NULL, (size_t)file.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (bytes == MAP_FAILED)
		return 1;
	for (;;) {
		double now = seconds_of(CLOCK_MONOTONIC),
		       used = seconds_of(CLOCK_PROCESS_CPUTIME_ID);

		/* A process that got no CPU makes up for little of that time, as a reader does. */
		credit += share * (now - last);
		credit = credit < CREDIT_MAX ? credit : CREDIT_MAX;
		last = now;
		while (seconds_of(CLOCK_PROCESS_CPUTIME_ID) - used < credit) {
			touch(bytes + at, chunk);
			at = at + 2 * chunk <= (size_t)file.st_size ? at + chunk : 0;
		}
		credit -= seconds_of(CLOCK_PROCESS_CPUTIME_ID) - used;
		nanosleep(&pause, NULL);
	}
}

int main(int argc, char **argv)
{
	int status = 2;

	if (argc == 3 && !strcmp(argv[1], "inline"))
		status = run_inline(argv[2]);
	else if (argc == 3 && !strcmp(argv[1], "replay"))
		status = run_replay(argv[2]);
	else if (argc >= 3 && !strcmp(argv[1], "socket"))
		status =
			run_client(WEFT_CLIENT_SOCKET, argv[2], argv[3], argc > 4 ? argv[4] : NULL);
	else if (argc >= 3 && !strcmp(argv[1], "shm"))
		status = run_client(WEFT_CLIENT_SHM, argv[2], argv[3], argc > 4 ? argv[4] : NULL);
	else if (argc == 4 && !strcmp(argv[1], "load"))
		status = run_load(atof(argv[2]), argv[3]);
	printf("%" PRIu64 " %" PRIu64 " %" PRIx64 " %.4f\n", touched_bytes, lost_bytes, sum,
	       seconds);
	return status;
}
