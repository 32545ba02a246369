// SPDX-License-Identifier: BSD-2-Clause
/*
 * scale.c - measures the gain of a second worker: packets per second of one worker, of two
 * workers, and of two instances of weft with one worker each, which share only the process, on the
 * same preloaded capture, without the time to read the file.
 *
 *   scale FILE [RUNS]
 *
 * The first 2 million packets of FILE (pcap, Ethernet) are read into memory, in huge pages if the
 * kernel has some: one of two workers reads every second frame, so with small pages it would need
 * more address translations for each frame than one worker alone. Each worker blocks at its first
 * event, the gate, on a CPU of its own. Then all packets are submitted as stable packets, which use
 * 64 bytes of the ring each, and the gate opens. Only the workers are measured: wall time until the
 * last worker ends, and CPU time of the busiest worker, which equals the wall time on undisturbed
 * cores. The three run in turn. Medians are printed, and the ratio of the fastest runs, which
 * other programs on the host disturbed least: the slower of two workers decides, so disturbances
 * lower the ratio of medians.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <weft/weft.h>

#include "base/clock.h"
#include "decode/decode.h"
#include "packet/frame.h"

enum {
	RUNS_MAX = 99,
	WORKERS_MAX = 2,
	GATES = 64, /* connections that block workers: enough for each worker to own one */
	GATE_PORT = 9,
	FRAME_BYTES = 54,
	BATCH = 64,
	ENTRY_BYTES = 64, /* bytes of the ring that a stable packet uses */
	PACKETS_MAX = 2000000,
};

#define NANO_MAGIC 0xa1b23c4du /* of a file whose time stamps have nanoseconds */

struct capture {
	struct weft_packet *packets;
	uint32_t count;
};

/* State of one worker, on its own cache lines. */
struct lane {
	uint64_t begin_ns; /* CPU time when the gate opened */
	uint64_t cpu_ns;   /* CPU time since the gate opened */
	uint64_t bytes;
} __attribute__((aligned(64)));

struct result {
	double wall_s;
	double cpu_s; /* CPU time of the busiest worker */
	double all_cpu_s;
	uint64_t bytes;
};

static struct lane lanes[WORKERS_MAX];
static _Atomic uint32_t arrived;
static _Atomic bool gate_open;
static pthread_key_t lane_key;
static _Thread_local struct lane *own_lane;

static void die(const char *what, int err)
{
	fprintf(stderr, "scale: %s: %s\n", what, strerror(err < 0 ? -err : err));
	exit(1);
}

/* ---- the capture ------------------------------------------------------------------------- */

/* Returns a copy of the @len bytes at @bytes, in huge pages if the kernel has some. */
static uint8_t *copy_to_huge_pages(const uint8_t *bytes, uint64_t len)
{
	uint8_t *copy = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (copy == MAP_FAILED)
		die("frames", errno);
	madvise(copy, len, MADV_HUGEPAGE);
	memcpy(copy, bytes, len);
	return copy;
}

static void load(const char *path, struct capture *ret_capture)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct weft_packet *packets;
	struct stat stat;
	uint8_t *bytes, *copy;
	uint64_t pos = 24;
	uint32_t words[4];
	uint32_t max = 0;
	uint32_t count = 0;
	uint64_t fraction_ns;

	if (fd < 0 || fstat(fd, &stat))
		die(path, errno);
	bytes = mmap(NULL, (size_t)stat.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (bytes == MAP_FAILED)
		die(path, errno);
	close(fd);
	memcpy(words, bytes, sizeof(words));
	fraction_ns = words[0] == NANO_MAGIC ? 1 : WF_NS_PER_US;
	max = (uint32_t)((uint64_t)stat.st_size / (16 + FRAME_BYTES)) + 1;
	if (max > PACKETS_MAX)
		max = PACKETS_MAX;
	packets = calloc(max, sizeof(*packets));
	if (!packets)
		die(path, ENOMEM);
	while (count < max && pos + 16 <= (uint64_t)stat.st_size) {
		memcpy(words, bytes + pos, sizeof(words));
		if (pos + 16 + words[2] > (uint64_t)stat.st_size)
			break;
		packets[count++] = (struct weft_packet){
			.bytes = bytes + pos + 16,
			.time_ns = words[0] * WF_NS_PER_SEC + words[1] * fraction_ns,
			.cap_bytes = words[2],
			.wire_bytes = words[3],
			.is_stable = true,
		};
		pos += 16 + words[2];
	}
	copy = copy_to_huge_pages(bytes, pos);
	for (uint32_t i = 0; i < count; i++)
		packets[i].bytes = copy + ((const uint8_t *)packets[i].bytes - bytes);
	munmap(bytes, (size_t)stat.st_size);
	ret_capture->packets = packets;
	ret_capture->count = count;
}

/* Divides the packets by the hash of their flows, as weft divides them among workers. */
static void divide(const struct capture *whole, struct capture halves[WORKERS_MAX])
{
	const struct wf_decoder decoder = {.checksum = WEFT_CHECKSUM_IGNORE};

	for (uint32_t i = 0; i < WORKERS_MAX; i++) {
		halves[i].count = 0;
		halves[i].packets = calloc(whole->count, sizeof(*halves[i].packets));
		if (!halves[i].packets)
			die("packets", ENOMEM);
	}
	for (uint32_t i = 0; i < whole->count; i++) {
		const struct weft_packet *packet = &whole->packets[i];
		const struct wf_frame frame = {.bytes = packet->bytes,
					       .cap_bytes = packet->cap_bytes,
					       .wire_bytes = packet->wire_bytes,
					       .link = (uint8_t)packet->link};
		uint32_t hash = wf_decode_steer_hash(&decoder, &frame, NULL);
		struct capture *half = &halves[weft_hash_worker(hash, WORKERS_MAX)];

		half->packets[half->count++] = *packet;
	}
}

/* ---- the gate ---------------------------------------------------------------------------- */

static uint64_t thread_cpu_ns(void)
{
	return wf_clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

/* Called when a worker's thread ends. */
static void end_lane(void *arg)
{
	struct lane *lane = arg;

	lane->cpu_ns = thread_cpu_ns() - lane->begin_ns;
}

/* Moves the calling thread to the @index-th of the CPUs that it may use. */
static void pin(uint32_t index)
{
	cpu_set_t usable, own;

	CPU_ZERO(&own);
	sched_getaffinity(0, sizeof(usable), &usable);
	index %= (uint32_t)CPU_COUNT(&usable);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &usable) && !index--)
			CPU_SET(cpu, &own);
	sched_setaffinity(0, sizeof(own), &own);
}

/* Called at a worker's first event: waits until the gate is open. */
static void pass_gate(void)
{
	uint32_t index = atomic_fetch_add(&arrived, 1) % WORKERS_MAX;

	own_lane = &lanes[index];
	pthread_setspecific(lane_key, own_lane);
	pin(index);
	while (!atomic_load(&gate_open))
		usleep(100);
	own_lane->begin_ns = thread_cpu_ns();
}

static int on_event(const struct weft_event *event, void *ctx)
{
	(void)ctx;
	if (!own_lane)
		pass_gate();
	if (event->type == WEFT_EVENT_DATA)
		own_lane->bytes += event->data.len_bytes;
	return 0;
}

static void put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/* Makes the SYN, SYN-ACK or ACK of the @index-th connection that blocks a worker. */
static void make_gate(uint8_t frame[FRAME_BYTES], uint32_t index, uint32_t turn)
{
	static const uint8_t flags[] = {0x02, 0x12, 0x10};
	uint8_t *ip = frame + 14, *tcp = frame + 34;
	bool back = turn == 1;

	memset(frame, 0, FRAME_BYTES);
	frame[12] = 0x08;
	ip[0] = 0x45;
	put16(ip + 2, 40);
	ip[8] = 64;
	ip[9] = 6;
	memcpy(ip + (back ? 16 : 12), "\xc6\x12\x00\x01", 4);
	memcpy(ip + (back ? 12 : 16), "\xc6\x12\x00\x02", 4);
	put16(tcp + (back ? 2 : 0), 1000 + index);
	put16(tcp + (back ? 0 : 2), GATE_PORT);
	tcp[7] = turn ? 1 : 0;
	tcp[11] = turn ? 1 : 0;
	tcp[7] = back ? 0 : tcp[7];
	tcp[12] = 0x50;
	tcp[13] = flags[turn];
	put16(tcp + 14, 65535);
}

static void submit_gates(struct weft *weft, uint64_t time_ns)
{
	uint8_t frame[FRAME_BYTES];

	for (uint32_t turn = 0; turn < 3; turn++) {
		for (uint32_t i = 0; i < GATES; i++) {
			struct weft_packet packet = {
				.bytes = frame, .cap_bytes = FRAME_BYTES, .time_ns = time_ns};

			make_gate(frame, i, turn);
			if (weft_submit(weft, &packet, 1, -1) != 1)
				die("gate", EIO);
		}
	}
}

/* ---- one run ------------------------------------------------------------------------------ */

static struct weft *start(uint32_t workers, const struct capture *capture)
{
	uint64_t ring_bytes = WEFT_SUBMIT_RING_MIN_BYTES;
	WEFT_OPTS(weft_opts, opts, .workers = workers, .checksum = WEFT_CHECKSUM_IGNORE);
	WEFT_OPTS(weft_sub_opts, sub_opts, .inline_fn = on_event);
	WEFT_OPTS(weft_submit_opts, submit_opts);
	struct weft_sub *sub;
	struct weft *weft;
	int err;

	/* Each ring has room for all packets: one worker may get nearly all of them. */
	while (ring_bytes < (uint64_t)(capture->count + 2 * 3 * GATES) * ENTRY_BYTES)
		ring_bytes *= 2;
	submit_opts.ring_bytes = ring_bytes;
	opts.memory_max_bytes = (512ull << 20) + WORKERS_MAX * ring_bytes;
	err = weft_new(&opts, &weft);
	if (!err)
		err = weft_add_submit(weft, &submit_opts);
	if (!err)
		err = weft_subscribe(weft, &sub_opts, &sub);
	if (!err)
		err = weft_start(weft);
	if (err)
		die("start", err);
	return weft;
}

static void preload(struct weft *weft, const struct capture *capture)
{
	for (uint32_t done = 0; done < capture->count;) {
		uint32_t left = capture->count - done;
		int taken =
			weft_submit(weft, capture->packets + done, left < BATCH ? left : BATCH, 0);

		if (taken <= 0)
			die("preload", taken);
		done += (uint32_t)taken;
	}
}

static void end(struct weft *weft)
{
	int err = weft_wait(weft, -1);

	if (err)
		die("wait", err);
}

/* Runs @instances of weft with @workers each. Each instance gets one of @captures. */
static struct result run(const struct capture *captures, uint32_t instances, uint32_t workers)
{
	struct weft *weft[WORKERS_MAX];
	struct result result = {0};
	uint64_t begin_ns;

	memset(lanes, 0, sizeof(lanes));
	atomic_store(&arrived, 0);
	atomic_store(&gate_open, false);
	for (uint32_t i = 0; i < instances; i++) {
		weft[i] = start(workers, &captures[i]);
		submit_gates(weft[i], captures[i].packets[0].time_ns);
	}
	while (atomic_load(&arrived) < instances * workers)
		usleep(1000);
	for (uint32_t i = 0; i < instances; i++) {
		preload(weft[i], &captures[i]);
		weft_stop(weft[i]);
		weft_wait(weft[i], 0); /* forwards the stop to the workers */
	}
	begin_ns = wf_clock_monotonic_ns();
	atomic_store(&gate_open, true);
	for (uint32_t i = 0; i < instances; i++)
		end(weft[i]);
	result.wall_s = (double)(wf_clock_monotonic_ns() - begin_ns) / 1e9;
	for (uint32_t i = 0; i < instances; i++)
		weft_free(weft[i]);
	for (uint32_t i = 0; i < instances * workers; i++) {
		double cpu_s = (double)lanes[i].cpu_ns / 1e9;

		result.bytes += lanes[i].bytes;
		result.all_cpu_s += cpu_s;
		if (cpu_s > result.cpu_s)
			result.cpu_s = cpu_s;
	}
	return result;
}

/* ---- results ------------------------------------------------------------------------------ */

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Returns the median of @values, and sorts them. */
static double median(double *values, uint32_t count)
{
	qsort(values, count, sizeof(*values), compare);
	return values[count / 2];
}

enum { ONE, TWO, APART, CONTENDERS };

static const struct {
	const char *name;
	uint32_t instances;
	uint32_t workers;
} contenders[] = {
	[ONE] = {"1 worker", 1, 1},
	[TWO] = {"2 workers", 1, 2},
	[APART] = {"2 instances", 2, 1},
};

/* The measurements of one contender. */
struct series {
	double wall_s[RUNS_MAX];
	double cpu_s[RUNS_MAX];
	double all_cpu_s[RUNS_MAX];
};

static void print(const char *name, struct series *series, uint32_t runs, uint32_t packets)
{
	double wall_s = median(series->wall_s, runs), cpu_s = median(series->cpu_s, runs);

	printf("%-11s %u packets %.3f wall s %.2f M/s %.3f CPU s of the busiest %.2f M/s "
	       "%.3f CPU s in all\n",
	       name, packets, wall_s, packets / wall_s / 1e6, cpu_s, packets / cpu_s / 1e6,
	       median(series->all_cpu_s, runs));
}

int main(int argc, char **argv)
{
	static struct series all[CONTENDERS];
	uint32_t runs = argc > 2 ? (uint32_t)atoi(argv[2]) : 5;
	struct capture whole, halves[WORKERS_MAX];
	uint64_t bytes = 0;

	if (argc < 2 || !runs || runs > RUNS_MAX) {
		fprintf(stderr, "usage: scale FILE [RUNS]\n");
		return 2;
	}
	load(argv[1], &whole);
	divide(&whole, halves);
	pthread_key_create(&lane_key, end_lane);
	for (uint32_t i = 0; i < runs; i++) {
		for (uint32_t c = 0; c < CONTENDERS; c++) {
			struct result result = run(contenders[c].instances == 1 ? &whole : halves,
						   contenders[c].instances, contenders[c].workers);

			if (bytes && result.bytes != bytes)
				die("runs differ in what was delivered", EIO);
			bytes = result.bytes;
			all[c].wall_s[i] = result.wall_s;
			all[c].cpu_s[i] = result.cpu_s;
			all[c].all_cpu_s[i] = result.all_cpu_s;
		}
	}
	for (uint32_t c = 0; c < CONTENDERS; c++)
		print(contenders[c].name, &all[c], runs, whole.count);
	for (uint32_t c = TWO; c < CONTENDERS; c++)
		printf("%s over 1 worker: %.2f by wall clock, %.2f by CPU time, "
		       "%.2f by wall clock of the fastest runs\n",
		       contenders[c].name,
		       median(all[ONE].wall_s, runs) / median(all[c].wall_s, runs),
		       median(all[ONE].cpu_s, runs) / median(all[c].cpu_s, runs),
		       all[ONE].wall_s[0] / all[c].wall_s[0]);
	return 0;
}
