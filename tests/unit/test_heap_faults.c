// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_heap_faults.c - makes each request of a run fail in turn: heap calls, mappings, descriptors
 * and threads. The run must not crash or leak, and its error must be that of the failed request. If
 * the resource is not essential, the run succeeds with the same result.
 *
 * The test program defines malloc() and other functions before glibc's, so that requests of
 * libraries fail too. After a run, there must be as many heap blocks and open descriptors as before
 * it. A sanitizer has its own malloc(), so sanitizer builds make the same runs without faults.
 *
 * Failures in memory/ are tested with memory/fault.h, for example in test_memory_replay.c.
 */
#include "unit/support/test.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <fcntl.h>
#include <jansson.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <weft/weft.h>

#include "agent/agent.h"
#include "config/config.h"
#include "config/config_check.h"
#include "config/config_yaml.h"
#include "packet/packet.h"
#include "unit/support/capture_writer.h"
#include "unit/support/handle_metrics.h"
#include "unit/support/packet_builder.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CAN_FAIL 0
#else
#define CAN_FAIL 1
#endif

enum { CONNS = 3, SEGMENTS = 4, BYTES = 500, FAULTS_MAX = 5000, PATH_BYTES = 128 };

static long wanted;	       /* number of the request that fails, counted from arm(); 0: none */
static atomic_long countdown;  /* number of requests until the failing one; 0: none fails */
static atomic_bool is_reached; /* the failing request was made */
static atomic_int failed_err;  /* errno of the failed request */
static atomic_long live;       /* number of allocated heap blocks */

#if CAN_FAIL
/*
 * Return: true if libpcap called. Its requests never fail, because the scanner of libpcap 1.10 does
 * not check for NULL.
 */
static bool is_of_libpcap(const void *caller)
{
	Dl_info info;

	return dladdr(caller, &info) && info.dli_fname && strstr(info.dli_fname, "libpcap");
}

static bool fails(int err, const void *caller)
{
	long left = atomic_load(&countdown);

	while (left && !atomic_compare_exchange_weak(&countdown, &left, left - 1))
		;
	if (left != 1)
		return false;
	atomic_store(&is_reached, true);
	if (is_of_libpcap(caller))
		return false;
	atomic_store(&failed_err, err);
	errno = err;
	return true;
}

#define CALLER __builtin_return_address(0)

/* Libraries must use these functions too. */
#pragma GCC visibility push(default)

/* Functions of glibc that the replacements call. */
void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *old, size_t bytes);
void *__libc_memalign(size_t align, size_t bytes);
void __libc_free(void *block);

static void *counted(void *block)
{
	if (block)
		atomic_fetch_add(&live, 1);
	return block;
}

void *malloc(size_t bytes)
{
	return fails(ENOMEM, CALLER) ? NULL : counted(__libc_malloc(bytes));
}

void *calloc(size_t count, size_t bytes)
{
	return fails(ENOMEM, CALLER) ? NULL : counted(__libc_calloc(count, bytes));
}

void *aligned_alloc(size_t align, size_t bytes)
{
	return fails(ENOMEM, CALLER) ? NULL : counted(__libc_memalign(align, bytes));
}

int posix_memalign(void **ret_block, size_t align, size_t bytes)
{
	*ret_block = aligned_alloc(align, bytes);
	return *ret_block ? 0 : ENOMEM;
}

void *realloc(void *old, size_t bytes)
{
	void *block;

	if (fails(ENOMEM, CALLER))
		return NULL;
	block = __libc_realloc(old, bytes);
	if (!old)
		return counted(block);
	if (!bytes)
		atomic_fetch_sub(&live, 1);
	return block;
}

void free(void *block)
{
	if (block)
		atomic_fetch_sub(&live, 1);
	__libc_free(block);
}

void *mmap(void *addr, size_t bytes, int protection, int flags, int fd, off_t off)
{
	if (fails(ENOMEM, CALLER))
		return MAP_FAILED;
	return (void *)syscall(SYS_mmap, addr, bytes, protection, flags, fd, off);
}

int memfd_create(const char *name, unsigned int flags)
{
	return fails(ENOMEM, CALLER) ? -1 : (int)syscall(SYS_memfd_create, name, flags);
}

int eventfd(unsigned int count, int flags)
{
	return fails(ENOMEM, CALLER) ? -1 : (int)syscall(SYS_eventfd2, count, flags);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*fn)(void *), void *arg)
{
	static int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

	if (!real)
		real = dlsym(RTLD_NEXT, "pthread_create");
	return fails(EAGAIN, CALLER) ? EAGAIN : real(thread, attr, fn, arg);
}

#pragma GCC visibility pop

#endif

/* ---- files: captures, configurations ---- */

static char dir[PATH_BYTES];
static char pcap_path[64];
static char pcapng_path[64];
static char config_path[PATH_BYTES];
static char streams_path[PATH_BYTES];
static char events_path[PATH_BYTES];
static struct capture_writer pcap;
static struct capture_writer pcapng;

static void put_segment(int conn, bool to_server, uint32_t seq, uint16_t flags, size_t len_bytes)
{
	static uint8_t payload[BYTES];
	static uint32_t count;
	const struct pb_tcp tcp = {
		.src_port = to_server ? (uint16_t)(2000 + conn) : 80,
		.dst_port = to_server ? 80 : (uint16_t)(2000 + conn),
		.seq = seq,
		.ack = flags & WF_TCP_ACK ? (to_server ? 501 : 101) : 0,
		.flags = flags,
		.window = 65535,
	};
	struct packet_builder pb;
	struct wf_frame frame;

	memset(payload, 'a' + conn, sizeof(payload));
	pb_segment(&pb, to_server ? "10.0.0.1" : "10.0.0.2", to_server ? "10.0.0.2" : "10.0.0.1",
		   &tcp, payload, len_bytes);
	pb_frame(&pb, 0, &frame);
	count++;
	capture_pcap_packet(&pcap, 1700000000, count, frame.bytes, frame.cap_bytes,
			    frame.cap_bytes);
	capture_enhanced(&pcapng, 0, 1700000000000000 + count, frame.bytes, frame.cap_bytes,
			 frame.cap_bytes);
}

/*
 * Writes a handshake and the data of the server for each connection; the second half of the data
 * comes first.
 */
static void put_conns(void)
{
	for (int conn = 0; conn < CONNS; conn++) {
		put_segment(conn, true, 100, WF_TCP_SYN, 0);
		put_segment(conn, false, 500, WF_TCP_SYN | WF_TCP_ACK, 0);
		put_segment(conn, true, 101, WF_TCP_ACK, 0);
		for (int i = 0; i < SEGMENTS; i++) {
			uint32_t at = (uint32_t)((i + SEGMENTS / 2) % SEGMENTS);

			put_segment(conn, false, 501 + at * BYTES, WF_TCP_ACK, BYTES);
		}
	}
}

static void write_config(int workers)
{
	FILE *file = fopen(config_path, "w");

	assert_non_null(file);
	/*
	 * A seccomp filter would stay in this process, and the next run needs calls that it
	 * forbids.
	 */
	fprintf(file,
		"agent: {seccomp: false}\n"
		"capture: {workers: %d}\n"
		"filter: {expression: \"tcp port 80\", ports: [80, 443], allow: [10.0.0.0/8]}\n"
		"memory: {max_total_memory_mb: 16}\n"
		"flow: {max_concurrent_streams: 1000, max_embryonic: 1000}\n"
		"reassembly: {checksum: ignore, overlap_by_prefix: {10.0.0.0/8: windows}}\n"
		"concurrency: {performance_mode: safe}\n"
		"sinks: {streams: \"%s\", events: \"%s\"}\n",
		workers, streams_path, events_path);
	fclose(file);
}

static void remove_outputs(void)
{
	DIR *stream = opendir(streams_path);
	struct dirent *entry;

	while (stream && (entry = readdir(stream)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			unlinkat(dirfd(stream), entry->d_name, 0);
	if (stream)
		closedir(stream);
	rmdir(streams_path);
	unlink(events_path);
}

static int setup(void **state)
{
	strcpy(dir, "/tmp/weft-heap-XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(config_path, sizeof(config_path), "%.64s/weft.conf", dir);
	snprintf(streams_path, sizeof(streams_path), "%.64s/streams", dir);
	snprintf(events_path, sizeof(events_path), "%.64s/events", dir);
	capture_pcap_header(&pcap, 0xa1b2c3d4, 1);
	capture_section(&pcapng);
	capture_interface(&pcapng, 1, 65535, 0, 0);
	put_conns();
	capture_write_file(&pcap, pcap_path);
	capture_write_file(&pcapng, pcapng_path);
	return 0;
}

static int teardown(void **state)
{
	remove_outputs();
	unlink(config_path);
	rmdir(dir);
	unlink(pcap_path);
	unlink(pcapng_path);
	capture_writer_fini(&pcap);
	capture_writer_fini(&pcapng);
	return 0;
}

/* ---- runs; each calls arm() when requests may start to fail ---- */

static void arm(void)
{
	atomic_store(&countdown, wanted);
}

static void disarm(void)
{
	atomic_store(&countdown, 0);
}

/* The result of a run: its error, and whether nothing was lost. */
struct outcome {
	int err;
	bool is_whole;
};

static bool stream_is_whole(int conn)
{
	char path[PATH_BYTES * 2];
	char bytes[BYTES * SEGMENTS + 1];
	int fd;
	ssize_t len;

	snprintf(path, sizeof(path), "%.100s/10.0.0.2.80-10.0.0.1.%d", streams_path, 2000 + conn);
	fd = open(path, O_RDONLY);
	len = read(fd, bytes, sizeof(bytes));
	if (fd >= 0)
		close(fd);
	for (ssize_t i = 0; i < len; i++)
		if (bytes[i] != 'a' + conn)
			return false;
	return len == BYTES * SEGMENTS;
}

static bool streams_are_whole(void)
{
	for (int conn = 0; conn < CONNS; conn++)
		if (!stream_is_whole(conn))
			return false;
	return true;
}

static int run_agent(struct wf_config *config, char *path)
{
	const struct wf_agent_opts opts = {.config = config, .files = &path, .files_count = 1};
	struct wf_agent_result result;
	int err = wf_agent_run(&opts, &result);

	json_decref(result.report);
	return err;
}

static int load_config(struct wf_config *config)
{
	struct wf_config_error error;
	int err = wf_config_init(config);

	if (!err)
		err = wf_config_load(config, config_path, &error);
	if (!err)
		err = wf_config_check(config, &error);
	return err;
}

static struct outcome run_config(void)
{
	struct outcome outcome;
	struct wf_config config;

	arm();
	outcome.err = load_config(&config);
	disarm();
	outcome.is_whole = !outcome.err && config.interface.ports_count == 2 &&
			   config.interface.allow_count == 1 &&
			   config.library.overlap_rules_count == 1 && config.library.workers == 1;
	wf_config_fini(&config);
	return outcome;
}

/* Runs a replay like `weft replay`, with both sinks and the report. */
static struct outcome run_replay(void)
{
	struct outcome outcome;
	struct wf_config config;

	assert_int_equal(load_config(&config), 0);
	arm();
	outcome.err = run_agent(&config, pcap_path);
	disarm();
	wf_config_fini(&config);
	outcome.is_whole = streams_are_whole();
	return outcome;
}

static int count_data(const struct weft_event *event, void *ctx)
{
	if (event->type == WEFT_EVENT_DATA)
		atomic_fetch_add((atomic_ulong *)ctx, event->data.len_bytes);
	return 0;
}

/*
 * Opens a handle as an application with the library does, with a callback and a queue that is not
 * read.
 */
static struct weft *open_handle(uint32_t workers, atomic_ulong *bytes, int *ret_err)
{
	WEFT_OPTS(weft_opts, opts, .workers = workers, .memory_max_bytes = 16 << 20,
		  .flows_max = 1000, .embryonic_max = 1000,
		  .performance_mode = WEFT_PERFORMANCE_SAFE, .checksum = WEFT_CHECKSUM_IGNORE);
	WEFT_OPTS(weft_sub_opts, called, .name = "called", .inline_fn = count_data, .ctx = bytes);
	WEFT_OPTS(weft_sub_opts, queued, .name = "queued", .overflow = WEFT_OVERFLOW_DROP_NEWEST);
	struct weft *weft = NULL;
	struct weft_sub *sub;

	*ret_err = weft_new(&opts, &weft);
	if (!*ret_err)
		*ret_err = weft_subscribe(weft, &called, &sub);
	if (!*ret_err)
		*ret_err = weft_subscribe(weft, &queued, &sub);
	return weft;
}

/* Subscribes to a handle that runs, with a queue and with a callback, and ends one of the two. */
static int subscribe_while_running(struct weft *weft)
{
	static atomic_ulong late_bytes;
	WEFT_OPTS(weft_sub_opts, queued, .name = "late", .overflow = WEFT_OVERFLOW_DROP_NEWEST,
		  .filter = "tcp port 80", .is_pollable = true, .queue_events = 100);
	WEFT_OPTS(weft_sub_opts, called, .name = "late callback", .inline_fn = count_data,
		  .ctx = &late_bytes);
	struct weft_sub *queue_sub, *called_sub;
	int err = weft_subscribe(weft, &queued, &queue_sub);

	if (!err)
		err = weft_subscribe(weft, &called, &called_sub);
	if (!err)
		weft_unsubscribe(queue_sub);
	return err;
}

static void end_run(struct weft *weft, bool is_whole, struct outcome *outcome)
{
	disarm();
	outcome->is_whole = !outcome->err && is_whole && !handle_open_ledger(weft);
	weft_free(weft);
}

static struct outcome run_file(uint32_t workers, const char *path)
{
	struct outcome outcome = {0};
	atomic_ulong bytes = 0;
	struct weft *weft;

	arm();
	weft = open_handle(workers, &bytes, &outcome.err);
	if (!outcome.err)
		outcome.err = weft_add_file(weft, path);
	if (!outcome.err)
		outcome.err = weft_start(weft);
	if (!outcome.err)
		outcome.err = weft_wait(weft, -1);
	end_run(weft, bytes == CONNS * SEGMENTS * BYTES, &outcome);
	return outcome;
}

static struct outcome run_workers(void)
{
	return run_file(3, pcapng_path);
}

static struct outcome run_pipe(void)
{
	struct outcome outcome;
	char path[32];
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], pcapng.bytes, pcapng.len), pcapng.len);
	close(ends[1]);
	snprintf(path, sizeof(path), "/dev/fd/%d", ends[0]);
	outcome = run_file(1, path);
	close(ends[0]);
	return outcome;
}

static struct outcome run_submit(void)
{
	static struct packet_builder pb;
	const struct pb_tcp tcp = {.src_port = 1025, .dst_port = 80, .flags = WF_TCP_ACK};
	WEFT_OPTS(weft_submit_opts, submit, .ring_bytes = 262144);
	struct outcome outcome = {0};
	struct weft_packet packet;
	atomic_ulong bytes = 0;
	struct weft *weft;

	pb_segment(&pb, "10.0.0.1", "10.0.0.2", &tcp, "hello", 5);
	packet = (struct weft_packet){.bytes = pb.bytes,
				      .cap_bytes = (uint32_t)pb.len_bytes,
				      .time_ns = 1700000000000000000};
	arm();
	weft = open_handle(2, &bytes, &outcome.err);
	if (!outcome.err)
		outcome.err = weft_add_submit(weft, &submit);
	if (!outcome.err)
		outcome.err = weft_start(weft);
	if (!outcome.err)
		outcome.err = subscribe_while_running(weft);
	if (!outcome.err) {
		outcome.err = weft_submit(weft, &packet, 1, -1) == 1 ? 0 : -EIO;
		weft_stop(weft);
		weft_wait(weft, -1);
	}
	end_run(weft, bytes == 5, &outcome);
	return outcome;
}

/* ---- each request in turn ---- */

static int count_descriptors(void)
{
	DIR *stream = opendir("/proc/self/fd");
	int count = 0;

	while (readdir(stream))
		count++;
	closedir(stream);
	return count;
}

typedef struct outcome (*run_fn)(void);

static void run_well(run_fn run)
{
	struct outcome outcome = run();

	remove_outputs();
	assert_int_equal(outcome.err, 0);
	assert_true(outcome.is_whole);
}

/* Return: false if the run makes fewer than @nth requests. */
static bool run_failing(run_fn run, long nth)
{
	long blocks = atomic_load(&live);
	int descriptors = count_descriptors();
	struct outcome outcome;

	atomic_store(&failed_err, 0);
	atomic_store(&is_reached, false);
	wanted = nth;
	outcome = run();
	wanted = 0;
	remove_outputs();
	/* pthread_create() returns EAGAIN when its own memory request fails. */
	if (outcome.err && outcome.err != -atomic_load(&failed_err) && outcome.err != -EAGAIN)
		fail_msg("request %ld failed with %d: the run said %d", nth,
			 atomic_load(&failed_err), -outcome.err);
	if (!outcome.err && !outcome.is_whole)
		fail_msg("request %ld failed, and something was lost in silence", nth);
	if (atomic_load(&live) != blocks)
		fail_msg("request %ld failed: %ld blocks of the heap before, %ld after", nth,
			 blocks, atomic_load(&live));
	if (count_descriptors() != descriptors)
		fail_msg("request %ld failed: %d descriptors before, %d after", nth, descriptors,
			 count_descriptors());
	return atomic_load(&is_reached);
}

static void fail_each(run_fn run)
{
	long nth = 1;

	/*
	 * The first two runs let libraries make their one-time allocations; so do the requests for
	 * an account that no file has, for which libc loads its other sources.
	 */
	getpwuid((uid_t)-2);
	getgrgid((gid_t)-2);
	run_well(run);
	run_well(run);
	while (CAN_FAIL && nth < FAULTS_MAX && run_failing(run, nth))
		nth++;
	if (CAN_FAIL)
		assert_in_range(nth, 20, FAULTS_MAX - 1);
	run_well(run);
}

TEST(heap_faults_of_a_configuration_are_no_fault_of_its_text)
{
	write_config(1);
	fail_each(run_config);
}

TEST(heap_faults_of_a_replay_are_reported_and_leave_nothing)
{
	write_config(1);
	fail_each(run_replay);
}

TEST(heap_faults_of_a_replay_by_several_workers)
{
	fail_each(run_workers);
}

TEST(heap_faults_of_a_replay_from_a_pipe)
{
	fail_each(run_pipe);
}

TEST(heap_faults_of_who_submits_packets)
{
	fail_each(run_submit);
}

TEST_GROUP(setup, teardown);
