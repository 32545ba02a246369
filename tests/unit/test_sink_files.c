// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_sink_files.c - checks the files in the directory after a run, and that other files are never
 * written.
 */
#include "unit/support/test.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sink/file_gaps.h"
#include "unit/support/delivery.h"
#include "unit/support/fake_weft.h"

#define NAME	  "10.0.0.2.80-10.0.0.1.40000" /* direction to the client, as in delivery_data() */
#define BACK_NAME "10.0.0.1.40000-10.0.0.2.80"

static char dir[64];

static void in_dir(const char *name, char *ret_path)
{
	snprintf(ret_path, 256, "%s/%s", dir, name);
}

static int setup(void **state)
{
	strcpy(dir, "/tmp/weft-files-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int count_files(void)
{
	DIR *stream = opendir(dir);
	struct dirent *entry;
	int count = 0;

	while ((entry = readdir(stream)))
		count += entry->d_name[0] != '.';
	closedir(stream);
	return count;
}

static int teardown(void **state)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

static struct wf_sink *open_sink(bool pad_gaps)
{
	struct wf_sink_opts opts = {.streams_dir = dir, .pad_gaps = pad_gaps ? WEFT_ON : WEFT_OFF};
	struct wf_sink *sink;

	assert_int_equal(fake_open("streams", opts, &sink), 0);
	assert_int_equal(wf_sink_start(sink), 0);
	return sink;
}

static void push_text(const struct weft_flow *flow, enum weft_dir where, uint64_t off,
		      const char *text)
{
	struct weft_event event = delivery_data(flow, off, text, (uint32_t)strlen(text));

	event.dir = where;
	fake_event(&event);
}

static void push_close(const struct weft_flow *flow)
{
	static const struct weft_flow_record record;
	struct weft_event event = delivery_close(flow, &record);

	fake_event(&event);
}

static void assert_file(const char *name, const char *bytes, size_t len)
{
	char path[256], found[4096];
	ssize_t got;
	int fd;

	in_dir(name, path);
	fd = open(path, O_RDONLY);
	assert_true(fd >= 0);
	got = read(fd, found, sizeof(found));
	close(fd);
	assert_int_equal(got, len);
	assert_memory_equal(found, bytes, len);
}

static void assert_file_text(const char *name, const char *text)
{
	assert_file(name, text, strlen(text));
}

TEST_WITH(files_each_direction_with_bytes_has_its_file, setup, teardown)
{
	struct wf_sink *sink = open_sink(false);
	struct weft_flow flow = delivery_flow(1);
	struct wf_sink_stats stats;

	push_text(&flow, WEFT_TO_SERVER, 0, "GET ");
	push_text(&flow, WEFT_TO_CLIENT, 0, "200 OK");
	push_text(&flow, WEFT_TO_SERVER, 4, "/");
	push_close(&flow);
	assert_int_equal(fake_end(sink), 0);
	assert_file_text(BACK_NAME, "GET /");
	assert_file_text(NAME, "200 OK");
	assert_int_equal(count_files(), 2);
	wf_sink_stats(sink, &stats);
	assert_int_equal(stats.written_bytes, 11);
	assert_int_equal(stats.data_bytes, 11);
	assert_int_equal(stats.files, 2);
	fake_close(sink);
}

TEST_WITH(files_direction_without_bytes_has_none, setup, teardown)
{
	struct wf_sink *sink = open_sink(false);
	struct weft_flow flow = delivery_flow(1);
	struct weft_event gap = delivery_gap(&flow, 0, 100);

	fake_event(&gap);
	push_close(&flow);
	assert_int_equal(fake_end(sink), 0);
	assert_int_equal(count_files(), 0);
	fake_close(sink);
}

TEST_WITH(files_second_connection_on_the_four_tuple_is_numbered, setup, teardown)
{
	struct wf_sink *sink = open_sink(false);
	struct weft_flow flow = delivery_flow(1);

	push_text(&flow, WEFT_TO_CLIENT, 0, "one");
	push_close(&flow);
	flow.id = 2;
	flow.use = 2;
	push_text(&flow, WEFT_TO_CLIENT, 0, "two");
	flow.id = 3;
	flow.use = 11;
	push_text(&flow, WEFT_TO_CLIENT, 0, "eleven");
	assert_int_equal(fake_end(sink), 0);
	assert_file_text(NAME, "one");
	assert_file_text(NAME "#2", "two");
	assert_file_text(NAME "#11", "eleven");
	fake_close(sink);
}

TEST_WITH(files_same_four_tuple_in_another_vlan_has_its_id_in_the_name, setup, teardown)
{
	struct wf_sink *sink = open_sink(false);
	struct weft_flow flow = delivery_flow(1), other = delivery_flow(2);

	other.vlan[0] = 7;
	push_text(&flow, WEFT_TO_CLIENT, 0, "plain ");
	push_text(&other, WEFT_TO_CLIENT, 0, "tagged ");
	push_text(&flow, WEFT_TO_CLIENT, 6, "more");
	push_text(&other, WEFT_TO_CLIENT, 7, "more");
	push_text(&other, WEFT_TO_SERVER, 0, "back");
	assert_int_equal(fake_end(sink), 0);
	assert_file_text(NAME, "plain more");
	assert_file_text(NAME "@vlan7", "tagged more");
	assert_file_text(BACK_NAME "@vlan7", "back"); /* the same suffix in both directions */
	fake_close(sink);
}

/* The connections of one VLAN are numbered without those of other VLANs. */
TEST_WITH(files_later_connection_in_another_vlan_keeps_the_id, setup, teardown)
{
	struct wf_sink *sink = open_sink(false);
	struct weft_flow flow = delivery_flow(1), other = delivery_flow(2);

	other.vlan[0] = 7;
	push_text(&flow, WEFT_TO_CLIENT, 0, "plain");
	push_close(&flow);
	push_text(&other, WEFT_TO_CLIENT, 0, "tagged");
	push_close(&other);
	other.id = 3;
	other.use = 2;
	push_text(&other, WEFT_TO_CLIENT, 0, "again");
	push_close(&other);
	other.id = 4;
	push_text(&other, WEFT_TO_CLIENT, 0, "number in use");
	assert_int_equal(fake_end(sink), 0);
	assert_file_text(NAME, "plain");
	assert_file_text(NAME "@vlan7", "tagged");
	assert_file_text(NAME "@vlan7#2", "again");
	assert_file_text(NAME "@vlan7#3", "number in use");
	fake_close(sink);
}

TEST_WITH(files_gap_is_not_padded, setup, teardown)
{
	struct wf_sink *sink = open_sink(false);
	struct weft_flow flow = delivery_flow(1);

	push_text(&flow, WEFT_TO_CLIENT, 10, "after");
	push_text(&flow, WEFT_TO_CLIENT, 20, "gaps");
	assert_int_equal(fake_end(sink), 0);
	assert_file_text(NAME, "aftergaps");
	fake_close(sink);
}

TEST_WITH(files_gap_is_padded_on_demand, setup, teardown)
{
	struct wf_sink *sink = open_sink(true);
	struct weft_flow flow = delivery_flow(1);

	push_text(&flow, WEFT_TO_CLIENT, 2, "after");
	push_text(&flow, WEFT_TO_CLIENT, 7, "+");
	push_text(&flow, WEFT_TO_CLIENT, 11, "gaps");
	assert_int_equal(fake_end(sink), 0);
	assert_file(NAME, "\0\0after+\0\0\0gaps", 15);
	fake_close(sink);
}

static void assert_open_refused(int err, const char *why)
{
	struct wf_sink_opts opts = {.streams_dir = dir};
	struct wf_sink *sink = NULL;

	assert_int_equal(fake_open("streams", opts, &sink), err);
	assert_null(sink);
	assert_non_null(strstr(fake.log, why));
	fake_free();
}

static void open_and_end(void)
{
	struct wf_sink *sink = open_sink(false);

	assert_int_equal(fake_end(sink), 0);
	fake_close(sink);
}

TEST_WITH(files_directory_of_an_earlier_run_is_refused, setup, teardown)
{
	char path[256];

	in_dir("notes.txt", path); /* a file of another program, which the sink ignores */
	close(open(path, O_CREAT | O_WRONLY, 0600));
	in_dir(NAME "#3", path);
	close(open(path, O_CREAT | O_WRONLY, 0600));
	assert_open_refused(-EEXIST,
			    "contains stream files of an earlier run (such as " NAME "#3)");
	unlink(path);
	open_and_end();
}

TEST_WITH(files_directory_of_a_running_run_is_refused, setup, teardown)
{
	struct wf_sink *first = open_sink(false);
	struct weft first_fake = fake;

	assert_open_refused(-EBUSY, "is in use by another run");
	fake = first_fake;
	assert_int_equal(fake_end(first), 0);
	fake_close(first);
}

TEST_WITH(files_target_that_is_no_directory_is_refused, setup, teardown)
{
	char base[64], path[256];

	strcpy(base, dir);
	in_dir("file", path);
	close(open(path, O_CREAT | O_WRONLY, 0600));
	snprintf(dir, sizeof(dir), "%s/file", base);
	assert_open_refused(-ENOTDIR, "can't be written to");
	snprintf(dir, sizeof(dir), "%s/none/dir", base);
	assert_open_refused(-ENOENT, "can't be created");
	strcpy(dir, base);
}

TEST_WITH(files_directory_is_made, setup, teardown)
{
	char base[64];

	strcpy(base, dir);
	snprintf(dir, sizeof(dir), "%s/new", base);
	open_and_end();
	assert_int_equal(access(dir, F_OK), 0);
	strcpy(dir, base);
}

/*
 * An attacker makes a symbolic link with the name of the next stream; the link's target must not
 * change.
 */
TEST_WITH(files_link_is_never_followed, setup, teardown)
{
	struct wf_sink *sink = open_sink(false);
	struct weft_flow flow = delivery_flow(1), other = delivery_flow(2);
	char link_path[256], victim[256];
	struct wf_sink_stats stats;

	in_dir("victim", victim);
	in_dir(NAME, link_path);
	assert_int_equal(symlink(victim, link_path), 0);
	other.src_port = 40001;
	push_text(&flow, WEFT_TO_CLIENT, 0, "evil");
	push_text(&flow, WEFT_TO_CLIENT, 4, "evil");
	push_text(&other, WEFT_TO_CLIENT, 0, "good");
	assert_int_equal(fake_end(sink), -EEXIST);
	assert_int_equal(access(victim, F_OK), -1);
	assert_file_text("10.0.0.2.80-10.0.0.1.40001", "good"); /* other streams are not affected */
	wf_sink_stats(sink, &stats);
	assert_int_equal(stats.failed_bytes, 8);
	assert_int_equal(stats.written_bytes, 4);
	assert_non_null(strstr(fake.log, NAME ": can't be opened"));
	fake_close(sink);
}

/* Writes alternately to more streams than may be open at once. */
TEST_WITH(files_more_than_may_be_open_are_all_whole, setup, teardown)
{
	enum { STREAMS = 40, ROUNDS = 3 };
	struct rlimit before, low;
	struct wf_sink *sink;
	char name[64];

	getrlimit(RLIMIT_NOFILE, &before);
	low = before;
	low.rlim_cur = 64; /* the sink then keeps 32 files open */
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	sink = open_sink(false);
	for (int round = 0; round < ROUNDS; round++) {
		for (uint64_t id = 1; id <= STREAMS; id++) {
			struct weft_flow flow = delivery_flow(id);

			flow.src_port = (uint16_t)(1000 + id);
			push_text(&flow, WEFT_TO_CLIENT, (uint64_t)round * 3, "abc");
		}
		wf_dispatch_flush(&fake.dispatch);
	}
	assert_int_equal(fake_end(sink), 0);
	setrlimit(RLIMIT_NOFILE, &before);
	assert_int_equal(count_files(), STREAMS);
	for (int id = 1; id <= STREAMS; id++) {
		snprintf(name, sizeof(name), "10.0.0.2.80-10.0.0.1.%d", 1000 + id);
		assert_file_text(name, "abcabcabc");
	}
	fake_close(sink);
}

TEST_WITH(files_directory_that_vanishes_ends_the_sink_alone, setup, teardown)
{
	struct wf_sink *sink = open_sink(false);
	struct wf_sink_stats stats;
	struct weft_flow flow = delivery_flow(1);

	assert_int_equal(rmdir(dir), 0);
	push_text(&flow, WEFT_TO_CLIENT, 0, "lost");
	wf_dispatch_flush(&fake.dispatch);
	assert_int_equal(wf_sink_join(sink), -ENOENT);
	assert_non_null(strstr(fake.log, "no further streams are written"));
	wf_sink_stats(sink, &stats);
	assert_int_equal(stats.data_bytes, 4);
	assert_int_equal(stats.failed_bytes, 4);
	push_text(&flow, WEFT_TO_CLIENT, 4, "nobody waits for it");
	wf_dispatch_close(&fake.dispatch);
	assert_int_equal(wf_arena_used_bytes(fake.arena), 0);
	mkdir(dir, 0700);
	fake_close(sink);
}

/* ---- the directory is moved away ---- */

/* Return the path of the directory that rotation @number has moved away. */
static const char *moved(int number)
{
	static char path[80];

	snprintf(path, sizeof(path), "%s.%d", dir, number);
	return path;
}

static void rotate(struct wf_sink *sink, int number)
{
	assert_int_equal(rename(dir, moved(number)), 0);
	wf_sink_reopen(sink);
	for (int waited_ms = 0; access(dir, F_OK) && waited_ms < 20000; waited_ms++)
		usleep(1000);
	assert_int_equal(access(dir, F_OK), 0);
}

/* Pushes @text, and waits until the sink has written it. */
static void write_text(struct wf_sink *sink, const struct weft_flow *flow, uint64_t off,
		       const char *text)
{
	struct wf_sink_stats before, after;
	int waited_ms = 0;

	wf_sink_stats(sink, &before);
	push_text(flow, WEFT_TO_CLIENT, off, text);
	wf_dispatch_flush(&fake.dispatch);
	do {
		usleep(1000);
		wf_sink_stats(sink, &after);
	} while (after.written_bytes < before.written_bytes + strlen(text) && waited_ms++ < 20000);
	assert_int_equal(after.written_bytes, before.written_bytes + strlen(text));
}

static void assert_moved_text(int number, const char *name, const char *text)
{
	char now[sizeof(dir)];

	strcpy(now, dir);
	snprintf(dir, sizeof(dir), "%s.%d", now, number);
	assert_file_text(name, text);
	strcpy(dir, now);
}

static int teardown_moved(void **state)
{
	char command[256];

	snprintf(command, sizeof(command), "rm -rf %s %s.1 %s.2", dir, dir, dir);
	return system(command);
}

TEST_WITH(files_directory_that_was_moved_away_is_made_again, setup, teardown_moved)
{
	struct wf_sink *sink = open_sink(false);
	struct weft_flow old = delivery_flow(1), young = delivery_flow(2);

	young.src_port = 40001;
	write_text(sink, &old, 0, "one ");
	rotate(sink, 1);
	write_text(sink, &old, 4, "two ");
	write_text(sink, &young, 0, "new ");
	wf_sink_reopen(sink); /* the directory was not moved away, so nothing changes */
	write_text(sink, &young, 4, "more");
	assert_moved_text(1, NAME, "one two ");
	assert_file_text("10.0.0.2.80-10.0.0.1.40001", "new more");
	assert_int_equal(count_files(), 1);
	/* The second rotation ends the file in the directory that the first rotation moved away. */
	rotate(sink, 2);
	write_text(sink, &old, 8, "three");
	write_text(sink, &young, 8, "!");
	assert_int_equal(fake_end(sink), 0);
	assert_moved_text(1, NAME, "one two ");
	assert_moved_text(2, "10.0.0.2.80-10.0.0.1.40001", "new more!");
	assert_file_text(NAME, "three");
	assert_int_equal(count_files(), 1);
	fake_close(sink);
}

TEST_WITH(files_stay_in_the_moved_directory_if_a_new_one_is_refused, setup, teardown_moved)
{
	struct wf_sink *sink = open_sink(false);
	struct weft_flow old = delivery_flow(1), young = delivery_flow(2);
	char path[256];

	young.src_port = 40001;
	write_text(sink, &old, 0, "one");
	assert_int_equal(rename(dir, moved(1)), 0);
	assert_int_equal(mkdir(dir, 0700), 0);
	in_dir(NAME, path);
	assert_int_equal(close(open(path, O_CREAT | O_WRONLY, 0600)), 0);
	wf_sink_reopen(sink);
	write_text(sink, &young, 0, "two");
	assert_int_equal(fake_end(sink), 0);
	assert_non_null(strstr(fake.log, "still written to the directory that was moved away"));
	assert_moved_text(1, NAME, "one");
	assert_moved_text(1, "10.0.0.2.80-10.0.0.1.40001", "two");
	assert_file_text(NAME, "");
	fake_close(sink);
}

/* A stream whose moved file can't be opened again fails alone. */
TEST_WITH(files_moved_directory_may_be_removed, setup, teardown_moved)
{
	enum { STREAMS = 40 };
	struct wf_sink *sink;
	struct rlimit before, low;
	struct weft_flow flow = delivery_flow(1);
	char command[128];

	getrlimit(RLIMIT_NOFILE, &before);
	low = before;
	low.rlim_cur = 64; /* the sink then keeps 32 files open */
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	sink = open_sink(false);
	write_text(sink, &flow, 0, "one");
	rotate(sink, 1);
	for (uint16_t i = 1; i <= STREAMS; i++) {
		struct weft_flow other = delivery_flow(1u + i);

		other.src_port = i;
		write_text(sink, &other, 0, "x");
	}
	snprintf(command, sizeof(command), "rm -r %s", moved(1));
	assert_int_equal(system(command), 0);
	push_text(&flow, WEFT_TO_CLIENT, 3, "lost");
	flow.id = 100;
	flow.src_port = 100;
	write_text(sink, &flow, 0, "found");
	assert_int_equal(fake_end(sink), -ENOENT);
	setrlimit(RLIMIT_NOFILE, &before);
	assert_non_null(strstr(fake.log, "the rest of this stream is not written"));
	assert_int_equal(count_files(), STREAMS + 1);
	fake_close(sink);
}

TEST_WITH(sink_of_unknown_kind_is_refused, setup, teardown)
{
	struct wf_sink *sink = NULL;

	assert_int_equal(fake_open("sewer", (struct wf_sink_opts){0}, &sink), -EINVAL);
	fake_free();
}

TEST_WITH(sink_null_counts_what_it_takes, setup, teardown)
{
	struct weft_flow flow = delivery_flow(1);
	struct wf_sink_stats stats;
	struct wf_sink *sink;

	assert_int_equal(fake_open("null", (struct wf_sink_opts){0}, &sink), 0);
	assert_int_equal(wf_sink_start(sink), 0);
	push_text(&flow, WEFT_TO_CLIENT, 0, "12345");
	push_close(&flow);
	assert_int_equal(fake_end(sink), 0);
	wf_sink_stats(sink, &stats);
	assert_int_equal(stats.events, 2);
	assert_int_equal(stats.data_bytes, 5);
	fake_close(sink);
}

/* A file that may not grow further fails alone; the rest of its stream is reported at its end. */
TEST_WITH(files_stream_that_is_too_large_is_reported, setup, teardown)
{
	struct wf_sink_opts opts = {.streams_dir = dir};
	struct weft_flow flow = delivery_flow(1);
	struct wf_sink_stats stats;
	struct rlimit before, low;
	struct wf_file_gap gap;
	struct wf_sink *sink;

	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &before);
	low = before;
	low.rlim_cur = 6;
	assert_int_equal(wf_file_gaps_new(&opts.file_gaps), 0);
	assert_int_equal(fake_open("streams", opts, &sink), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
	assert_int_equal(wf_sink_start(sink), 0);
	push_text(&flow, WEFT_TO_CLIENT, 0, "12345678");
	push_text(&flow, WEFT_TO_CLIENT, 8, "9");
	wf_dispatch_flush(&fake.dispatch);
	push_text(&flow, WEFT_TO_CLIENT, 9, "abc");
	push_close(&flow);
	assert_int_equal(fake_end(sink), -EFBIG);
	setrlimit(RLIMIT_FSIZE, &before);
	assert_file_text(NAME, "123456");
	assert_true(wf_file_gaps_pop(opts.file_gaps, &gap));
	assert_int_equal(gap.off, 6);
	assert_int_equal(gap.len_bytes, 6);
	assert_int_equal(gap.err, -EFBIG);
	assert_int_equal(gap.dir, WEFT_TO_CLIENT);
	assert_int_equal(gap.flow.id, 1);
	assert_false(wf_file_gaps_pop(opts.file_gaps, &gap));
	wf_file_gaps_wait_end(opts.file_gaps); /* returns, because the sink has ended */
	wf_sink_stats(sink, &stats);
	assert_int_equal(stats.written_bytes + stats.failed_bytes, stats.data_bytes);
	fake_close(sink);
	wf_file_gaps_free(opts.file_gaps);
}

static void push_byte(uint64_t id, uint64_t off, const char *text)
{
	struct weft_flow flow = delivery_flow(id);

	flow.src_port = (uint16_t)id;
	flow.vni = (uint32_t)(id >> 16); /* distinguishes streams of the same addresses and ports */
	push_text(&flow, WEFT_TO_CLIENT, off, text);
	if (id % 128 == 0)
		wf_dispatch_flush(&fake.dispatch);
}

/*
 * Streams that lost their table entry while idle continue in their own files, and missing ranges of
 * their files are reported. A stream whose number is too large to be kept does not continue. A
 * stream whose file was moved away by a rotation begins another one in the new directory, where all
 * others are.
 */
TEST_WITH(files_more_than_are_tracked_continue_in_their_own_files, setup, teardown_moved)
{
	const uint64_t streams = WEFT_FILES_TRACKED_MAX + 100;
	struct wf_sink_opts opts = {.streams_dir = dir};
	struct weft_flow large = delivery_flow(UINT64_C(1) << 20);
	struct weft_flow many = delivery_flow(UINT64_C(1) << 21);
	struct weft_flow old = delivery_flow(UINT64_C(1) << 22);
	struct wf_sink_stats stats;
	struct rlimit before, low;
	struct wf_file_gap gap;
	struct wf_sink *sink;

	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &before);
	low = before;
	low.rlim_cur = 6;
	assert_int_equal(wf_file_gaps_new(&opts.file_gaps), 0);
	assert_int_equal(fake_open("streams", opts, &sink), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
	assert_int_equal(wf_sink_start(sink), 0);
	old.dst_port = 81; /* a port that no other stream uses */
	write_text(sink, &old, 0, "one ");
	rotate(sink, 1);
	push_text(&large, WEFT_TO_CLIENT, 0, "12345678");
	many.use = 255;
	push_text(&many, WEFT_TO_CLIENT, 0, "a");
	for (uint64_t id = 1; id <= streams; id++)
		push_byte(id, 0, "a");
	for (uint64_t id = 1; id <= 50; id++)
		push_byte(id, 1, "b");
	push_byte(65536 + 7, 1, "c");
	push_text(&many, WEFT_TO_CLIENT, 1, "bc");
	push_text(&old, WEFT_TO_CLIENT, 4, "two");
	push_close(&large);
	push_close(&many);
	assert_int_equal(fake_end(sink), -EFBIG);
	setrlimit(RLIMIT_FSIZE, &before);
	assert_file_text("10.0.0.2.80-10.0.0.1.1", "ab");
	assert_file_text("10.0.0.2.80-10.0.0.1.50", "ab");
	assert_file_text("10.0.0.2.80-10.0.0.1.51", "a");
	assert_file_text("10.0.0.2.80-10.0.0.1.7@vni1", "ac");
	assert_moved_text(1, "10.0.0.2.81-10.0.0.1.40000", "one ");
	assert_file_text("10.0.0.2.81-10.0.0.1.40000", "two");
	wf_sink_stats(sink, &stats);
	assert_int_equal(stats.files, streams + 4);
	assert_true(wf_file_gaps_pop(opts.file_gaps, &gap));
	assert_int_equal(gap.flow.id, large.id);
	assert_int_equal(gap.off, 6);
	assert_int_equal(gap.len_bytes, 2);
	assert_true(wf_file_gaps_pop(opts.file_gaps, &gap));
	assert_int_equal(gap.flow.id, many.id);
	assert_int_equal(gap.len_bytes, 2);
	assert_non_null(strstr(fake.log, "can't be continued, because 255 or more connections"));
	assert_false(wf_file_gaps_pop(opts.file_gaps, &gap));
	fake_close(sink);
	wf_file_gaps_free(opts.file_gaps);
}
