// SPDX-License-Identifier: BSD-2-Clause
/*
 * pcapng_out.c - a block is:
 *
 *   │ type 4 │ length 4 │ fixed part │ data, padded to 4 │ options │ length 4 │
 *
 * and an option is │ code 2 │ length 2 │ value, padded to 4 │. The length of a block counts all of
 * it, and stands at its end once more, so that a file can also be read backwards.
 */
#include "sink/format/pcapng_out.h"

#include <string.h>
#include <sys/types.h>
#include <unistd.h>

enum {
	BLOCK_SECTION = 0x0a0d0d0a,
	BLOCK_INTERFACE = 1,
	BLOCK_PACKET = 6,

	OPTION_END = 0,
	OPTION_COMMENT = 1,
	OPTION_SECTION_APPLICATION = 4,
	OPTION_INTERFACE_NAME = 2,
	OPTION_INTERFACE_DESCRIPTION = 3,
	OPTION_INTERFACE_RESOLUTION = 9,

	BYTE_ORDER_MAGIC = 0x1a2b3c4d,
	LINK_ETHERNET = 1,
	NANOSECONDS = 9, /* time stamps count units of 10^-9 seconds */

	BLOCK_MIN_BYTES = 12,
	PACKET_LENGTH_AT = 20, /* offset of the captured length in a packet's block */
	PACKET_FRAME_AT = 28,
};

static size_t padded(size_t len)
{
	return (len + 3) & ~(size_t)3;
}

/* Append @len bytes and their padding. The caller has checked the room. */
static void put(struct wf_pcapng_out *out, const void *bytes, size_t len)
{
	if (len)
		memcpy(out->bytes + out->len, bytes, len);
	memset(out->bytes + out->len + len, 0, padded(len) - len);
	out->len += padded(len);
}

static void put_u32(struct wf_pcapng_out *out, uint32_t value)
{
	put(out, &value, sizeof(value));
}

static size_t text_bytes(const char *text)
{
	return text ? strnlen(text, WF_PCAPNG_OUT_TEXT_MAX_BYTES) : 0;
}

/* Return the room that an option with @text takes; 0 without a text. */
static size_t option_bytes(const char *text)
{
	return text ? 4 + padded(text_bytes(text)) : 0;
}

static void put_option(struct wf_pcapng_out *out, uint16_t code, const void *value, size_t len)
{
	const uint16_t header[2] = {code, (uint16_t)len};

	put(out, header, sizeof(header));
	put(out, value, len);
}

static void put_text(struct wf_pcapng_out *out, uint16_t code, const char *text)
{
	if (text)
		put_option(out, code, text, text_bytes(text));
}

/*
 * Begin a block with @inner bytes between its header and its last length. Return: false if it does
 * not fit.
 */
static bool begin(struct wf_pcapng_out *out, uint32_t type, size_t inner)
{
	size_t len = BLOCK_MIN_BYTES + inner;

	if (len > out->room - out->len)
		return false;
	put_u32(out, type);
	put_u32(out, (uint32_t)len);
	return true;
}

static void end(struct wf_pcapng_out *out, size_t inner)
{
	put_u32(out, (uint32_t)(BLOCK_MIN_BYTES + inner));
}

bool wf_pcapng_out_section(struct wf_pcapng_out *out, const char *application)
{
	const uint16_t version[2] = {1, 0};
	const uint64_t length = UINT64_MAX; /* not given, because the section grows */
	size_t inner = 16 + option_bytes(application) + 4;

	if (!begin(out, BLOCK_SECTION, inner))
		return false;
	put_u32(out, BYTE_ORDER_MAGIC);
	put(out, version, sizeof(version));
	put(out, &length, sizeof(length));
	put_text(out, OPTION_SECTION_APPLICATION, application);
	put_option(out, OPTION_END, NULL, 0);
	end(out, inner);
	return true;
}

bool wf_pcapng_out_interface(struct wf_pcapng_out *out, const char *name, const char *description)
{
	const uint16_t link[2] = {LINK_ETHERNET, 0};
	const uint8_t resolution = NANOSECONDS;
	size_t inner = 8 + option_bytes(name) + option_bytes(description) + 8 + 4;

	if (!begin(out, BLOCK_INTERFACE, inner))
		return false;
	put(out, link, sizeof(link));
	put_u32(out, 0); /* snap length: no limit */
	put_text(out, OPTION_INTERFACE_NAME, name);
	put_text(out, OPTION_INTERFACE_DESCRIPTION, description);
	put_option(out, OPTION_INTERFACE_RESOLUTION, &resolution, sizeof(resolution));
	put_option(out, OPTION_END, NULL, 0);
	end(out, inner);
	return true;
}

bool wf_pcapng_out_packet(struct wf_pcapng_out *out, const struct wf_pcapng_packet *packet)
{
	size_t bytes = packet->header_bytes + packet->payload_bytes;
	size_t inner = 20 + padded(bytes);
	size_t data;

	if (packet->comment)
		inner += option_bytes(packet->comment) + 4;
	if (!begin(out, BLOCK_PACKET, inner))
		return false;
	put_u32(out, packet->interface);
	put_u32(out, (uint32_t)(packet->time_ns >> 32));
	put_u32(out, (uint32_t)packet->time_ns);
	put_u32(out, (uint32_t)bytes);
	put_u32(out, (uint32_t)bytes);
	data = out->len;
	memcpy(out->bytes + data, packet->header, packet->header_bytes);
	if (packet->payload_bytes)
		memcpy(out->bytes + data + packet->header_bytes, packet->payload,
		       packet->payload_bytes);
	memset(out->bytes + data + bytes, 0, padded(bytes) - bytes);
	out->len += padded(bytes);
	put_text(out, OPTION_COMMENT, packet->comment);
	if (packet->comment)
		put_option(out, OPTION_END, NULL, 0);
	end(out, inner);
	return true;
}

static uint32_t u32_at(const uint8_t *bytes)
{
	uint32_t value;

	memcpy(&value, bytes, sizeof(value));
	return value;
}

size_t wf_pcapng_out_block_bytes(const uint8_t *bytes, size_t len)
{
	uint32_t block_bytes;

	if (len < BLOCK_MIN_BYTES)
		return 0;
	block_bytes = u32_at(bytes + 4);
	return block_bytes >= BLOCK_MIN_BYTES && block_bytes <= len ? block_bytes : 0;
}

const uint8_t *wf_pcapng_out_frame_of(const uint8_t *block, size_t *ret_len)
{
	if (u32_at(block) != BLOCK_PACKET)
		return NULL;
	*ret_len = u32_at(block + PACKET_LENGTH_AT);
	return block + PACKET_FRAME_AT;
}

static bool read_u32(int fd, uint64_t at, uint32_t *ret_value)
{
	return pread(fd, ret_value, sizeof(*ret_value), (off_t)at) == sizeof(*ret_value);
}

bool wf_pcapng_out_may_append(int fd, uint64_t file_bytes)
{
	uint32_t type, magic, last, same;

	if (!read_u32(fd, 0, &type) || type != BLOCK_SECTION || !read_u32(fd, 8, &magic) ||
	    magic != BYTE_ORDER_MAGIC || !read_u32(fd, file_bytes - 4, &last))
		return false;
	return last >= BLOCK_MIN_BYTES && last % 4 == 0 && last <= file_bytes &&
	       read_u32(fd, file_bytes - last + 4, &same) && same == last;
}
