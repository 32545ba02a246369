// SPDX-License-Identifier: BSD-2-Clause
#include "unit/support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "collect/disk/event_file.h"
#include "collect/disk/flow_table.h"
#include "collect/disk/store.h"
#include "unit/support/delivery.h"

static char root[64], streams[80], events[80];
static struct wf_collect_counts counts;
static struct wf_collect_store *store;

/* The disk stays full until the store waits for space. A store that waits too often is stopped. */
static bool is_full, is_stopped;
static int waits;

/* number of syncs, and of writes, until one fails; 0: none fails */
static int syncs_until_full, writes_until_full;

/* syncfs() reports, once, that earlier writes failed, as on NFS. */
static bool is_lost;

/* retention time; 0: files stay */
static uint32_t retain_sec;

enum { WAITS_MAX = 8 };

static bool should_stop(void)
{
	return is_stopped;
}

int fdatasync(int fd)
{
	if (!is_full && (!syncs_until_full || --syncs_until_full))
		return (int)syscall(SYS_fdatasync, fd);
	errno = ENOSPC;
	return -1;
}

int syncfs(int fd)
{
	if (!is_lost)
		return (int)syscall(SYS_syncfs, fd);
	is_lost = false;
	errno = ENOSPC;
	return -1;
}

ssize_t write(int fd, const void *bytes, size_t len)
{
	if (!writes_until_full || --writes_until_full)
		return syscall(SYS_write, fd, bytes, len);
	errno = ENOSPC;
	return -1;
}

ssize_t pwritev(int fd, const struct iovec *iov, int count, off_t off)
{
	if (!writes_until_full || --writes_until_full)
		return syscall(SYS_pwritev, fd, iov, count, off, 0);
	errno = ENOSPC;
	return -1;
}

int nanosleep(const struct timespec *wanted, struct timespec *left)
{
	is_full = false;
	is_stopped = is_stopped || ++waits == WAITS_MAX;
	return 0;
}

static int open_store(uint32_t shard)
{
	struct wf_collect_store_opts opts = {
		.dir = streams,
		.events = events,
		.head = {.stream = "WEFT", .shard = shard, .shards = 4, .partitions = 16},
		.flows_max = WF_COLLECT_FLOWS_MIN,
		.retain_sec = retain_sec,
		.counts = &counts,
		.should_stop = should_stop,
		.free_space = wf_collect_free_space,
	};
	char error[WF_COLLECT_ERROR_BYTES];

	return wf_collect_store_open(&opts, &store, error);
}

/* Closes the store as a crash would, so that what is only in memory is lost, and opens it again. */
static void crash(void)
{
	wf_collect_store_close(store);
	store = NULL;
	assert_int_equal(open_store(0), 0);
}

static int setup(void **state)
{
	snprintf(root, sizeof(root), "/tmp/weft-collect-XXXXXX");
	if (!mkdtemp(root))
		return -1;
	snprintf(streams, sizeof(streams), "%s/streams", root);
	snprintf(events, sizeof(events), "%s/events", root);
	memset(&counts, 0, sizeof(counts));
	is_full = false;
	is_stopped = false;
	is_lost = false;
	waits = 0;
	syncs_until_full = 0;
	writes_until_full = 0;
	retain_sec = 0;
	return open_store(0);
}

static int teardown(void **state)
{
	char command[128];

	wf_collect_store_close(store);
	store = NULL;
	snprintf(command, sizeof(command), "rm -rf %s", root);
	return system(command);
}

static struct wf_bus_message message_of(uint64_t id, enum wf_bus_kind kind, uint64_t off,
					const char *body)
{
	struct wf_bus_message message = {.kind = kind,
					 .flow = {.sensor = "s1", .boot = 1, .id = id},
					 .peers = delivery_flow(1),
					 .off = off,
					 .time_ns = 1,
					 .body = body,
					 .body_bytes = strlen(body)};

	message.peers.use = 1;
	message.len_bytes = kind == WF_BUS_DATA ? message.body_bytes : 0;
	return message;
}

static enum wf_collect_result add(uint64_t seq, uint64_t id, enum wf_bus_kind kind, uint64_t off,
				  const char *body)
{
	struct wf_bus_message message = message_of(id, kind, off, body);

	return wf_collect_store_add(store, 0, seq, &message);
}

static void check_file(const char *path, const char *wanted)
{
	char full[160], bytes[1024] = "";
	int fd;
	ssize_t len;

	snprintf(full, sizeof(full), "%s/%s", root, path);
	fd = open(full, O_RDONLY);
	assert_true(fd >= 0);
	len = read(fd, bytes, sizeof(bytes) - 1);
	close(fd);
	assert_int_equal(len, strlen(wanted));
	assert_string_equal(bytes, wanted);
}

#define FILE_1		 "streams/10.0.0.1.40000-10.0.0.2.80"
#define LINE(file, rest) "{\"host\":\"s1\",\"stream_file\":\"" file "\"," rest "\n"
#define NAME_1		 "10.0.0.1.40000-10.0.0.2.80"

TEST_WITH(collect_store_writes_bytes_and_events, setup, teardown)
{
	assert_int_equal(add(1, 1, WF_BUS_OPEN, 0, "{\"a\":1}"), WF_COLLECT_TAKEN);
	assert_int_equal(add(2, 1, WF_BUS_DATA, 0, "hello "), WF_COLLECT_TAKEN);
	assert_int_equal(add(3, 1, WF_BUS_DATA, 6, "world"), WF_COLLECT_TAKEN);
	assert_int_equal(add(4, 1, WF_BUS_CLOSE, 0, "{\"a\":2}"), WF_COLLECT_TAKEN);
	assert_int_equal(wf_collect_store_commit(store), 0);
	check_file(FILE_1, "hello world");
	check_file("events", LINE(NAME_1, "\"a\":1}") LINE(NAME_1, "\"a\":2}"));
	assert_int_equal(wf_collect_store_position(store)->seq[0], 4);
}

TEST_WITH(collect_store_crash_before_commit_repeats_the_batch, setup, teardown)
{
	for (int crashes = 0; crashes < 3; crashes++) {
		assert_int_equal(wf_collect_store_position(store)->seq[0], 0);
		assert_int_equal(add(1, 1, WF_BUS_OPEN, 0, "{\"a\":1}"), WF_COLLECT_TAKEN);
		assert_int_equal(add(2, 1, WF_BUS_DATA, 0, "hello"), WF_COLLECT_TAKEN);
		if (crashes < 2)
			crash();
	}
	assert_int_equal(wf_collect_store_commit(store), 0);
	crash();
	assert_int_equal(wf_collect_store_position(store)->seq[0], 2);
	check_file(FILE_1, "hello");
	check_file("events", LINE(NAME_1, "\"a\":1}"));
}

/*
 * The name of the first connection was stored, but its OPEN was not committed before the crash. A
 * commit for another partition does not change this: the OPEN is accepted again.
 */
TEST_WITH(collect_store_two_crashes_with_a_commit_between_lose_no_event, setup, teardown)
{
	struct wf_bus_message other = message_of(2, WF_BUS_OPEN, 0, "{\"b\":1}");

	assert_int_equal(add(1, 1, WF_BUS_OPEN, 0, "{\"a\":1}"), WF_COLLECT_TAKEN);
	assert_int_equal(wf_collect_store_write(store), 0);
	crash();
	other.peers.src_port++;
	assert_int_equal(wf_collect_store_add(store, 1, 2, &other), WF_COLLECT_TAKEN);
	assert_int_equal(wf_collect_store_commit(store), 0);
	crash();
	assert_int_equal(add(1, 1, WF_BUS_OPEN, 0, "{\"a\":1}"), WF_COLLECT_TAKEN);
	assert_int_equal(wf_collect_store_commit(store), 0);
	assert_int_equal(atomic_load(&counts.opens), 3);
}

/* Lines that were written before the crash, and after the last commit, are cut off. */
TEST_WITH(collect_store_cuts_off_lines_after_the_commit, setup, teardown)
{
	int fd;

	assert_int_equal(add(1, 1, WF_BUS_OPEN, 0, "{\"a\":1}"), WF_COLLECT_TAKEN);
	assert_int_equal(wf_collect_store_commit(store), 0);
	fd = open(events, O_WRONLY | O_APPEND);
	assert_int_equal(write(fd, "{\"half", 6), 6);
	close(fd);
	crash();
	check_file("events", LINE(NAME_1, "\"a\":1}"));
}

TEST_WITH(collect_store_knows_messages_that_come_again, setup, teardown)
{
	struct wf_bus_message gap = message_of(1, WF_BUS_GAP, 5, "{\"gap\":1}");

	gap.len_bytes = 10;
	add(1, 1, WF_BUS_OPEN, 0, "{\"a\":1}");
	add(2, 1, WF_BUS_DATA, 0, "hello");
	assert_int_equal(wf_collect_store_add(store, 0, 3, &gap), WF_COLLECT_TAKEN);
	assert_int_equal(wf_collect_store_commit(store), 0);
	crash();
	assert_int_equal(add(4, 1, WF_BUS_OPEN, 0, "{\"a\":1}"), WF_COLLECT_KNOWN);
	assert_int_equal(add(5, 1, WF_BUS_DATA, 0, "hello"), WF_COLLECT_KNOWN);
	assert_int_equal(wf_collect_store_add(store, 0, 6, &gap), WF_COLLECT_KNOWN);
	assert_int_equal(add(7, 1, WF_BUS_CLOSE, 0, "{\"a\":2}"), WF_COLLECT_TAKEN);
	assert_int_equal(wf_collect_store_commit(store), 0);
	crash();
	assert_int_equal(add(8, 1, WF_BUS_CLOSE, 0, "{\"a\":2}"), WF_COLLECT_KNOWN);
	assert_int_equal(wf_collect_store_commit(store), 0);
	check_file("events",
		   LINE(NAME_1, "\"a\":1}") LINE(NAME_1, "\"gap\":1}") LINE(NAME_1, "\"a\":2}"));
}

TEST_WITH(collect_store_numbers_connections_of_the_same_peers, setup, teardown)
{
	add(1, 1, WF_BUS_DATA, 0, "one");
	assert_int_equal(wf_collect_store_commit(store), 0);
	add(2, 2, WF_BUS_DATA, 0, "two");
	crash();
	add(2, 2, WF_BUS_DATA, 0, "two");
	add(3, 3, WF_BUS_DATA, 0, "three");
	assert_int_equal(wf_collect_store_commit(store), 0);
	check_file(FILE_1, "one");
	check_file(FILE_1 "#2", "two");
	check_file(FILE_1 "#3", "three");
}

TEST_WITH(collect_store_rejects_offsets_beyond_any_window_and_wrong_bodies, setup, teardown)
{
	add(1, 1, WF_BUS_OPEN, 0, "{\"a\":1}");
	add(2, 1, WF_BUS_DATA, 0, "x");
	assert_int_equal(add(3, 1, WF_BUS_DATA, WF_COLLECT_DISTANCE_MAX + 2, "x"),
			 WF_COLLECT_REJECTED);
	assert_int_equal(add(4, 1, WF_BUS_DATA, WF_COLLECT_DISTANCE_MAX + 1, "x"),
			 WF_COLLECT_TAKEN);
	assert_int_equal(add(5, 9, WF_BUS_DATA, WF_COLLECT_FIRST_MAX + 1, "x"),
			 WF_COLLECT_REJECTED);
	assert_int_equal(add(6, 1, WF_BUS_CLOSE, 0, "{\"a\":\n1}"), WF_COLLECT_REJECTED);
	assert_int_equal(add(7, 1, WF_BUS_CLOSE, 0, "{\"a\":"), WF_COLLECT_REJECTED);
	assert_int_equal(wf_collect_store_commit(store), 0);
	assert_int_equal(atomic_load(&counts.rejected[WF_BUS_FAULT_OFFSET]), 2);
	assert_int_equal(atomic_load(&counts.rejected[WF_BUS_FAULT_BODY]), 2);
	assert_int_equal(wf_collect_store_position(store)->seq[0], 7);
}

TEST_WITH(collect_store_cuts_connections_of_a_sensor_that_restarted, setup, teardown)
{
	struct wf_bus_message message = message_of(1, WF_BUS_OPEN, 0, "{}");

	add(1, 1, WF_BUS_OPEN, 0, "{}");
	add(2, 2, WF_BUS_OPEN, 0, "{}");
	add(3, 2, WF_BUS_CLOSE, 0, "{}");
	message.flow.boot = 2;
	assert_int_equal(wf_collect_store_add(store, 0, 4, &message), WF_COLLECT_TAKEN);
	/* Two sensors with one name do not cut each other's connections for ever. */
	assert_int_equal(add(5, 3, WF_BUS_OPEN, 0, "{}"), WF_COLLECT_TAKEN);
	assert_int_equal(wf_collect_store_commit(store), 0);
	assert_int_equal(atomic_load(&counts.cuts), 1);
	assert_int_equal(atomic_load(&counts.twins), 1);
	assert_int_equal(atomic_load(&counts.live), 2);
}

TEST_WITH(collect_store_closes_files_of_connections_that_it_cuts, setup, teardown)
{
	struct wf_bus_message message = message_of(1, WF_BUS_OPEN, 0, "{}");

	add(1, 1, WF_BUS_DATA, 0, "committed");
	assert_int_equal(wf_collect_store_commit(store), 0);
	assert_int_equal(atomic_load(&counts.open_files), 1);
	add(2, 2, WF_BUS_DATA, 0, "in the batch of the cut");
	message.flow.boot = 2;
	assert_int_equal(wf_collect_store_add(store, 0, 3, &message), WF_COLLECT_TAKEN);
	assert_int_equal(wf_collect_store_commit(store), 0);
	assert_int_equal(atomic_load(&counts.cuts), 2);
	assert_int_equal(atomic_load(&counts.open_files), 0);
	check_file(FILE_1, "committed");
	check_file(FILE_1 "#2", "in the batch of the cut");
}

TEST_WITH(collect_store_does_not_follow_links, setup, teardown)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/%s", root, FILE_1);
	add(1, 1, WF_BUS_DATA, 0, "bytes");
	assert_int_equal(symlink(events, path), 0);
	assert_int_equal(wf_collect_store_commit(store), 0);
	check_file("events", "");
	assert_int_equal(atomic_load(&counts.failed_bytes), 5);
}

TEST_WITH(collect_store_directory_of_another_shard_is_refused, setup, teardown)
{
	wf_collect_store_close(store);
	store = NULL;
	assert_int_equal(open_store(1), -EEXIST);
	assert_int_equal(open_store(0), 0);
}

TEST_WITH(collect_store_directory_in_use_is_refused, setup, teardown)
{
	struct wf_collect_store *first = store;

	assert_int_equal(open_store(0), -EBUSY);
	store = first;
}

TEST_WITH(collect_store_keeps_no_more_connections_than_its_limit, setup, teardown)
{
	for (uint64_t id = 1; id <= 2 * WF_COLLECT_FLOWS_MIN; id++) {
		struct wf_bus_message message = message_of(id, WF_BUS_OPEN, 0, "{}");

		message.peers.src_port = (uint16_t)(id % 60000);
		message.peers.dst_port = (uint16_t)(id / 60000 + 1);
		assert_int_equal(wf_collect_store_add(store, 0, id, &message), WF_COLLECT_TAKEN);
		if (wf_collect_store_is_full(store))
			assert_int_equal(wf_collect_store_commit(store), 0);
	}
	assert_int_equal(wf_collect_store_commit(store), 0);
	assert_int_equal(atomic_load(&counts.live), WF_COLLECT_FLOWS_MIN);
	assert_int_equal(atomic_load(&counts.evicted), WF_COLLECT_FLOWS_MIN);
	crash();
	assert_int_equal(atomic_load(&counts.live), WF_COLLECT_FLOWS_MIN);
}

TEST_WITH(collect_store_with_a_full_disk_waits_to_replace_the_journal, setup, teardown)
{
	struct wf_journal_position position = {.seq = {[3] = 7}};

	is_full = true;
	is_lost = true;
	assert_int_equal(wf_collect_store_continue(store, 5, &position), 0);
	assert_false(is_full);
	assert_false(is_lost);
	assert_false(atomic_load(&counts.is_waiting_for_disk));
	is_full = true;
	crash();
	assert_false(is_full);
	assert_int_equal(wf_collect_store_position(store)->seq[3], 7);
}

TEST_WITH(collect_store_with_a_full_disk_can_be_stopped, setup, teardown)
{
	struct wf_journal_position position = {.seq = {[3] = 7}};

	is_full = true;
	is_stopped = true;
	assert_int_equal(wf_collect_store_continue(store, 5, &position), -EINTR);
	wf_collect_store_close(store);
	store = NULL;
	assert_int_equal(open_store(0), -EINTR);
}

static void add_batch(void)
{
	add(1, 1, WF_BUS_OPEN, 0, "{\"a\":1}");
	add(2, 1, WF_BUS_DATA, 0, "hello");
}

/* Check that the batch is on disk once, after the store was opened again and the batch repeated. */
static void check_repeated(void)
{
	crash();
	add_batch();
	assert_int_equal(wf_collect_store_commit(store), 0);
	check_file(FILE_1, "hello");
	check_file("events", LINE(NAME_1, "\"a\":1}"));
}

/*
 * The syncs of a commit: names in the journal, the stream file, lines of events, the end of the
 * batch in the journal.
 */
TEST_WITH(collect_store_failed_sync_ends_it_and_the_batch_is_repeated, setup, teardown)
{
	for (int number = 1; number <= 4; number++) {
		add_batch();
		syncs_until_full = number;
		assert_int_equal(wf_collect_store_commit(store), -ENOSPC);
		assert_int_equal(syncs_until_full, 0);
		assert_int_equal(wf_collect_store_commit(store), -ENOSPC);
		assert_int_equal(waits, 0);
		check_repeated();
		assert_int_equal(teardown(state), 0);
		assert_int_equal(setup(state), 0);
	}
}

TEST_WITH(collect_store_failed_sync_of_many_files_ends_it, setup, teardown)
{
	enum { FILES = 8 };

	for (uint64_t id = 1; id <= FILES; id++)
		assert_int_equal(add(id, id, WF_BUS_DATA, 0, "hello"), WF_COLLECT_TAKEN);
	is_lost = true;
	assert_int_equal(wf_collect_store_commit(store), -ENOSPC);
	assert_int_equal(wf_collect_store_commit(store), -ENOSPC);
	assert_int_equal(waits, 0);
}

/* The writes of a commit: as its syncs. */
TEST_WITH(collect_store_with_a_full_disk_waits_to_write_a_batch, setup, teardown)
{
	for (int number = 1; number <= 4; number++) {
		add_batch();
		writes_until_full = number;
		assert_int_equal(wf_collect_store_commit(store), 0);
		assert_int_equal(waits, 1);
		check_repeated();
		assert_int_equal(teardown(state), 0);
		assert_int_equal(setup(state), 0);
	}
}

/* Let the file seem to be written an hour ago. */
static void make_old(const char *path)
{
	const struct timespec times[2] = {{.tv_sec = time(NULL) - 3600},
					  {.tv_sec = time(NULL) - 3600}};
	char full[160];

	snprintf(full, sizeof(full), "%s/%s", root, path);
	assert_int_equal(utimensat(AT_FDCWD, full, times, 0), 0);
}

/* Connection 1 has ended, connections 2 and 3 are live; all their files are old. */
static void make_old_files(void)
{
	for (uint64_t id = 1; id <= 3; id++)
		assert_int_equal(add(id, id, WF_BUS_DATA, 0, "hello"), WF_COLLECT_TAKEN);
	assert_int_equal(add(4, 1, WF_BUS_CLOSE, 0, "{\"a\":1}"), WF_COLLECT_TAKEN);
	assert_int_equal(wf_collect_store_commit(store), 0);
	make_old(FILE_1);
	make_old(FILE_1 "#2");
	make_old(FILE_1 "#3");
	retain_sec = 60;
	crash();
}

static bool is_there(const char *path)
{
	char full[160];

	snprintf(full, sizeof(full), "%s/%s", root, path);
	return !access(full, F_OK);
}

TEST_WITH(collect_store_with_a_full_disk_removes_old_files_of_no_use_to_its_batch, setup, teardown)
{
	make_old_files();
	assert_int_equal(add(5, 2, WF_BUS_DATA, 5, " again"), WF_COLLECT_TAKEN);
	assert_int_equal(add(6, 2, WF_BUS_CLOSE, 0, "{\"a\":1}"), WF_COLLECT_TAKEN);
	writes_until_full = 1;
	assert_int_equal(wf_collect_store_commit(store), 0);
	assert_int_equal(waits, 1);
	assert_false(is_there(FILE_1));
	check_file(FILE_1 "#2", "hello again");
	check_file(FILE_1 "#3", "hello");
	assert_int_equal(atomic_load(&counts.removed_files), 1);
}

TEST_WITH(collect_store_with_a_full_disk_removes_old_files_at_its_start, setup, teardown)
{
	make_old_files();
	is_full = true;
	crash();
	assert_false(is_full);
	assert_false(is_there(FILE_1));
	assert_true(is_there(FILE_1 "#2"));
	assert_true(is_there(FILE_1 "#3"));
}

/* On NFS, a write may fail because the bytes of an earlier one could not be stored. */
TEST_WITH(collect_store_write_that_fails_for_an_earlier_one_ends_it, setup, teardown)
{
	for (int number = 1; number <= 4; number++) {
		add_batch();
		writes_until_full = number;
		is_lost = true;
		assert_int_equal(wf_collect_store_commit(store), -ENOSPC);
		assert_int_equal(waits, 1);
		check_repeated();
		assert_int_equal(teardown(state), 0);
		assert_int_equal(setup(state), 0);
	}
}

/*
 * The lines of one commit are together longer than the buffer of the file of events. A crash before
 * the commit leaves none of them in the file.
 */
TEST_WITH(collect_store_many_lines_at_once_are_written, setup, teardown)
{
	enum { LINES = WF_EVENT_FILE_ROOM_MAX / WF_BUS_JSON_MAX + 1 };
	static char body[WF_BUS_JSON_MAX];
	struct stat st;

	memset(body, 'x', sizeof(body) - 1);
	memcpy(body, "{\"a\":\"", 6);
	memcpy(body + sizeof(body) - 3, "\"}", 2);
	for (uint64_t id = 1; id <= LINES; id++)
		assert_int_equal(add(id, id, WF_BUS_OPEN, 0, body), WF_COLLECT_TAKEN);
	crash();
	assert_int_equal(stat(events, &st), 0);
	assert_int_equal(st.st_size, 0);
	for (uint64_t id = 1; id <= LINES; id++)
		assert_int_equal(add(id, id, WF_BUS_OPEN, 0, body), WF_COLLECT_TAKEN);
	assert_int_equal(wf_collect_store_commit(store), 0);
	crash();
	assert_int_equal(stat(events, &st), 0);
	assert_true(st.st_size > (off_t)LINES * WF_BUS_JSON_MAX);
}
