// SPDX-License-Identifier: BSD-2-Clause
/*
 * slow_worker.c - captures with one worker that sleeps after each piece of data, and prints for
 * each phase of overload.py how many connections were seen and how many were complete.
 *
 *   slow_worker IFACE shed|no-shed MICROSECONDS STREAM_BYTES
 *
 * The phase is the third byte of the client's address. The program prints the shed share and the
 * frames shed or lost in the kernel every second, and one line for each phase at the end (SIGTERM).
 */
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <weft/weft.h>

enum { PHASES = 4 };

struct phase {
	unsigned int seen;
	unsigned int whole;
};

static struct phase phases[PHASES]; /* written by the only worker, read after its end */
static long pause_us;
static uint64_t stream_bytes;
static struct weft *weft;

static int consume(const struct weft_event *event, void *ctx)
{
	const struct timespec pause = {.tv_nsec = pause_us * 1000};
	struct phase *phase;

	if (event->type == WEFT_EVENT_DATA) {
		nanosleep(&pause, NULL);
		return 0;
	}
	phase = &phases[event->flow->src_addr[14] % PHASES];
	phase->seen++;
	phase->whole += event->close->reason == WEFT_CLOSE_FIN && !event->close->midstream &&
			event->close->counts[WEFT_TO_SERVER].stream_bytes == stream_bytes;
	return 0;
}

static void on_signal(int signo)
{
	weft_stop(weft);
}

static void print_metric(const struct weft_metric *metric, void *ctx)
{
	if (!strcmp(metric->name, "shed_percent") || !strcmp(metric->name, "kernel_shed_frames") ||
	    !strcmp(metric->name, "xsk_ring_full_frames"))
		printf(" %s %llu", metric->name, (unsigned long long)metric->value);
}

static void print_log(enum weft_log_level level, const char *message, void *ctx)
{
	if (level <= WEFT_LOG_INFO)
		fprintf(stderr, "%s\n", message);
}

int main(int argc, char **argv)
{
	WEFT_OPTS(weft_opts, opts, .workers = 1, .checksum = WEFT_CHECKSUM_IGNORE,
		  .memory_max_bytes = 64 << 20);
	WEFT_OPTS(weft_interface_opts, iface, .mode = WEFT_MODE_TAP, .ring_frames = 256);
	WEFT_OPTS(weft_sub_opts, sub, .name = "slow", .inline_fn = consume,
		  .events = WEFT_EVENT_BIT(WEFT_EVENT_DATA) | WEFT_EVENT_BIT(WEFT_EVENT_CLOSE));
	struct weft_sub *subscription;

	if (argc != 5)
		return 2;
	iface.shed = strcmp(argv[2], "no-shed") ? WEFT_ON : WEFT_OFF;
	pause_us = atol(argv[3]);
	stream_bytes = strtoull(argv[4], NULL, 10);
	weft_log_set(print_log, NULL);
	if (weft_new(&opts, &weft) || weft_add_interface(weft, argv[1], &iface) ||
	    weft_subscribe(weft, &sub, &subscription) || weft_start(weft))
		return 1;
	signal(SIGTERM, on_signal);
	do {
		printf("now");
		weft_stats_each(weft, print_metric, NULL);
		printf("\n");
		fflush(stdout);
	} while (weft_wait(weft, 1000) == -ETIMEDOUT);
	for (int i = 0; i < PHASES; i++)
		printf("phase %d seen %u whole %u\n", i, phases[i].seen, phases[i].whole);
	weft_free(weft);
	return 0;
}
