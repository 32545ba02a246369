/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * capture_writer.h - builds capture files in memory, in any byte order, valid or damaged.
 */
#ifndef TESTS_UNIT_SUPPORT_CAPTURE_WRITER_H
#define TESTS_UNIT_SUPPORT_CAPTURE_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct capture_writer {
	uint8_t *bytes; /* owned; freed by capture_writer_fini() */
	size_t len;
	size_t room;
	bool swapped; /* true: write numbers in the reverse of the host's byte order */
};

void capture_writer_fini(struct capture_writer *writer);

void capture_put(struct capture_writer *writer, const void *bytes, size_t len);
void capture_put_u16(struct capture_writer *writer, uint16_t value);
void capture_put_u32(struct capture_writer *writer, uint32_t value);
void capture_put_u64(struct capture_writer *writer, uint64_t value);

/* Functions for pcap files. */
void capture_pcap_header(struct capture_writer *writer, uint32_t magic, uint32_t linktype);
void capture_pcap_packet(struct capture_writer *writer, uint32_t sec, uint32_t fraction,
			 const void *bytes, uint32_t cap, uint32_t wire);

/*
 * pcapng: the caller begins a block, fills it with capture_put*(), and ends it, which writes length
 * and padding.
 */
size_t capture_block_begin(struct capture_writer *writer, uint32_t type);
void capture_block_end(struct capture_writer *writer, size_t begin);
void capture_section(struct capture_writer *writer);

/* @tsresol, @tsoffset: 0 means that the option is absent. */
void capture_interface(struct capture_writer *writer, uint16_t linktype, uint32_t snap,
		       uint8_t tsresol, int64_t tsoffset);
void capture_enhanced(struct capture_writer *writer, uint32_t interface, uint64_t ticks,
		      const void *bytes, uint32_t cap, uint32_t wire);

/* Writes the bytes to a temporary file, which the caller unlinks. @path: at least 64 bytes. */
void capture_write_file(const struct capture_writer *writer, char *path);

#endif
