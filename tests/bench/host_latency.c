// SPDX-License-Identifier: BSD-2-Clause
/*
 * host_latency.c - measures the time from a segment's arrival at the interface to the inline
 * callback that receives its bytes.
 *
 *   host_latency IFACE     captures in host mode until SIGINT or SIGTERM, then prints:
 *                          DATA events, then median, 99th percentile and maximum in microseconds
 *
 * The time of arrival is the event's time stamp, which the kernel program recorded.
 */
#include <math.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <weft/weft.h>

enum {
	STEPS = 64, /* buckets for each doubling: a bucket is 1.1 % wide */
	BUCKETS = 40 * STEPS,
};

static _Atomic uint64_t buckets[BUCKETS];

static uint64_t now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_REALTIME, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static int on_event(const struct weft_event *event, void *ctx)
{
	uint64_t now = now_ns();
	uint64_t ns = now > event->time_ns ? now - event->time_ns : 1;
	int bucket = (int)(log2((double)ns) * STEPS);

	(void)ctx;
	atomic_fetch_add_explicit(&buckets[bucket < BUCKETS ? bucket : BUCKETS - 1], 1,
				  memory_order_relaxed);
	return 0;
}

/* Return the lower bound, in us, of the bucket that has the latency of quantile @share. */
static double percentile(uint64_t events, double share)
{
	uint64_t seen = 0;
	int bucket = 0;

	while (bucket < BUCKETS - 1) {
		seen += buckets[bucket];
		if (seen && (double)seen >= share * (double)events)
			break;
		bucket++;
	}
	return exp2((double)bucket / STEPS) / 1000;
}

static void print_latency(void)
{
	uint64_t events = 0;

	for (int i = 0; i < BUCKETS; i++)
		events += buckets[i];
	printf("%llu %.0f %.0f %.0f\n", (unsigned long long)events, percentile(events, .5),
	       percentile(events, .99), percentile(events, 1));
}

static int capture(struct weft *weft, const char *ifname, const sigset_t *end)
{
	struct weft_interface_opts iface = {.sz = sizeof(iface), .mode = WEFT_MODE_HOST};
	struct weft_sub_opts opts = {
		.sz = sizeof(opts),
		.name = "latency",
		.events = WEFT_EVENT_BIT(WEFT_EVENT_DATA),
		.inline_fn = on_event,
	};
	struct weft_sub *sub;
	int signal;
	int err;

	err = weft_add_interface(weft, ifname, &iface);
	if (!err)
		err = weft_subscribe(weft, &opts, &sub);
	if (!err)
		err = weft_start(weft);
	if (err)
		return err;
	sigwait(end, &signal);
	weft_stop(weft);
	return weft_wait(weft, -1);
}

static void print_log(enum weft_log_level level, const char *message, void *ctx)
{
	(void)ctx;
	if (level <= WEFT_LOG_WARN)
		fprintf(stderr, "host_latency: %s\n", message);
}

int main(int argc, char **argv)
{
	struct weft *weft;
	sigset_t end;
	int err;

	if (argc != 2) {
		fprintf(stderr, "usage: host_latency IFACE\n");
		return 2;
	}
	sigemptyset(&end);
	sigaddset(&end, SIGINT);
	sigaddset(&end, SIGTERM);
	sigprocmask(SIG_BLOCK, &end, NULL);
	weft_log_set(print_log, NULL);
	err = weft_new(NULL, &weft);
	if (err)
		return 1;
	err = capture(weft, argv[1], &end);
	weft_free(weft);
	if (err)
		return 1;
	print_latency();
	return 0;
}
