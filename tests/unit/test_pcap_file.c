// SPDX-License-Identifier: BSD-2-Clause
/* test_pcap_file.c - reads capture files, complete and damaged, mapped and through a pipe. */
#include "unit/support/test.h"
#include "unit/support/reject_syscall.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "capture/file/pcap_file.h"
#include "memory/page.h"
#include "unit/support/capture_reader.h"

static void put_text(struct capture_writer *writer, uint32_t sec, uint32_t fraction,
		     const char *text)
{
	capture_pcap_packet(writer, sec, fraction, text, (uint32_t)strlen(text), 100);
}

TEST_WITH(pcap_every_byte_order_and_resolution_is_read, capture_setup, NULL)
{
	for (int i = 0; i < 4; i++) {
		struct capture_writer writer = {.swapped = i & 1};
		uint32_t magic = i & 2 ? NANO : MICRO;
		uint64_t tick_ns = i & 2 ? 1 : 1000;
		struct capture_result result;

		capture_pcap_header(&writer, magic, ETHERNET);
		put_text(&writer, 5, 7, "first");
		put_text(&writer, 4000000000u, 999999, "second, late in the century");
		put_text(&writer, 4000000001u, 0, "");
		result = capture_read_file(&writer);

		assert_int_equal(result.open_err, 0);
		assert_int_equal(result.end, -ENODATA);
		assert_int_equal(result.count, 3);
		capture_assert_frame(&result, 0, "first", 5 * SEC + 7 * tick_ns);
		capture_assert_frame(&result, 1, "second, late in the century",
				     4000000000u * SEC + 999999 * tick_ns);
		capture_assert_frame(&result, 2, "", 4000000001u * SEC);
		assert_int_equal(result.frames[0].wire_bytes, 100);
		assert_int_equal(result.frames[0].link, WEFT_LINK_ETHERNET);
		capture_result_fini(&result);
		capture_writer_fini(&writer);
	}
}

/* The monotonic time is the same, however many bytes are read at a time. */
TEST_WITH(pcap_monotonic_time_of_a_file_and_of_a_pipe_are_the_same, capture_setup, NULL)
{
	static const uint32_t stamps[] = {100, 101, 90, 5000, 102, 4000, 4001, 50, 51, 52, 9000};
	static const uint32_t passed[] = {100,	101,  101,  101,  102, 4000,
					  4001, 4001, 4001, 4002, 4002};
	const unsigned int count = sizeof(stamps) / sizeof(stamps[0]);
	struct capture_writer writer = {0};

	capture_pcap_header(&writer, MICRO, ETHERNET);
	for (unsigned int i = 0; i < count; i++)
		put_text(&writer, stamps[i], 0, "frame");
	for (size_t chunk = 0; chunk < 4; chunk++) {
		struct capture_result result =
			chunk ? capture_read_pipe(&writer, chunk * 32) : capture_read_file(&writer);

		assert_int_equal(result.end, -ENODATA);
		assert_int_equal(result.count, count);
		for (unsigned int i = 0; i < count; i++)
			assert_int_equal(result.frames[i].time_ns - result.frames[i].skew_ns,
					 passed[i] * SEC);
		capture_result_fini(&result);
	}
	capture_writer_fini(&writer);
}

TEST_WITH(pcap_patched_record_headers_are_read, capture_setup, NULL)
{
	struct capture_writer writer = {0};
	struct capture_result result;

	capture_pcap_header(&writer, 0xa1b2cd34u, ETHERNET);
	for (uint32_t i = 0; i < 2; i++) {
		capture_put_u32(&writer, 1);
		capture_put_u32(&writer, i);
		capture_put_u32(&writer, 4);
		capture_put_u32(&writer, 4);
		capture_put_u64(&writer, 0); /* interface, protocol, kind */
		capture_put(&writer, "data", 4);
	}
	result = capture_read_file(&writer);
	assert_int_equal(result.end, -ENODATA);
	assert_int_equal(result.count, 2);
	capture_assert_frame(&result, 1, "data", 1 * SEC + 1000);
	capture_result_fini(&result);
	capture_writer_fini(&writer);
}

TEST_WITH(pcap_old_version_with_swapped_lengths_is_read, capture_setup, NULL)
{
	struct capture_writer writer = {0};
	struct capture_result result;

	capture_pcap_header(&writer, MICRO, ETHERNET);
	writer.bytes[6] = 2; /* version 2.2 */
	capture_put_u32(&writer, 1);
	capture_put_u32(&writer, 0);
	capture_put_u32(&writer, 60);
	capture_put_u32(&writer, 4);
	capture_put(&writer, "data", 4);
	result = capture_read_file(&writer);
	assert_int_equal(result.end, -ENODATA);
	capture_assert_frame(&result, 0, "data", 1 * SEC);
	assert_int_equal(result.frames[0].wire_bytes, 60);
	capture_result_fini(&result);
	capture_writer_fini(&writer);
}

TEST_WITH(pcap_every_known_link_type_is_mapped, capture_setup, NULL)
{
	static const struct {
		uint32_t linktype;
		enum weft_link link;
	} rows[] = {
		{0, WEFT_LINK_NULL},
		{1, WEFT_LINK_ETHERNET},
		{9, WEFT_LINK_PPP},
		{50, WEFT_LINK_PPP_HDLC},
		{51, WEFT_LINK_PPPOE},
		{104, WEFT_LINK_CISCO_HDLC},
		{105, WEFT_LINK_IEEE80211},
		{127, WEFT_LINK_RADIOTAP},
		{166, WEFT_LINK_PPP_PPPD},
		{204, WEFT_LINK_PPP_DIRECTION},
		{239, WEFT_LINK_NFLOG},
		{258, WEFT_LINK_PKTAP},
		{12, WEFT_LINK_RAW},
		{14, WEFT_LINK_RAW},
		{101, WEFT_LINK_RAW},
		{228, WEFT_LINK_RAW},
		{229, WEFT_LINK_RAW},
		{108, WEFT_LINK_LOOP},
		{113, WEFT_LINK_SLL},
		{276, WEFT_LINK_SLL2},
		{0x14000001u, WEFT_LINK_ETHERNET}, /* high bits: frame check sequence */
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct capture_writer writer = {0};
		struct capture_result result;

		capture_pcap_header(&writer, MICRO, rows[i].linktype);
		put_text(&writer, 1, 1, "x");
		result = capture_read_file(&writer);
		assert_int_equal(result.count, 1);
		assert_int_equal(result.frames[0].link, rows[i].link);
		capture_result_fini(&result);
		capture_writer_fini(&writer);
	}
}

TEST_WITH(pcap_unknown_link_type_is_refused_by_number_and_name, capture_setup, NULL)
{
	struct capture_writer writer = {0};

	capture_pcap_header(&writer, MICRO, 220);
	assert_int_equal(capture_read_file(&writer).open_err, -EBADMSG);
	assert_non_null(strstr(capture_last_log, "link type 220 (USB_LINUX_MMAPPED)"));
	capture_writer_fini(&writer);
}

TEST_WITH(pcap_header_only_is_an_empty_capture, capture_setup, NULL)
{
	struct capture_writer writer = {0};
	struct capture_result result;

	capture_pcap_header(&writer, MICRO, ETHERNET);
	result = capture_read_file(&writer);
	assert_int_equal(result.open_err, 0);
	assert_int_equal(result.end, -ENODATA);
	assert_int_equal(result.count, 0);
	capture_writer_fini(&writer);
}

TEST_WITH(pcap_absurd_length_is_damage_with_its_place, capture_setup, NULL)
{
	struct capture_writer writer = {0};
	struct capture_result result;

	capture_pcap_header(&writer, MICRO, ETHERNET);
	put_text(&writer, 1, 1, "good");
	capture_put_u32(&writer, 1);
	capture_put_u32(&writer, 1);
	capture_put_u32(&writer, 0x7fffffff);
	capture_put_u32(&writer, 0x7fffffff);
	put_text(&writer, 1, 1, "not reached");
	result = capture_read_file(&writer);
	assert_int_equal(result.end, -EBADMSG);
	assert_int_equal(result.count, 1);
	assert_non_null(strstr(capture_last_log, "damaged at byte 44 (packet 2): "));
	capture_result_fini(&result);
	capture_writer_fini(&writer);
}

/* A frame of the maximum length, and a frame one byte longer; both are complete in the file. */
TEST_WITH(pcap_packet_up_to_the_longest_is_read, capture_setup, NULL)
{
	for (uint32_t more = 0; more < 2; more++) {
		uint32_t len = WEFT_FRAME_MAX_BYTES + more;
		struct capture_writer writer = {0};
		uint8_t *bytes = calloc(1, len);
		struct capture_result result;

		assert_non_null(bytes);
		capture_pcap_header(&writer, MICRO, ETHERNET);
		capture_pcap_packet(&writer, 1, 1, bytes, len, len);
		put_text(&writer, 2, 1, "behind");
		result = capture_read_file(&writer);
		assert_int_equal(result.end, more ? -EBADMSG : -ENODATA);
		assert_int_equal(result.count, more ? 0 : 2);
		capture_result_fini(&result);
		capture_writer_fini(&writer);
		free(bytes);
	}
}

/* ---- damaged files ---- */

/*
 * Return: number of packets that are complete within the first @len bytes. @ends: end offset of
 * each packet.
 */
static unsigned int whole_packets(const size_t *ends, unsigned int count, size_t len)
{
	unsigned int whole = 0;

	while (whole < count && ends[whole] <= len)
		whole++;
	return whole;
}

static void check_truncated(struct capture_writer *writer, const size_t *ends, unsigned int count,
			    struct capture_result (*reader)(const struct capture_writer *writer))
{
	size_t len = writer->len;

	for (size_t cut = 0; cut <= len; cut++) {
		struct capture_result result;

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
		capture_result_fini(&result);
	}
	writer->len = len;
}

static struct capture_result read_pipe_at_once(const struct capture_writer *writer)
{
	return capture_read_pipe(writer, 65536);
}

TEST_WITH(truncated_at_every_byte_gives_what_was_whole, capture_setup, NULL)
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
		check_truncated(&writer, ends, 4, capture_read_file);
		check_truncated(&writer, ends, 4, read_pipe_at_once);
		capture_writer_fini(&writer);
	}
}

/* The file is larger than several windows of the mapping. */
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

TEST_WITH(file_of_many_windows_is_read_in_place, capture_setup, NULL)
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
	assert_int_equal(wf_pcap_file_open(path, capture_pool, &source), 0);
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

TEST_WITH(file_cut_while_read_is_damage_not_death, capture_setup, NULL)
{
	struct capture_writer writer = {0};
	struct capture_result result = {0};
	struct wf_source *source;
	struct wf_frame frames[2];
	char path[64];

	put_big(&writer);
	capture_write_file(&writer, path);
	assert_int_equal(wf_pcap_file_open(path, capture_pool, &source), 0);
	assert_int_equal(source->ops->recv(source, frames, 2), 2);
	assert_int_equal(truncate(path, 30 << 20), 0);
	capture_read_all(source, &result);
	assert_int_equal(result.end, -EBADMSG);
	assert_int_equal(result.count + 2, ((30 << 20) - 24) / (16 + BIG_PACKET_BYTES));
	assert_non_null(strstr(capture_last_log, "truncated while it was read"));
	capture_result_fini(&result);
	unlink(path);
	capture_writer_fini(&writer);
}

/* Return: 0 if a file whose header can't be read is rejected with this reason. */
static int reject_unreadable(const struct capture_writer *writer)
{
	if (reject_syscall(SYS_madvise, EFAULT))
		return 1;
	return capture_read_file(writer).open_err != -EBADMSG ||
	       !strstr(capture_last_log, "input/output error");
}

TEST_WITH(file_with_a_header_that_can_not_be_read_is_refused, capture_setup, NULL)
{
	struct capture_writer writer = {0};
	int status;
	pid_t pid;

	capture_pcap_header(&writer, MICRO, ETHERNET);
	pid = fork();
	if (pid == 0)
		_exit(reject_unreadable(&writer));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	capture_writer_fini(&writer);
}

TEST_WITH(open_of_what_is_no_capture_is_refused, capture_setup, NULL)
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
		{"\x1f\x8b\x08\0\0\0\0\0\0\3\x4b", 11, "truncated gzip"},
		{"\xd4\xc3\xb2\xa1\x07\x00\x04\x00\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0", 24,
		 "pcap version 7.4"},
	};
	struct wf_source *source;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct capture_writer writer = {0};

		capture_put(&writer, rows[i].bytes, rows[i].len);
		assert_int_equal(capture_read_file(&writer).open_err, -EBADMSG);
		assert_non_null(strstr(capture_last_log, rows[i].why));
		assert_int_equal(capture_read_pipe(&writer, 4096).open_err, -EBADMSG);
		assert_non_null(strstr(capture_last_log, rows[i].why));
		capture_writer_fini(&writer);
	}
	assert_int_equal(wf_pcap_file_open("/nonexistent/file", capture_pool, &source), -ENOENT);
	assert_non_null(strstr(capture_last_log, "/nonexistent/file: No such file"));
	assert_int_equal(wf_pcap_file_open("/tmp", capture_pool, &source), -EISDIR);
	assert_non_null(strstr(capture_last_log, "/tmp: is a directory"));
}

TEST_GROUP(capture_group_setup, capture_group_teardown);
