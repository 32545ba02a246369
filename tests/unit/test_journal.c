// SPDX-License-Identifier: BSD-2-Clause
#include "unit/support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collect/disk/journal.h"
#include "unit/support/delivery.h"

enum { FLOWS_MAX = 64, BATCHES = 6, JOURNAL_ROOM = 1 << 16 };

static char dir_path[64];
static int dir_fd = -1;

static int setup(void **state)
{
	snprintf(dir_path, sizeof(dir_path), "/tmp/weft-journal-XXXXXX");
	if (!mkdtemp(dir_path))
		return -1;
	dir_fd = open(dir_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return dir_fd < 0 ? -1 : 0;
}

static int teardown(void **state)
{
	unlinkat(dir_fd, WF_JOURNAL_NAME, 0);
	unlinkat(dir_fd, WF_JOURNAL_NEW_NAME, 0);
	close(dir_fd);
	return rmdir(dir_path);
}

static const struct wf_journal_head head = {.id = "0123456789abcdef0123456789abcdef",
					    .stream = "WEFT",
					    .created = 1700000000000000000,
					    .shard = 1,
					    .shards = 4,
					    .partitions = 16};

static struct wf_collect_flow *add_flow(struct wf_collect_flows *table, uint64_t id)
{
	struct wf_bus_flow name = {.sensor = "s-1", .boot = 0xabc, .id = id};
	struct weft_flow peers = delivery_flow(id);
	struct wf_collect_source *source = wf_collect_source_get(table, "s-1", 5);
	struct wf_collect_flow *flow;

	peers.use = (uint32_t)id;
	flow = wf_collect_flow_add(table, source, &name, &peers);
	assert_non_null(flow);
	flow->number = (struct wf_stream_number){.number = (uint32_t)id + 10};
	return flow;
}

static struct wf_collect_flow *find_flow(const struct wf_collect_flows *table, uint64_t id)
{
	return wf_collect_flow_find(
		table, &(struct wf_bus_flow){.sensor = "s-1", .boot = 0xabc, .id = id});
}

static void read_journal(struct wf_collect_flows *table, struct wf_journal_position *position)
{
	struct wf_journal_head again;

	assert_int_equal(wf_collect_flows_init(table, FLOWS_MAX), 0);
	assert_int_equal(wf_journal_read(dir_fd, &again, table, position), 0);
	assert_string_equal(again.id, head.id);
	assert_string_equal(again.stream, head.stream);
	assert_int_equal(again.created, head.created);
	assert_int_equal(again.shard, 1);
	assert_int_equal(again.partitions, 16);
}

TEST_WITH(journal_missing_is_enoent, setup, teardown)
{
	struct wf_journal_position position;
	struct wf_journal_head again;
	struct wf_collect_flows table;

	assert_int_equal(wf_collect_flows_init(&table, FLOWS_MAX), 0);
	assert_int_equal(wf_journal_read(dir_fd, &again, &table, &position), -ENOENT);
	wf_collect_flows_fini(&table);
}

TEST_WITH(journal_of_something_else_is_ebadmsg, setup, teardown)
{
	int fd = openat(dir_fd, WF_JOURNAL_NAME, O_WRONLY | O_CREAT, 0600);
	struct wf_journal_position position;
	struct wf_journal_head again;
	struct wf_collect_flows table;

	assert_int_equal(write(fd, "hello\n", 6), 6);
	close(fd);
	assert_int_equal(wf_collect_flows_init(&table, FLOWS_MAX), 0);
	assert_int_equal(wf_journal_read(dir_fd, &again, &table, &position), -EBADMSG);
	wf_collect_flows_fini(&table);
}

TEST_WITH(journal_snapshot_is_read_as_written, setup, teardown)
{
	struct wf_journal_position position = {
		.seq = {[5] = 77, [255] = UINT64_MAX - 1}, .events_inode = 9, .events_bytes = 1000};
	struct wf_journal_position again;
	struct wf_journal journal = {.fd = -1};
	struct wf_collect_flows table, read;

	assert_int_equal(wf_collect_flows_init(&table, FLOWS_MAX), 0);
	add_flow(&table, 1)->end_off[1] = 123456789012ull;
	wf_collect_flow_end(&table, add_flow(&table, 2));
	add_flow(&table, 3)->is_intended = true;
	assert_int_equal(wf_journal_begin(&journal, dir_fd, &head, &table, &position), 0);
	wf_journal_close(&journal);
	read_journal(&read, &again);
	assert_memory_equal(&again, &position, sizeof(position));
	assert_int_equal(find_flow(&read, 1)->end_off[1], 123456789012ull);
	assert_int_equal(find_flow(&read, 1)->number.number, 11);
	assert_false(find_flow(&read, 1)->is_closed);
	assert_true(find_flow(&read, 2)->is_closed);
	assert_true(find_flow(&read, 3)->is_intended);
	assert_int_equal(read.live.count, 2);
	wf_collect_flows_fini(&read);
	wf_collect_flows_fini(&table);
}

/* ---- a journal that was cut off at any byte ---- */

/* Batch i opens connection i, stores bytes of it, and ends or removes connection i - 1. */
static void write_batch(struct wf_journal *journal, struct wf_collect_flows *table, uint64_t i,
			uint64_t *ret_open_end, uint64_t *ret_commit_end)
{
	struct wf_journal_position position = {
		.seq = {[5] = i}, .events_inode = 1, .events_bytes = 100 * i};
	struct wf_collect_flow *flow = add_flow(table, i);
	struct wf_collect_flow *before = find_flow(table, i - 1);

	wf_journal_open_flow(journal, flow);
	assert_int_equal(wf_journal_sync(journal), 0);
	*ret_open_end = journal->file_bytes;
	flow->end_off[0] = 1000 + i;
	wf_journal_end_off(journal, flow);
	if (before && i % 2)
		wf_journal_end_flow(journal, before);
	else if (before)
		wf_journal_remove_flow(journal, before);
	wf_journal_commit(journal, &position);
	assert_int_equal(wf_journal_sync(journal), 0);
	*ret_commit_end = journal->file_bytes;
}

/*
 * Check the state that was read, if the first @committed batches are complete and the first @named
 * connections have a name.
 */
static void check_state(const struct wf_collect_flows *table,
			const struct wf_journal_position *position, uint64_t committed,
			uint64_t named)
{
	assert_int_equal(position->seq[5], committed);
	assert_int_equal(position->events_bytes, 100 * committed);
	for (uint64_t i = 1; i <= BATCHES; i++) {
		struct wf_collect_flow *flow = find_flow(table, i);
		bool is_ended = i < committed && (i + 1) % 2;
		bool is_removed = i < committed && i % 2;

		assert_int_equal(flow != NULL, i <= named && !is_removed);
		if (!flow)
			continue;
		assert_int_equal(flow->is_closed, is_ended);
		assert_int_equal(flow->is_intended, i > committed);
		assert_int_equal(flow->end_off[0], i > committed ? 0 : 1000 + i);
		assert_int_equal(flow->number.number, i + 10);
	}
}

TEST_WITH(journal_cut_off_at_each_byte_has_whole_batches, setup, teardown)
{
	uint64_t open_end[BATCHES + 1] = {0}, commit_end[BATCHES + 1] = {0};
	struct wf_journal_position position = {.events_inode = 1};
	struct wf_journal journal = {.fd = -1};
	struct wf_collect_flows table;
	static char bytes[JOURNAL_ROOM];
	ssize_t len;
	int fd;

	assert_int_equal(wf_collect_flows_init(&table, FLOWS_MAX), 0);
	assert_int_equal(wf_journal_begin(&journal, dir_fd, &head, &table, &position), 0);
	commit_end[0] = journal.file_bytes;
	for (uint64_t i = 1; i <= BATCHES; i++)
		write_batch(&journal, &table, i, &open_end[i], &commit_end[i]);
	wf_journal_close(&journal);
	wf_collect_flows_fini(&table);

	fd = openat(dir_fd, WF_JOURNAL_NAME, O_RDWR);
	len = read(fd, bytes, sizeof(bytes));
	assert_int_equal(len, commit_end[BATCHES]);
	for (uint64_t end = (uint64_t)len; end >= commit_end[0]; end--) {
		uint64_t committed = 0, named = 0;

		for (uint64_t i = 1; i <= BATCHES; i++) {
			committed += end >= commit_end[i];
			named += end >= open_end[i];
		}
		assert_int_equal(ftruncate(fd, (off_t)end), 0);
		read_journal(&table, &position);
		check_state(&table, &position, committed, named);
		wf_collect_flows_fini(&table);
	}
	close(fd);
}

TEST_WITH(journal_damaged_byte_ends_it, setup, teardown)
{
	uint64_t open_end, commit_end[3];
	struct wf_journal_position position = {.events_inode = 1};
	struct wf_journal journal = {.fd = -1};
	struct wf_collect_flows table;
	int fd;

	assert_int_equal(wf_collect_flows_init(&table, FLOWS_MAX), 0);
	assert_int_equal(wf_journal_begin(&journal, dir_fd, &head, &table, &position), 0);
	for (uint64_t i = 1; i <= 2; i++)
		write_batch(&journal, &table, i, &open_end, &commit_end[i]);
	wf_journal_close(&journal);
	wf_collect_flows_fini(&table);
	fd = openat(dir_fd, WF_JOURNAL_NAME, O_RDWR);
	assert_int_equal(pwrite(fd, "x", 1, (off_t)commit_end[1] + 20), 1);
	close(fd);
	read_journal(&table, &position);
	check_state(&table, &position, 1, 1);
	wf_collect_flows_fini(&table);
}

/* ---- a full disk ---- */

/* The file of a journal whose writes fail with ENOSPC until wait_until_space() was called. */
static int real_fd = -1;
static int waits;

static int wait_until_space(int err, void *ctx)
{
	struct wf_journal *journal = ctx;

	assert_int_equal(err, -ENOSPC);
	assert_int_equal(dup2(real_fd, journal->fd), journal->fd);
	waits++;
	return 0;
}

/* Let the writes of @journal fail. */
static void fill_disk(struct wf_journal *journal)
{
	int full_fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

	real_fd = dup(journal->fd);
	assert_true(real_fd >= 0 && full_fd >= 0);
	assert_int_equal(dup2(full_fd, journal->fd), journal->fd);
	close(full_fd);
}

TEST_WITH(journal_with_a_full_buffer_waits_for_space, setup, teardown)
{
	struct wf_journal_position position = {.events_inode = 1};
	struct wf_journal journal = {.fd = -1, .wait_fn = wait_until_space, .wait_ctx = &journal};
	struct wf_collect_flows table, read;
	struct wf_collect_flow *flow;

	assert_int_equal(wf_collect_flows_init(&table, FLOWS_MAX), 0);
	assert_int_equal(wf_journal_begin(&journal, dir_fd, &head, &table, &position), 0);
	flow = add_flow(&table, 1);
	wf_journal_open_flow(&journal, flow);
	fill_disk(&journal);
	for (waits = 0; !waits && !journal.err; flow->end_off[0]++)
		wf_journal_end_off(&journal, flow);
	assert_int_equal(waits, 1);
	wf_journal_commit(&journal, &position);
	assert_int_equal(wf_journal_sync(&journal), 0);
	close(real_fd);
	wf_journal_close(&journal);
	read_journal(&read, &position);
	assert_int_equal(find_flow(&read, 1)->end_off[0], flow->end_off[0] - 1);
	wf_collect_flows_fini(&read);
	wf_collect_flows_fini(&table);
}
