// SPDX-License-Identifier: BSD-2-Clause
/* test_pcapng_out.c - compares blocks with their bytes as the format's specification gives them. */
#include "unit/support/test.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sink/format/pcapng_out.h"

static uint8_t bytes[4096];

static struct wf_pcapng_out new_out(size_t room)
{
	memset(bytes, 0xee, sizeof(bytes));
	return (struct wf_pcapng_out){.bytes = bytes, .room = room};
}

static uint32_t word(size_t at)
{
	uint32_t value;

	memcpy(&value, bytes + at, sizeof(value));
	return value;
}

/* Asserts that the block at @at has @len bytes and this length at both its ends. */
static void assert_block(size_t at, uint32_t type, uint32_t len)
{
	assert_int_equal(word(at), type);
	assert_int_equal(word(at + 4), len);
	assert_int_equal(word(at + len - 4), len);
	assert_int_equal(wf_pcapng_out_block_bytes(bytes + at, len), len);
	assert_int_equal(wf_pcapng_out_block_bytes(bytes + at, len - 1), 0);
}

/* Asserts that an option with @text, padded with zero bytes, is at @at. Return: its end. */
static size_t assert_option(size_t at, uint16_t code, const char *text)
{
	uint16_t header[2];
	size_t len = strlen(text);

	memcpy(header, bytes + at, sizeof(header));
	assert_int_equal(header[0], code);
	assert_int_equal(header[1], len);
	assert_memory_equal(bytes + at + 4, text, len);
	for (at += 4 + len; at % 4; at++)
		assert_int_equal(bytes[at], 0);
	return at;
}

TEST(pcapng_out_section_and_interface_are_described)
{
	struct wf_pcapng_out out = new_out(sizeof(bytes));
	size_t at;

	assert_true(wf_pcapng_out_section(&out, "weft 1.2.3"));
	assert_block(0, 0x0a0d0d0a, 48);
	assert_int_equal(word(8), 0x1a2b3c4d);
	assert_int_equal(word(12), 1); /* version 1.0 */
	assert_int_equal(word(16), UINT32_MAX);
	assert_int_equal(word(20), UINT32_MAX);
	at = assert_option(24, 4, "weft 1.2.3");
	assert_int_equal(word(at), 0);
	assert_int_equal(at + 8, 48);

	assert_true(wf_pcapng_out_interface(&out, "eth0", NULL));
	assert_block(48, 1, 40);
	assert_int_equal(word(56), 1); /* Ethernet */
	assert_int_equal(word(60), 0);
	at = assert_option(64, 2, "eth0");
	at = assert_option(at, 9, "\x09");
	assert_int_equal(word(at), 0);
	assert_int_equal(out.len, 88);
}

TEST(pcapng_out_packet_is_padded_and_has_a_comment)
{
	struct wf_pcapng_out out = new_out(sizeof(bytes));
	const struct wf_pcapng_packet packet = {
		.interface = 3,
		.time_ns = 0x123456789abcdef0ull,
		.header = (const uint8_t *)"head",
		.header_bytes = 4,
		.payload = (const uint8_t *)"12345",
		.payload_bytes = 5,
		.comment = "why",
	};
	const uint8_t *frame;
	size_t frame_bytes;

	assert_true(wf_pcapng_out_packet(&out, &packet));
	assert_int_equal(out.len, 56);
	assert_block(0, 6, 56);
	assert_int_equal(word(8), 3);
	assert_int_equal(word(12), 0x12345678);
	assert_int_equal(word(16), 0x9abcdef0);
	assert_int_equal(word(20), 9);
	assert_int_equal(word(24), 9);
	assert_memory_equal(bytes + 28, "head12345\0\0\0", 12);
	assert_int_equal(word(assert_option(40, 1, "why")), 0);
	frame = wf_pcapng_out_frame_of(bytes, &frame_bytes);
	assert_ptr_equal(frame, bytes + 28);
	assert_int_equal(frame_bytes, 9);
}

TEST(pcapng_out_block_without_room_is_left_out)
{
	const struct wf_pcapng_packet packet = {
		.header = (const uint8_t *)"head", .header_bytes = 4, .comment = "a comment"};
	struct wf_pcapng_out whole = new_out(sizeof(bytes));

	assert_true(wf_pcapng_out_packet(&whole, &packet));
	for (size_t room = 0; room < whole.len; room++) {
		struct wf_pcapng_out out = new_out(room);

		assert_false(wf_pcapng_out_packet(&out, &packet));
		assert_int_equal(out.len, 0);
		assert_int_equal(bytes[0], 0xee);
	}
}

TEST(pcapng_out_long_text_is_truncated)
{
	struct wf_pcapng_out out = new_out(sizeof(bytes));
	char text[3 * WF_PCAPNG_OUT_TEXT_MAX_BYTES];

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = 0;
	assert_true(wf_pcapng_out_interface(&out, text, text));
	assert_int_equal(out.len, word(4));
	assert_true(out.len < 3 * WF_PCAPNG_OUT_TEXT_MAX_BYTES);
}

TEST(pcapng_out_appends_to_whole_files_only)
{
	struct wf_pcapng_out out = new_out(sizeof(bytes));
	char path[] = "/tmp/weft-pcapng-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	unlink(path);
	wf_pcapng_out_section(&out, "x");
	wf_pcapng_out_interface(&out, NULL, NULL);
	assert_int_equal(write(fd, bytes, out.len), out.len);
	assert_true(wf_pcapng_out_may_append(fd, out.len));
	for (size_t len = 1; len < out.len; len++) {
		if (len == word(4))
			continue;
		assert_int_equal(ftruncate(fd, (off_t)len), 0);
		assert_false(wf_pcapng_out_may_append(fd, len));
	}
	assert_int_equal(pwrite(fd, "\xd4\xc3\xb2\xa1", 4, 0), 4);
	assert_false(wf_pcapng_out_may_append(fd, out.len));
	close(fd);
}
