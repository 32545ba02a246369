// SPDX-License-Identifier: BSD-2-Clause
#include "unit/support/capture_writer.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void capture_writer_fini(struct capture_writer *writer)
{
	free(writer->bytes);
	*writer = (struct capture_writer){0};
}

void capture_put(struct capture_writer *writer, const void *bytes, size_t len)
{
	if (writer->len + len > writer->room) {
		writer->room = 2 * (writer->len + len) + 1024;
		writer->bytes = realloc(writer->bytes, writer->room);
		assert(writer->bytes);
	}
	if (len)
		memcpy(writer->bytes + writer->len, bytes, len);
	writer->len += len;
}

void capture_put_u16(struct capture_writer *writer, uint16_t value)
{
	if (writer->swapped)
		value = __builtin_bswap16(value);
	capture_put(writer, &value, sizeof(value));
}

void capture_put_u32(struct capture_writer *writer, uint32_t value)
{
	if (writer->swapped)
		value = __builtin_bswap32(value);
	capture_put(writer, &value, sizeof(value));
}

void capture_put_u64(struct capture_writer *writer, uint64_t value)
{
	if (writer->swapped)
		value = __builtin_bswap64(value);
	capture_put(writer, &value, sizeof(value));
}

void capture_pcap_header(struct capture_writer *writer, uint32_t magic, uint32_t linktype)
{
	capture_put_u32(writer, magic);
	capture_put_u16(writer, 2);
	capture_put_u16(writer, 4);
	capture_put_u32(writer, 0);
	capture_put_u32(writer, 0);
	capture_put_u32(writer, 262144);
	capture_put_u32(writer, linktype);
}

void capture_pcap_packet(struct capture_writer *writer, uint32_t sec, uint32_t fraction,
			 const void *bytes, uint32_t cap, uint32_t wire)
{
	capture_put_u32(writer, sec);
	capture_put_u32(writer, fraction);
	capture_put_u32(writer, cap);
	capture_put_u32(writer, wire);
	capture_put(writer, bytes, cap);
}

static void pad_to_4(struct capture_writer *writer)
{
	while (writer->len % 4)
		capture_put(writer, "", 1);
}

size_t capture_block_begin(struct capture_writer *writer, uint32_t type)
{
	size_t begin = writer->len;

	capture_put_u32(writer, type);
	capture_put_u32(writer, 0);
	return begin;
}

void capture_block_end(struct capture_writer *writer, size_t begin)
{
	uint32_t len;

	pad_to_4(writer);
	len = (uint32_t)(writer->len - begin) + 4;
	capture_put_u32(writer, len);
	memcpy(writer->bytes + begin + 4, writer->bytes + writer->len - 4, 4);
}

void capture_section(struct capture_writer *writer)
{
	size_t begin = capture_block_begin(writer, 0x0a0d0d0a);

	capture_put_u32(writer, 0x1a2b3c4d);
	capture_put_u16(writer, 1);
	capture_put_u16(writer, 0);
	capture_put_u64(writer, UINT64_MAX);
	capture_block_end(writer, begin);
}

void capture_interface(struct capture_writer *writer, uint16_t linktype, uint32_t snap,
		       uint8_t tsresol, int64_t tsoffset)
{
	size_t begin = capture_block_begin(writer, 1);

	capture_put_u16(writer, linktype);
	capture_put_u16(writer, 0);
	capture_put_u32(writer, snap);
	if (tsresol) {
		capture_put_u16(writer, 9);
		capture_put_u16(writer, 1);
		capture_put(writer, &tsresol, 1);
		pad_to_4(writer);
	}
	if (tsoffset) {
		capture_put_u16(writer, 14);
		capture_put_u16(writer, 8);
		capture_put_u64(writer, (uint64_t)tsoffset);
	}
	capture_put_u32(writer, 0);
	capture_block_end(writer, begin);
}

void capture_enhanced(struct capture_writer *writer, uint32_t interface, uint64_t ticks,
		      const void *bytes, uint32_t cap, uint32_t wire)
{
	size_t begin = capture_block_begin(writer, 6);

	capture_put_u32(writer, interface);
	capture_put_u32(writer, (uint32_t)(ticks >> 32));
	capture_put_u32(writer, (uint32_t)ticks);
	capture_put_u32(writer, cap);
	capture_put_u32(writer, wire);
	capture_put(writer, bytes, cap);
	capture_block_end(writer, begin);
}

void capture_write_file(const struct capture_writer *writer, char *path)
{
	int fd;

	strcpy(path, "/tmp/weft-capture-XXXXXX");
	fd = mkstemp(path);
	assert(fd >= 0);
	assert(write(fd, writer->bytes, writer->len) == (ssize_t)writer->len);
	close(fd);
}
