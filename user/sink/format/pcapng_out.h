/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pcapng_out.h - writes the blocks of a pcapng file into a buffer, without allocating memory.
 *
 * The blocks are a Section Header, Interface Descriptions and Enhanced Packets with comments, in
 * the byte order of the host, with time stamps in nanoseconds.
 *
 * A block that does not fit in the buffer is left out as a whole.
 */
#ifndef WF_SINK_FORMAT_PCAPNG_OUT_H
#define WF_SINK_FORMAT_PCAPNG_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Maximum length of a text in a block; a longer text is truncated. */
enum { WF_PCAPNG_OUT_TEXT_MAX_BYTES = 512 };

struct wf_pcapng_out {
	uint8_t *bytes; /* borrowed */
	size_t room;
	size_t len; /* bytes written */
};

/**
 * struct wf_pcapng_packet - one packet, of which all bytes are written
 * @interface: index of the Interface Description in the section
 * @header:    first bytes of the frame
 * @payload:   the bytes that follow
 * @comment:   NULL: none
 */
struct wf_pcapng_packet {
	uint32_t interface;
	uint64_t time_ns;
	const uint8_t *header;
	size_t header_bytes;
	const uint8_t *payload;
	size_t payload_bytes;
	const char *comment;
};

/*
 * wf_pcapng_out_section(), _interface() and _packet() write one block each. Return: false if it
 * does not fit.
 */

/* Begin a section. @application: the name of the program that writes the file. */
bool wf_pcapng_out_section(struct wf_pcapng_out *out, const char *application);

/* Describe an interface whose packets are Ethernet frames. @name: NULL: none. */
bool wf_pcapng_out_interface(struct wf_pcapng_out *out, const char *name, const char *description);
bool wf_pcapng_out_packet(struct wf_pcapng_out *out, const struct wf_pcapng_packet *packet);

/* Return the length of the block at @bytes; 0 if it is longer than @len or no block. */
size_t wf_pcapng_out_block_bytes(const uint8_t *bytes, size_t len);

/*
 * Return the frame of the packet in the block at @block, which must be whole; NULL if the block is
 * not a packet. @ret_len: its length.
 */
const uint8_t *wf_pcapng_out_frame_of(const uint8_t *block, size_t *ret_len);

/*
 * Return true if sections can be appended to the file @fd of @file_bytes bytes: it begins with a
 * section and ends with a whole block, both in the byte order of this host.
 */
bool wf_pcapng_out_may_append(int fd, uint64_t file_bytes);

#endif
