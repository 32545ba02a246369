// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_pcap_file.c - capture files of every kind, whole and damaged, mapped and piped.
 */
#include "unit/support/cmocka.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <weft/log.h>

#include "base/clock.h"
#include "capture/frame.h"
#include "capture/pcap_file.h"
#include "capture/source.h"
#include "memory/arena.h"
#include "memory/page.h"
#include "memory/page_pool.h"
#include "metrics/metrics.h"
#include "unit/support/capture_writer.h"

#define MICRO 0xa1b2c3d4u
#define NANO  0xa1b23c4du
#define SEC   1000000000ull

enum { BATCH = 7, ETHERNET = 1, KEPT_MAX = 64 };

static char last_log[1024];
static struct wf_arena *arena;
static struct wf_page_pool *pool;
static struct wf_metrics metrics;

static void keep_log(enum weft_log_level level, const char *message, void *ctx)
{
	snprintf(last_log, sizeof(last_log), "%s", message);
}

static int group_setup(void **state)
{
	struct wf_page_pool_opts opts = {
		.small_bytes = WEFT_PAGE_SMALL_BYTES,
		.medium_bytes = WEFT_PAGE_MEDIUM_BYTES,
		.large_bytes = WEFT_PAGE_LARGE_BYTES,
	};

	weft_log_set(keep_log, NULL);
	return wf_arena_new(16 << 20, &arena) || wf_page_pool_new(arena, &opts, &metrics, &pool);
}

static int group_teardown(void **state)
{
	wf_page_pool_free(pool);
	wf_arena_free(arena);
	return 0;
}

static int setup(void **state)
{
	last_log[0] = '\0';
	return 0;
}

/* What came out of a source. */
struct result {
	int open_err;
	int end; /* -ENODATA or -EBADMSG */
	unsigned int count;
	struct wf_frame frames[KEPT_MAX]; /* the first of them, bytes owned */
};

static void result_fini(struct result *result)
{
	for (unsigned int i = 0; i < result->count && i < KEPT_MAX; i++)
		free((void *)result->frames[i].bytes);
}

static void keep_frame(struct result *result, const struct wf_frame *frame)
{
	uint8_t *copy;

	if (result->count++ >= KEPT_MAX)
		return;
	copy = malloc(frame->cap_bytes + 1);
	memcpy(copy, frame->bytes, frame->cap_bytes);
	result->frames[result->count - 1] = *frame;
	result->frames[result->count - 1].bytes = copy;
}

static void read_all(struct wf_source *source, struct result *result)
{
	struct wf_frame frames[BATCH];

	for (;;) {
		int got = source->ops->recv(source, frames, BATCH);

		if (got < 0) {
			result->end = got;
			assert_int_equal(source->ops->recv(source, frames, BATCH), got);
			break;
		}
		for (int i = 0; i < got; i++) {
			assert_true(frames[i].wire_bytes >= frames[i].cap_bytes);
			keep_frame(result, &frames[i]);
			wf_page_put(frames[i].page);
		}
		if (!got) {
			struct pollfd pollfd = {.events = POLLIN};

			assert_int_equal(source->ops->fds(source, &pollfd.fd, 1), 1);
			poll(&pollfd, 1, -1);
		}
	}
	source->ops->close(source);
}

static struct result read_file(const struct capture_writer *writer)
{
	struct result result = {0};
	struct wf_source *source;
	char path[64];

	capture_write_file(writer, path);
	result.open_err = wf_pcap_file_open(path, pool, &source);
	if (!result.open_err)
		read_all(source, &result);
	unlink(path);
	return result;
}

/* A child that writes the bytes into the named pipe @path, @chunk at a time. */
static pid_t feed_pipe(const struct capture_writer *writer, size_t chunk, const char *path)
{
	pid_t child;
	int fd;

	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	child = fork();
	if (child)
		return child;
	signal(SIGPIPE, SIG_IGN);
	fd = open(path, O_WRONLY);
	for (size_t pos = 0; pos < writer->len; pos += chunk) {
		size_t len = writer->len - pos < chunk ? writer->len - pos : chunk;

		if (write(fd, writer->bytes + pos, len) != (ssize_t)len)
			break;
	}
	_exit(0);
}

/* As read_file(), but through a pipe. @starve: all memory is taken once it is open. */
static struct result read_starved_pipe(const struct capture_writer *writer, size_t chunk,
				       bool starve)
{
	struct wf_page *taken[1024];
	struct result result = {0};
	struct wf_source *source;
	unsigned int count = 0;
	char path[64];
	pid_t child;

	snprintf(path, sizeof(path), "/tmp/weft-pipe-%d", getpid());
	child = feed_pipe(writer, chunk, path);
	result.open_err = wf_pcap_file_open(path, pool, &source);
	while (starve && count < 1024 && (taken[count] = wf_page_pool_take(pool, WEFT_SPAN_BYTES)))
		count++;
	if (!result.open_err)
		read_all(source, &result);
	while (count)
		wf_page_put(taken[--count]);
	waitpid(child, NULL, 0);
	unlink(path);
	return result;
}

static struct result read_pipe(const struct capture_writer *writer, size_t chunk)
{
	return read_starved_pipe(writer, chunk, false);
}

static void assert_frame(const struct result *result, unsigned int i, const char *bytes,
			 uint64_t time_ns)
{
	assert_true(i < result->count);
	assert_int_equal(result->frames[i].cap_bytes, strlen(bytes));
	assert_memory_equal(result->frames[i].bytes, bytes, strlen(bytes));
	assert_int_equal(result->frames[i].time_ns, time_ns);
}

static void put_text(struct capture_writer *writer, uint32_t sec, uint32_t fraction,
		     const char *text)
{
	capture_pcap_packet(writer, sec, fraction, text, (uint32_t)strlen(text), 100);
}

static void test_pcap_every_byte_order_and_resolution_is_read(void **state)
{
	for (int i = 0; i < 4; i++) {
		struct capture_writer writer = {.swapped = i & 1};
		uint32_t magic = i & 2 ? NANO : MICRO;
		uint64_t tick_ns = i & 2 ? 1 : 1000;
		struct result result;

		capture_pcap_header(&writer, magic, ETHERNET);
		put_text(&writer, 5, 7, "first");
		put_text(&writer, 4000000000u, 999999, "second, late in the century");
		put_text(&writer, 6, 0, "");
		result = read_file(&writer);

		assert_int_equal(result.open_err, 0);
		assert_int_equal(result.end, -ENODATA);
		assert_int_equal(result.count, 3);
		assert_frame(&result, 0, "first", 5 * SEC + 7 * tick_ns);
		assert_frame(&result, 1, "second, late in the century",
			     4000000000u * SEC + 999999 * tick_ns);
		assert_frame(&result, 2, "", 6 * SEC);
		assert_int_equal(result.frames[0].wire_bytes, 100);
		assert_int_equal(result.frames[0].link, WF_LINK_ETHERNET);
		result_fini(&result);
		capture_writer_fini(&writer);
	}
}

static void test_pcap_patched_record_headers_are_read(void **state)
{
	struct capture_writer writer = {0};
	struct result result;

	capture_pcap_header(&writer, 0xa1b2cd34u, ETHERNET);
	for (uint32_t i = 0; i < 2; i++) {
		capture_put_u32(&writer, 1);
		capture_put_u32(&writer, i);
		capture_put_u32(&writer, 4);
		capture_put_u32(&writer, 4);
		capture_put_u64(&writer, 0); /* interface, protocol, kind */
		capture_put(&writer, "data", 4);
	}
	result = read_file(&writer);
	assert_int_equal(result.end, -ENODATA);
	assert_int_equal(result.count, 2);
	assert_frame(&result, 1, "data", 1 * SEC + 1000);
	result_fini(&result);
	capture_writer_fini(&writer);
}

static void test_pcap_old_version_with_swapped_lengths_is_read(void **state)
{
	struct capture_writer writer = {0};
	struct result result;

	capture_pcap_header(&writer, MICRO, ETHERNET);
	writer.bytes[6] = 2; /* version 2.2 */
	capture_put_u32(&writer, 1);
	capture_put_u32(&writer, 0);
	capture_put_u32(&writer, 60);
	capture_put_u32(&writer, 4);
	capture_put(&writer, "data", 4);
	result = read_file(&writer);
	assert_int_equal(result.end, -ENODATA);
	assert_frame(&result, 0, "data", 1 * SEC);
	assert_int_equal(result.frames[0].wire_bytes, 60);
	result_fini(&result);
	capture_writer_fini(&writer);
}

static void test_pcap_every_known_link_type_is_mapped(void **state)
{
	static const struct {
		uint32_t linktype;
		enum wf_link link;
	} rows[] = {
		{0, WF_LINK_NULL},
		{1, WF_LINK_ETHERNET},
		{9, WF_LINK_PPP},
		{50, WF_LINK_PPP},
		{12, WF_LINK_RAW},
		{14, WF_LINK_RAW},
		{101, WF_LINK_RAW},
		{228, WF_LINK_RAW},
		{229, WF_LINK_RAW},
		{108, WF_LINK_LOOP},
		{113, WF_LINK_SLL},
		{276, WF_LINK_SLL2},
		{0x14000001u, WF_LINK_ETHERNET}, /* tells of a frame check sequence */
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct capture_writer writer = {0};
		struct result result;

		capture_pcap_header(&writer, MICRO, rows[i].linktype);
		put_text(&writer, 1, 1, "x");
		result = read_file(&writer);
		assert_int_equal(result.count, 1);
		assert_int_equal(result.frames[0].link, rows[i].link);
		result_fini(&result);
		capture_writer_fini(&writer);
	}
}

static void test_pcap_unknown_link_type_is_refused_by_number_and_name(void **state)
{
	struct capture_writer writer = {0};

	capture_pcap_header(&writer, MICRO, 105);
	assert_int_equal(read_file(&writer).open_err, -EBADMSG);
	assert_non_null(strstr(last_log, "link type 105 (IEEE802_11)"));
	capture_writer_fini(&writer);
}

static void test_pcap_header_only_is_an_empty_capture(void **state)
{
	struct capture_writer writer = {0};
	struct result result;

	capture_pcap_header(&writer, MICRO, ETHERNET);
	result = read_file(&writer);
	assert_int_equal(result.open_err, 0);
	assert_int_equal(result.end, -ENODATA);
	assert_int_equal(result.count, 0);
	capture_writer_fini(&writer);
}

static void test_pcap_absurd_length_is_damage_with_its_place(void **state)
{
	struct capture_writer writer = {0};
	struct result result;

	capture_pcap_header(&writer, MICRO, ETHERNET);
	put_text(&writer, 1, 1, "good");
	capture_put_u32(&writer, 1);
	capture_put_u32(&writer, 1);
	capture_put_u32(&writer, 0x7fffffff);
	capture_put_u32(&writer, 0x7fffffff);
	put_text(&writer, 1, 1, "not reached");
	result = read_file(&writer);
	assert_int_equal(result.end, -EBADMSG);
	assert_int_equal(result.count, 1);
	assert_non_null(strstr(last_log, "damaged at byte 44 (packet 2): "));
	result_fini(&result);
	capture_writer_fini(&writer);
}

/* The longest frame that anything hands on, and one byte more, all of it there. */
static void test_pcap_packet_up_to_the_longest_is_read(void **state)
{
	for (uint32_t more = 0; more < 2; more++) {
		uint32_t len = WEFT_FRAME_MAX_BYTES + more;
		struct capture_writer writer = {0};
		uint8_t *bytes = calloc(1, len);
		struct result result;

		assert_non_null(bytes);
		capture_pcap_header(&writer, MICRO, ETHERNET);
		capture_pcap_packet(&writer, 1, 1, bytes, len, len);
		put_text(&writer, 2, 1, "behind");
		result = read_file(&writer);
		assert_int_equal(result.end, more ? -EBADMSG : -ENODATA);
		assert_int_equal(result.count, more ? 0 : 2);
		result_fini(&result);
		capture_writer_fini(&writer);
		free(bytes);
	}
}

/* ---- pcapng ---- */

static void put_simple(struct capture_writer *writer, const char *bytes, uint32_t cap,
		       uint32_t wire)
{
	size_t begin = capture_block_begin(writer, 3);

	capture_put_u32(writer, wire);
	capture_put(writer, bytes, cap);
	capture_block_end(writer, begin);
}

static void put_obsolete(struct capture_writer *writer, uint16_t interface, uint64_t ticks,
			 const char *bytes, uint32_t cap)
{
	size_t begin = capture_block_begin(writer, 2);

	capture_put_u16(writer, interface);
	capture_put_u16(writer, 0);
	capture_put_u32(writer, (uint32_t)(ticks >> 32));
	capture_put_u32(writer, (uint32_t)ticks);
	capture_put_u32(writer, cap);
	capture_put_u32(writer, cap);
	capture_put(writer, bytes, cap);
	capture_block_end(writer, begin);
}

static void put_unknown(struct capture_writer *writer, uint32_t len)
{
	size_t begin = capture_block_begin(writer, 0x0bad);

	for (uint32_t i = 0; i < len; i++)
		capture_put(writer, "?", 1);
	capture_block_end(writer, begin);
}

/* Every block kind, several resolutions, interfaces of several link types. */
static void put_rich_section(struct capture_writer *writer)
{
	capture_section(writer);
	capture_interface(writer, ETHERNET, 8, 0, 0);
	capture_interface(writer, 101, 0, 9, 0);
	put_unknown(writer, 100);
	capture_enhanced(writer, 0, 5000007, "micro", 5, 50);
	capture_enhanced(writer, 1, 5 * SEC + 9, "nano!", 5, 5);
	capture_interface(writer, 113, 0, 0x80 | 20, 0);
	capture_enhanced(writer, 2, 3ull << 20 | 1 << 19, "binary", 6, 6);
	capture_interface(writer, 276, 0, 3, -2);
	capture_enhanced(writer, 3, 4001, "offset", 6, 6);
	put_simple(writer, "simple, cut", 8, 11);
	put_obsolete(writer, 1, 7, "obsolete", 8);
	capture_interface(writer, 0, 0, 12, 0);
	capture_enhanced(writer, 4, 1500000001999ull, "pico", 4, 4);
}

enum { RICH_PACKETS = 7 };

static void assert_rich_section(const struct result *result, unsigned int first)
{
	assert_frame(result, first, "micro", 5 * SEC + 7000);
	assert_int_equal(result->frames[first].wire_bytes, 50);
	assert_int_equal(result->frames[first].link, WF_LINK_ETHERNET);
	assert_frame(result, first + 1, "nano!", 5 * SEC + 9);
	assert_int_equal(result->frames[first + 1].link, WF_LINK_RAW);
	assert_frame(result, first + 2, "binary", 3 * SEC + SEC / 2);
	assert_int_equal(result->frames[first + 2].link, WF_LINK_SLL);
	assert_frame(result, first + 3, "offset", 2 * SEC + 1000000);
	assert_int_equal(result->frames[first + 3].link, WF_LINK_SLL2);
	assert_frame(result, first + 4, "simple, ", 2 * SEC + 1000000);
	assert_int_equal(result->frames[first + 4].wire_bytes, 11);
	assert_frame(result, first + 5, "obsolete", 7);
	assert_frame(result, first + 6, "pico", SEC + SEC / 2 + 1);
	assert_int_equal(result->frames[first + 6].link, WF_LINK_NULL);
}

static void test_pcapng_sections_of_both_byte_orders_are_read(void **state)
{
	struct capture_writer writer = {0};
	struct result result;

	put_rich_section(&writer);
	writer.swapped = true;
	put_rich_section(&writer);
	writer.swapped = false;
	put_rich_section(&writer);
	result = read_file(&writer);
	assert_int_equal(result.open_err, 0);
	assert_int_equal(result.end, -ENODATA);
	assert_int_equal(result.count, 3 * RICH_PACKETS);
	for (unsigned int i = 0; i < 3; i++)
		assert_rich_section(&result, i * RICH_PACKETS);
	result_fini(&result);
	capture_writer_fini(&writer);
}

/* An interface is of its section: number 0 of the next is another, and 1 is not there. */
static void test_pcapng_interfaces_end_with_their_section(void **state)
{
	struct capture_writer writer = {0};
	struct result result;

	capture_section(&writer);
	capture_interface(&writer, ETHERNET, 0, 9, 0);
	capture_interface(&writer, ETHERNET, 0, 9, 0);
	capture_enhanced(&writer, 1, 5, "first", 5, 5);
	capture_section(&writer);
	capture_interface(&writer, 101, 0, 0, 0);
	capture_enhanced(&writer, 0, 7, "second", 6, 6);
	capture_enhanced(&writer, 1, 9, "nowhere", 7, 7);
	result = read_file(&writer);
	assert_int_equal(result.end, -EBADMSG);
	assert_int_equal(result.count, 2);
	assert_frame(&result, 0, "first", 5);
	assert_frame(&result, 1, "second", 7000);
	assert_int_equal(result.frames[1].link, WF_LINK_RAW);
	result_fini(&result);
	capture_writer_fini(&writer);
}

static void test_pcapng_interface_of_unknown_link_type_is_skipped_and_told(void **state)
{
	struct capture_writer writer = {0};
	struct result result;

	capture_section(&writer);
	capture_interface(&writer, 105, 0, 0, 0);
	capture_interface(&writer, ETHERNET, 0, 0, 0);
	capture_enhanced(&writer, 0, 1, "radio", 5, 5);
	capture_enhanced(&writer, 1, 2, "wire", 4, 4);
	result = read_file(&writer);
	assert_int_equal(result.end, -ENODATA);
	assert_int_equal(result.count, 1);
	assert_frame(&result, 0, "wire", 2000);
	assert_non_null(strstr(last_log, "skipped 1 packets"));
	result_fini(&result);
	capture_writer_fini(&writer);
}

static void test_pcapng_with_nothing_readable_is_refused(void **state)
{
	struct capture_writer writer = {0};

	capture_section(&writer);
	capture_interface(&writer, 105, 0, 0, 0);
	capture_enhanced(&writer, 0, 1, "radio", 5, 5);
	assert_int_equal(read_file(&writer).open_err, -EBADMSG);
	assert_non_null(strstr(last_log, "no interface has a link type that can be read"));
	capture_writer_fini(&writer);
}

/* Each of these changes one thing of a good file; what came before it is delivered. */
static void test_pcapng_lies_are_damage(void **state)
{
	for (int lie = 0; lie < 6; lie++) {
		struct capture_writer writer = {0};
		struct result result;
		size_t begin;

		capture_section(&writer);
		capture_interface(&writer, ETHERNET, 0, 0, 0);
		capture_enhanced(&writer, 0, 1, "good", 4, 4);
		begin = writer.len;
		capture_enhanced(&writer, lie == 0, 1, "evil", 4, 4); /* 0: no such interface */
		switch (lie) {
		case 1: /* captured length beyond the block */
			writer.bytes[begin + 20] = 5;
			break;
		case 2: /* lengths differ */
			writer.bytes[writer.len - 4]++;
			break;
		case 3: /* length not a multiple of 4 */
			writer.bytes[begin + 4]++;
			break;
		case 4: /* shorter than any block */
			writer.bytes[begin + 4] = 8;
			break;
		case 5: /* longer than any */
			writer.bytes[begin + 7] = 0x70;
			break;
		}
		capture_enhanced(&writer, 0, 1, "not reached", 11, 11);
		result = read_file(&writer);
		assert_int_equal(result.count, 1);
		assert_int_equal(result.end, -EBADMSG);
		assert_non_null(strstr(last_log, "(packet 2)"));
		result_fini(&result);
		capture_writer_fini(&writer);
	}
}

/* ---- whatever comes ---- */

/* Packets that lie whole within the first @len bytes: where each ends is recorded. */
static unsigned int whole_packets(const size_t *ends, unsigned int count, size_t len)
{
	unsigned int whole = 0;

	while (whole < count && ends[whole] <= len)
		whole++;
	return whole;
}

static void check_truncated(struct capture_writer *writer, const size_t *ends, unsigned int count,
			    struct result (*reader)(const struct capture_writer *writer))
{
	size_t len = writer->len;

	for (size_t cut = 0; cut <= len; cut++) {
		struct result result;

		writer->len = cut;
		result = reader(writer);
		if (result.open_err)
			assert_int_equal(result.open_err, -EBADMSG);
		else
			assert_true(result.end == -EBADMSG || result.end == -ENODATA);
		assert_int_equal(result.count,
				 result.open_err ? 0 : whole_packets(ends, count, cut));
		if (result.open_err)
			assert_int_equal(whole_packets(ends, count, cut), 0);
		result_fini(&result);
	}
	writer->len = len;
}

static struct result read_pipe_at_once(const struct capture_writer *writer)
{
	return read_pipe(writer, 65536);
}

static void test_truncated_at_every_byte_gives_what_was_whole(void **state)
{
	size_t ends[4];

	for (int kind = 0; kind < 2; kind++) {
		struct capture_writer writer = {.swapped = kind};

		if (kind) {
			capture_section(&writer);
			capture_interface(&writer, ETHERNET, 0, 9, 1);
		} else {
			capture_pcap_header(&writer, MICRO, ETHERNET);
		}
		for (unsigned int i = 0; i < 4; i++) {
			if (kind)
				capture_enhanced(&writer, 0, i, "some bytes", 10, 10);
			else
				put_text(&writer, 1, i, "some bytes");
			ends[i] = writer.len;
		}
		check_truncated(&writer, ends, 4, read_file);
		check_truncated(&writer, ends, 4, read_pipe_at_once);
		capture_writer_fini(&writer);
	}
}

static void test_any_byte_changed_never_crashes(void **state)
{
	struct capture_writer writer = {0};

	put_rich_section(&writer);
	for (size_t i = 0; i < writer.len; i++) {
		static const uint8_t masks[] = {0x01, 0x80, 0xff};

		for (size_t m = 0; m < sizeof(masks); m++) {
			struct result result;

			writer.bytes[i] ^= masks[m];
			result = read_file(&writer);
			assert_true(result.open_err || result.end);
			result_fini(&result);
			writer.bytes[i] ^= masks[m];
		}
	}
	capture_writer_fini(&writer);
}

static void test_pipe_byte_by_byte_equals_file(void **state)
{
	struct capture_writer writer = {0};
	struct result result;

	put_rich_section(&writer);
	writer.swapped = true;
	put_rich_section(&writer);
	result = read_pipe(&writer, 1);
	assert_int_equal(result.open_err, 0);
	assert_int_equal(result.end, -ENODATA);
	assert_int_equal(result.count, 2 * RICH_PACKETS);
	assert_rich_section(&result, 0);
	assert_rich_section(&result, RICH_PACKETS);
	assert_non_null(result.frames[0].page);
	result_fini(&result);
	capture_writer_fini(&writer);
}

static void test_pipe_skips_a_block_larger_than_its_buffer(void **state)
{
	struct capture_writer writer = {0};
	struct result result;

	capture_section(&writer);
	capture_interface(&writer, ETHERNET, 0, 0, 0);
	put_unknown(&writer, 3 << 20);
	capture_enhanced(&writer, 0, 1, "after", 5, 5);
	result = read_pipe(&writer, 65536);
	assert_int_equal(result.end, -ENODATA);
	assert_int_equal(result.count, 1);
	assert_frame(&result, 0, "after", 1000);
	result_fini(&result);
	capture_writer_fini(&writer);
}

static void test_pipe_packet_beyond_a_page_gives_up_its_link_header(void **state)
{
	uint32_t len = 14 + 65535;
	uint8_t *packet = calloc(1, len);
	struct capture_writer writer = {0};
	struct result result;

	packet[12] = 0x08;
	packet[14] = 0x45;
	packet[len - 1] = 0x77;
	capture_pcap_header(&writer, MICRO, ETHERNET);
	capture_pcap_packet(&writer, 1, 1, packet, len, len);
	result = read_pipe(&writer, 65536);
	assert_int_equal(result.end, -ENODATA);
	assert_int_equal(result.count, 1);
	assert_int_equal(result.frames[0].link, WF_LINK_RAW);
	assert_int_equal(result.frames[0].cap_bytes, 65535);
	assert_int_equal(result.frames[0].wire_bytes, 65535);
	assert_int_equal(result.frames[0].bytes[0], 0x45);
	assert_int_equal(result.frames[0].bytes[65534], 0x77);
	result_fini(&result);
	capture_writer_fini(&writer);
	free(packet);
}

/* Waits a second for memory, then goes on without: every packet comes, with its headers. */
static void test_pipe_without_memory_cuts_packets_to_their_headers(void **state)
{
	struct capture_writer writer = {0};
	uint8_t packet[30000] = {0};
	struct result result;

	capture_pcap_header(&writer, MICRO, ETHERNET);
	for (uint32_t i = 0; i < 300; i++)
		capture_pcap_packet(&writer, i, 0, packet, sizeof(packet), sizeof(packet));
	result = read_starved_pipe(&writer, 65536, true);
	assert_int_equal(result.end, -ENODATA);
	assert_int_equal(result.count, 300);
	assert_true(result.frames[0].cap_bytes < 256);
	assert_int_equal(result.frames[0].wire_bytes, sizeof(packet));
	assert_non_null(strstr(last_log, "packets were cut to their headers, 0 lost"));
	result_fini(&result);
	capture_writer_fini(&writer);
}

enum { STARVED_PACKETS = 300, STARVED_BYTES = 30000, HOLDERS_MAX = 1024 };

static struct wf_page *holders[HOLDERS_MAX];
static unsigned int holders_count;

static void hold(struct wf_page *page)
{
	assert_true(holders_count < HOLDERS_MAX);
	holders[holders_count++] = page;
}

static void hold_all_memory(void)
{
	struct wf_page *page;

	while ((page = wf_page_pool_take(pool, WEFT_SPAN_BYTES)))
		hold(page);
}

static struct wf_source *open_starved(pid_t *ret_child, char path[64])
{
	struct capture_writer writer = {0};
	uint8_t packet[STARVED_BYTES] = {0};
	struct wf_source *source;

	snprintf(path, 64, "/tmp/weft-pipe-%d", getpid());
	capture_pcap_header(&writer, MICRO, ETHERNET);
	for (uint32_t i = 0; i < STARVED_PACKETS; i++)
		capture_pcap_packet(&writer, i, 0, packet, sizeof(packet), sizeof(packet));
	*ret_child = feed_pipe(&writer, 65536, path);
	assert_int_equal(wf_pcap_file_open(path, pool, &source), 0);
	capture_writer_fini(&writer);
	hold_all_memory();
	return source;
}

static void close_starved(struct wf_source *source, pid_t child, const char *path)
{
	source->ops->close(source);
	while (holders_count)
		wf_page_put(holders[--holders_count]);
	waitpid(child, NULL, 0);
	unlink(path);
}

/* Return: what recv answered; waits a little if that is 0. */
static int recv_one(struct wf_source *source, struct wf_frame *frame)
{
	int got = source->ops->recv(source, frame, 1);

	if (!got)
		poll(NULL, 0, 1);
	return got;
}

/* Nobody gives a page back: what finds none is counted, so that the ledger closes. */
static void test_pipe_packets_lost_for_want_of_memory_are_counted(void **state)
{
	unsigned int received = 0;
	struct wf_frame frame;
	char path[64];
	pid_t child;
	struct wf_source *source = open_starved(&child, path);
	int got;

	while ((got = recv_one(source, &frame)) >= 0) {
		if (!got)
			continue;
		received++;
		hold(frame.page);
	}
	assert_int_equal(got, -ENODATA);
	assert_true(received > 0);
	assert_true(source->lost_frames > 0);
	assert_true(source->starved);
	assert_int_equal(received + source->lost_frames, STARVED_PACKETS);
	close_starved(source, child, path);
}

/* Each page comes back just before patience ends: all waits together are bounded nevertheless. */
static void test_pipe_waits_for_memory_are_bounded_as_a_whole(void **state)
{
	uint64_t start_ns = wf_clock_monotonic_ns();
	uint64_t wait_ns = start_ns;
	unsigned int received = 0;
	struct wf_frame frame;
	char path[64];
	pid_t child;
	struct wf_source *source = open_starved(&child, path);
	int got;

	while ((got = recv_one(source, &frame)) >= 0) {
		if (got) {
			received++;
			wf_page_put(frame.page);
			hold_all_memory();
			wait_ns = wf_clock_monotonic_ns();
		} else if (wf_clock_monotonic_ns() - wait_ns > SEC / 2 && holders_count) {
			wf_page_put(holders[--holders_count]);
		}
	}
	assert_int_equal(got, -ENODATA);
	assert_int_equal(received + source->lost_frames, STARVED_PACKETS);
	assert_true(wf_clock_monotonic_ns() - start_ns < 10 * (uint64_t)SEC);
	close_starved(source, child, path);
}

/* Larger than several windows of the mapping. */
enum { BIG_PACKETS = 150000, BIG_PACKET_BYTES = 700 };

static void put_big(struct capture_writer *writer)
{
	uint8_t packet[BIG_PACKET_BYTES] = {0};

	capture_pcap_header(writer, MICRO, ETHERNET);
	for (uint32_t i = 0; i < BIG_PACKETS; i++) {
		memcpy(packet + 14, &i, sizeof(i));
		capture_pcap_packet(writer, i, 0, packet, sizeof(packet), sizeof(packet));
	}
}

static void test_file_of_many_windows_is_read_in_place(void **state)
{
	struct capture_writer writer = {0};
	struct weft_progress progress;
	struct wf_frame frames[64];
	struct wf_source *source;
	uint32_t next = 0;
	char path[64];
	int got;

	put_big(&writer);
	capture_write_file(&writer, path);
	assert_int_equal(wf_pcap_file_open(path, pool, &source), 0);
	while ((got = source->ops->recv(source, frames, 64)) > 0) {
		for (int i = 0; i < got; i++, next++) {
			assert_null(frames[i].page);
			assert_memory_equal(frames[i].bytes + 14, &next, sizeof(next));
			assert_int_equal(frames[i].time_ns, next * SEC);
		}
	}
	assert_int_equal(got, -ENODATA);
	assert_int_equal(next, BIG_PACKETS);
	wf_pcap_file_progress(source, &progress);
	assert_int_equal(progress.read_bytes, writer.len);
	assert_int_equal(progress.total_bytes, writer.len);
	assert_int_equal(progress.packets, BIG_PACKETS);
	source->ops->close(source);
	unlink(path);
	capture_writer_fini(&writer);
}

static void test_file_cut_while_read_is_damage_not_death(void **state)
{
	struct capture_writer writer = {0};
	struct result result = {0};
	struct wf_source *source;
	struct wf_frame frame;
	char path[64];

	put_big(&writer);
	capture_write_file(&writer, path);
	assert_int_equal(wf_pcap_file_open(path, pool, &source), 0);
	assert_int_equal(source->ops->recv(source, &frame, 1), 1);
	assert_int_equal(truncate(path, 30 << 20), 0);
	read_all(source, &result);
	assert_int_equal(result.end, -EBADMSG);
	assert_int_equal(result.count + 1, ((30 << 20) - 24) / (16 + BIG_PACKET_BYTES));
	assert_non_null(strstr(last_log, "cut while it was read"));
	result_fini(&result);
	unlink(path);
	capture_writer_fini(&writer);
}

static void test_open_of_what_is_no_capture_is_refused(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *why;
	} rows[] = {
		{"", 0, "empty"},
		{"\xd4\xc3\xb2", 3, "ends within its header"},
		{"\xd4\xc3\xb2\xa1\x02\x00\x04\x00", 8, "ends within its header"},
		{"hello, world, this is text", 26, "not a pcap or pcapng file"},
		{"\x1f\x8b\x08\x00\x00\x00\x00\x00", 8, "compressed with gzip"},
		{"\xd4\xc3\xb2\xa1\x07\x00\x04\x00\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0", 24,
		 "pcap version 7.4"},
	};
	struct wf_source *source;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct capture_writer writer = {0};

		capture_put(&writer, rows[i].bytes, rows[i].len);
		assert_int_equal(read_file(&writer).open_err, -EBADMSG);
		assert_non_null(strstr(last_log, rows[i].why));
		assert_int_equal(read_pipe(&writer, 4096).open_err, -EBADMSG);
		assert_non_null(strstr(last_log, rows[i].why));
		capture_writer_fini(&writer);
	}
	assert_int_equal(wf_pcap_file_open("/nonexistent/file", pool, &source), -ENOENT);
	assert_non_null(strstr(last_log, "/nonexistent/file: No such file"));
	assert_int_equal(wf_pcap_file_open("/tmp", pool, &source), -EISDIR);
	assert_non_null(strstr(last_log, "/tmp: is a directory"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_pcap_every_byte_order_and_resolution_is_read, setup),
		cmocka_unit_test_setup(test_pcap_patched_record_headers_are_read, setup),
		cmocka_unit_test_setup(test_pcap_old_version_with_swapped_lengths_is_read, setup),
		cmocka_unit_test_setup(test_pcap_every_known_link_type_is_mapped, setup),
		cmocka_unit_test_setup(test_pcap_unknown_link_type_is_refused_by_number_and_name,
				       setup),
		cmocka_unit_test_setup(test_pcap_header_only_is_an_empty_capture, setup),
		cmocka_unit_test_setup(test_pcap_absurd_length_is_damage_with_its_place, setup),
		cmocka_unit_test_setup(test_pcap_packet_up_to_the_longest_is_read, setup),
		cmocka_unit_test_setup(test_pcapng_interfaces_end_with_their_section, setup),
		cmocka_unit_test_setup(test_pcapng_sections_of_both_byte_orders_are_read, setup),
		cmocka_unit_test_setup(
			test_pcapng_interface_of_unknown_link_type_is_skipped_and_told, setup),
		cmocka_unit_test_setup(test_pcapng_with_nothing_readable_is_refused, setup),
		cmocka_unit_test_setup(test_pcapng_lies_are_damage, setup),
		cmocka_unit_test_setup(test_truncated_at_every_byte_gives_what_was_whole, setup),
		cmocka_unit_test_setup(test_any_byte_changed_never_crashes, setup),
		cmocka_unit_test_setup(test_pipe_byte_by_byte_equals_file, setup),
		cmocka_unit_test_setup(test_pipe_skips_a_block_larger_than_its_buffer, setup),
		cmocka_unit_test_setup(test_pipe_packet_beyond_a_page_gives_up_its_link_header,
				       setup),
		cmocka_unit_test_setup(test_pipe_packets_lost_for_want_of_memory_are_counted,
				       setup),
		cmocka_unit_test_setup(test_pipe_waits_for_memory_are_bounded_as_a_whole, setup),
		cmocka_unit_test_setup(test_pipe_without_memory_cuts_packets_to_their_headers,
				       setup),
		cmocka_unit_test_setup(test_file_of_many_windows_is_read_in_place, setup),
		cmocka_unit_test_setup(test_file_cut_while_read_is_damage_not_death, setup),
		cmocka_unit_test_setup(test_open_of_what_is_no_capture_is_refused, setup),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
