// SPDX-License-Identifier: BSD-2-Clause
/*
 * live_rounds.c - starts a capture, changes filters and verdicts while it runs, ends connections of
 * the interface and a submitted one, and stops it, many times in one process. After each round
 * every ledger must close. At the end, as many file descriptors must be open as after round 2.
 *
 *   live_rounds IFACE tap|host ROUNDS [SECOND_IFACE]
 *
 * The rounds use 1, 2 and 3 workers in turn; with SECOND_IFACE, some of them capture on two
 * interfaces. Exit status: 3 if a round does not end in time; 1 if
 * another check fails, for example if a ledger does not close or a round receives no traffic.
 */
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <weft/weft.h>

enum {
	STUCK_SEC = 180, /* a busy machine may make a round take many seconds */
	CHANGES_MIN = 3,
	PATIENCE_MS = 30000,
	METRICS_MAX = 512,
	FLOWS_SET = 4,
};

static const char *second; /* second interface; NULL: none */
static const uint16_t ports_80[] = {80};
static const uint16_t ports_other[] = {443, 8080};

static unsigned int round_now;
static struct {
	unsigned long long frames, payload, changes, verdicts, ends, connections;
} sums;

static struct {
	struct weft_metric all[METRICS_MAX];
	unsigned int count;
} metrics;

static void on_alarm(int signo)
{
	static const char text[] = "live_rounds: stuck\n";

	if (write(STDERR_FILENO, text, sizeof(text) - 1))
		_exit(3);
	_exit(3);
}

static void fail(const char *what, int err)
{
	fprintf(stderr, "round %u: %s: %s\n", round_now, what, strerror(-err));
	exit(1);
}

/* ---- checks of counters ---- */

static void keep_metric(const struct weft_metric *metric, void *ctx)
{
	if (metrics.count < METRICS_MAX)
		metrics.all[metrics.count++] = *metric;
}

static unsigned long long value_of(const char *name)
{
	for (unsigned int i = 0; i < metrics.count; i++)
		if (!strcmp(metrics.all[i].name, name))
			return metrics.all[i].value;
	fprintf(stderr, "there is no metric %s\n", name);
	exit(1);
}

static void read_metrics(const struct weft *weft)
{
	metrics.count = 0;
	weft_stats_each(weft, keep_metric, NULL);
}

static void check_ledgers(void)
{
	for (const struct weft_ledger *ledger = weft_ledgers(); ledger->name; ledger++) {
		unsigned long long total = value_of(ledger->total);
		unsigned long long sum = 0;

		for (const char *const *part = ledger->parts; *part; part++)
			sum += value_of(*part);
		if (sum == total)
			continue;
		fprintf(stderr, "round %u: ledger %s: %llu in, %llu accounted for\n", round_now,
			ledger->name, total, sum);
		exit(1);
	}
	if (value_of("ownership_violations"))
		fail("a flow had two owners", -EPERM);
	if (value_of("flows_opened_flows") != value_of("flows_closed_flows"))
		fail("not every connection was closed", -EBUSY);
}

/* ---- changes while it runs ---- */

struct changer {
	struct weft *weft;
	_Atomic unsigned int done;
	_Atomic bool stop;
	pthread_t thread;
};

struct named_flows {
	struct weft_flow flows[FLOWS_SET];
	unsigned int count;
};

static void take_flow(const struct weft_flow_view *view, void *ctx)
{
	struct named_flows *named = ctx;

	if (named->count < FLOWS_SET)
		named->flows[named->count++] = view->flow;
}

/* Return the flow of the connection whose segments submit_segment() submits. */
static struct weft_flow own_flow(void)
{
	struct weft_flow flow = {.src_port = 1000, .dst_port = 80, .ip_version = 4};

	memcpy(flow.src_addr, (uint8_t[16]){[10] = 255, 255, 203, 0, 113, 1}, 16);
	memcpy(flow.dst_addr, (uint8_t[16]){[10] = 255, 255, 203, 0, 113, 2}, 16);
	return flow;
}

static void put_be16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/* Submit a segment of a connection that no interface sees. */
static void submit_segment(struct weft *weft, uint32_t seq, const char *data)
{
	uint8_t bytes[100] = {
		0x45, 0, 0, 0, 0, 0, 0, 0, 64, 6, 0, 0, 203, 0, 113, 1, 203, 0, 113, 2,
		/* TCP: a header of 20 bytes, ACK, window 65535 */
		0x03, 0xe8, 0, 80, 0, 0, 0, 0, 0, 0, 0, 1, 0x50, 0x10, 255, 255, 0, 0, 0, 0};
	const struct weft_packet packet = {
		.bytes = bytes, .cap_bytes = (uint32_t)(40 + strlen(data)), .link = WEFT_LINK_RAW};

	put_be16(bytes + 2, (uint16_t)packet.cap_bytes);
	put_be16(bytes + 26, (uint16_t)seq);
	memcpy(bytes + 40, data, strlen(data));
	if (weft_submit(weft, &packet, 1, PATIENCE_MS) != 1)
		fail("submitting a packet", -EIO);
}

struct own_view {
	unsigned int count;
	uint64_t packets;
	enum weft_verdict verdict;
};

static void take_own(const struct weft_flow_view *view, void *ctx)
{
	struct own_view *own = ctx;

	if (view->flow.interface || *view->ifname || !view->is_tracked)
		fail("a submitted connection is said to be of an interface", -EBADMSG);
	own->count++;
	own->packets = view->sides[WEFT_TO_SERVER].packets;
	own->verdict = view->sides[WEFT_TO_SERVER].verdict;
}

/* Return true if @err means that a worker was busy. */
static bool is_busy(int err)
{
	return err == -ETIMEDOUT || err == -EBUSY;
}

static struct own_view find_own(struct weft *weft, uint64_t packets)
{
	WEFT_OPTS(weft_flow_query, query, .filter = "host 203.0.113.1 and port 1000");
	struct own_view own;

	for (int waited_ms = 0; waited_ms < PATIENCE_MS; waited_ms += 2) {
		int err;

		memset(&own, 0, sizeof(own));
		err = weft_flows_each(weft, &query, take_own, &own, NULL);
		if (err && !is_busy(err))
			fail("listing connections", err);
		if (own.count == 1 && own.packets >= packets)
			return own;
		usleep(2000);
	}
	fail("a submitted connection is not listed", -ENOENT);
	return own;
}

/* List, bypass and end a submitted connection of a handle that captures an interface as well. */
static void use_own(struct weft *weft)
{
	const struct weft_flow flow = own_flow();
	uint32_t count = 0;
	int err;

	submit_segment(weft, 1, "one");
	find_own(weft, 1);
	do {
		err = weft_flow_set(weft, &flow, WEFT_FLOW_FROM_SRC, WEFT_VERDICT_SHUNT, &count);
	} while (is_busy(err));
	if (err || count != 1)
		fail("a verdict on a submitted connection", err ? err : -EBADMSG);
	submit_segment(weft, 4, "two");
	if (find_own(weft, 2).verdict != WEFT_VERDICT_SHUNT)
		fail("the verdict of a submitted connection", -EBADMSG);
	do {
		err = weft_flow_end(weft, &flow);
	} while (is_busy(err));
	if (err)
		fail("ending a submitted connection", err);
	if (weft_flow_end(weft, &flow) != -ENOENT)
		fail("ending it twice", -EEXIST);
}

/* Errors are ignored: a flow may have ended in the meantime, or the capture is being stopped. */
static void shunt_some(struct weft *weft, enum weft_verdict verdict)
{
	WEFT_OPTS(weft_flow_query, query, .count_max = FLOWS_SET);
	struct named_flows named = {.count = 0};
	uint32_t count;

	if (weft_flows_each(weft, &query, take_flow, &named, NULL))
		return;
	for (unsigned int i = 0; i < named.count; i++)
		if (!weft_flow_set(weft, &named.flows[i], WEFT_FLOW_FROM_SRC, verdict, &count))
			sums.verdicts += count;
	if (named.count && verdict == WEFT_VERDICT_STEER &&
	    !weft_flow_end(weft, &named.flows[named.count - 1]))
		sums.ends++;
}

static void *change(void *arg)
{
	struct changer *changer = arg;

	for (unsigned int i = 0; !changer->stop; i++) {
		WEFT_OPTS(weft_filter_opts, filter, .ports = i % 3 == 1 ? ports_other : ports_80,
			  .ports_count = i % 3 == 1 ? 2 : i % 3, .sample = i % 4 == 3 ? 0.5 : 1);
		int err = weft_filter_set(changer->weft, &filter);

		if (!err)
			atomic_fetch_add(&changer->done, 1);
		else if (err != -ENODEV && err != -ESHUTDOWN && err != -EBUSY && err != -ETIMEDOUT)
			fail("changing the filter", err);
		shunt_some(changer->weft, i % 2 ? WEFT_VERDICT_STEER : WEFT_VERDICT_SHUNT);
	}
	return NULL;
}

/* ---- rounds ---- */

struct closes {
	_Atomic unsigned long long all;
	_Atomic unsigned long long by_program;
	_Atomic unsigned long long misplaced; /* connections with a wrong interface or worker */
};

static int count_event(const struct weft_event *event, void *ctx)
{
	const struct weft_flow own = own_flow();
	bool is_own = !memcmp(event->flow->src_addr, own.src_addr, sizeof(own.src_addr));
	struct closes *closes = ctx;

	atomic_fetch_add(&closes->all, 1);
	if (event->close->reason == WEFT_CLOSE_PROGRAM)
		atomic_fetch_add(&closes->by_program, 1);
	if (event->flow->interface != !is_own || event->flow->worker >= 1 + round_now % 3)
		atomic_fetch_add(&closes->misplaced, 1);
	return 0;
}

static struct weft *start(const char *ifname, enum weft_mode mode, struct closes *closes)
{
	WEFT_OPTS(weft_opts, opts, .workers = 1 + round_now % 3, .checksum = WEFT_CHECKSUM_IGNORE,
		  .memory_max_bytes = 64 << 20, .performance_mode = WEFT_PERFORMANCE_SAFE);
	WEFT_OPTS(weft_interface_opts, iface, .mode = mode, .ring_frames = 512,
		  .generic = round_now % 8 == 7 ? WEFT_ON : WEFT_OFF);
	WEFT_OPTS(weft_sub_opts, sub, .name = "count", .inline_fn = count_event, .ctx = closes,
		  .events = WEFT_EVENT_BIT(WEFT_EVENT_CLOSE));
	struct weft_sub *subscription;
	struct weft *weft;
	int err;

	if (mode == WEFT_MODE_TAP && round_now % 4 == 1)
		iface.nic_hash = WEFT_NIC_HASH_ON;
	err = weft_new(&opts, &weft);
	if (!err)
		err = weft_add_interface(weft, ifname, &iface);
	/* All interfaces use the larger one of the two frame sizes. */
	iface.frame_bytes = 2048;
	if (!err && second && round_now % 5 == 2 && iface.nic_hash != WEFT_NIC_HASH_ON)
		err = weft_add_interface(weft, second, &iface);
	if (!err)
		err = weft_add_submit(weft, NULL);
	if (!err)
		err = weft_subscribe(weft, &sub, &subscription);
	if (!err)
		err = weft_start(weft);
	if (err)
		fail("starting", err);
	return weft;
}

/* Wait until traffic was received and the filter was changed several times. */
static void let_run(struct weft *weft, struct changer *changer)
{
	for (int waited_ms = 0; waited_ms < PATIENCE_MS; waited_ms += 5) {
		int err = weft_wait(weft, 5);

		if (err != -ETIMEDOUT)
			fail("it ended by itself", err);
		read_metrics(weft);
		if (value_of("kernel_seen_frames") && changer->done >= CHANGES_MIN)
			return;
	}
	fprintf(stderr, "round %u: %llu frames, %u changes in %d ms\n", round_now,
		value_of("kernel_seen_frames"), changer->done, PATIENCE_MS);
	exit(1);
}

static void run_round(const char *ifname, enum weft_mode mode)
{
	unsigned long long ends = sums.ends;
	struct closes closes = {0};
	struct changer changer = {.weft = start(ifname, mode, &closes)};
	int err;

	use_own(changer.weft);
	if (pthread_create(&changer.thread, NULL, change, &changer))
		fail("a thread", -EAGAIN);
	let_run(changer.weft, &changer);
	/* In odd rounds the changes continue during and after the stop. */
	if (round_now % 2 == 0)
		changer.stop = true;
	weft_stop(changer.weft);
	err = weft_wait(changer.weft, -1);
	if (err)
		fail("waiting for the end", err);
	changer.stop = true;
	pthread_join(changer.thread, NULL);
	read_metrics(changer.weft);
	check_ledgers();
	if (closes.all != value_of("flows_closed_flows"))
		fail("ends of connections that nobody was told", -EBADMSG);
	/* 1: the submitted connection; the others are those of the interface. */
	if (closes.by_program < 1 + sums.ends - ends)
		fail("an end by weft_flow_end() is not reported", -EBADMSG);
	if (closes.misplaced)
		fail("a connection has a wrong interface or worker", -EBADMSG);
	sums.frames += value_of("kernel_seen_frames");
	sums.payload += value_of("payload_bytes");
	sums.connections += closes.all;
	sums.changes += changer.done;
	weft_free(changer.weft);
}

static unsigned int count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int count = 0;

	while (dir && readdir(dir))
		count++;
	closedir(dir);
	return count;
}

static void print_log(enum weft_log_level level, const char *message, void *ctx)
{
	if (level <= WEFT_LOG_ERROR)
		fprintf(stderr, "%s\n", message);
}

int main(int argc, char **argv)
{
	unsigned int rounds, fds = 0;

	if (argc != 4 && argc != 5)
		return 2;
	rounds = (unsigned int)strtoul(argv[3], NULL, 10);
	second = argc == 5 ? argv[4] : NULL;
	weft_log_set(print_log, NULL);
	signal(SIGALRM, on_alarm);
	for (round_now = 0; round_now < rounds; round_now++) {
		alarm(STUCK_SEC);
		run_round(argv[1], !strcmp(argv[2], "host") ? WEFT_MODE_HOST : WEFT_MODE_TAP);
		if (round_now == 1)
			fds = count_fds(); /* libraries have opened their descriptors by now */
	}
	if (rounds > 2 && count_fds() != fds) {
		fprintf(stderr, "%u file descriptors after 2 rounds, %u after %u\n", fds,
			count_fds(), rounds);
		return 1;
	}
	printf("%u rounds, %llu frames, %llu payload bytes, %llu connections, %llu filters, "
	       "%llu verdicts, %llu ends\n",
	       rounds, sums.frames, sums.payload, sums.connections, sums.changes, sums.verdicts,
	       sums.ends);
	/* The connections of tap mode live for longer than a round. */
	if (rounds > 5 && strcmp(argv[2], "host") && !sums.ends) {
		fprintf(stderr, "no connection of the interface was ended\n");
		return 1;
	}
	return 0;
}
