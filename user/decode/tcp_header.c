// SPDX-License-Identifier: BSD-2-Clause
/*
 * tcp_header.c - parses TCP options as receivers do.
 *
 * An option with a wrong length is ignored. The list ends at an option whose length is below 2 or
 * beyond the end of the list. If an option is repeated, the last one is used. The window scale is
 * ignored on segments that are no SYN.
 */
#include "decode/tcp_header.h"

#include <stddef.h>

enum option_kind {
	OPTION_END = 0,
	OPTION_NOP = 1,
	OPTION_WSCALE = 3,
	OPTION_TIMESTAMP = 8,
};

/* Words of options, as senders align them. */
enum {
	WORD_MSS = 0x0204,	   /* the first 2 bytes; the MSS follows */
	WORD_WSCALE = 0x010303,	   /* NOP and the first 2 bytes; the shift count follows */
	WORD_SACK_OK = 0x01010402, /* NOP, NOP, SACK_OK */
	WORD_SACK_OK_TIMESTAMP = 0x0402080a, /* the first 4 bytes; 8 bytes follow */
	WORD_NOPS = 0x01010101,
};

enum {
	WSCALE_MAX = 14, /* RFC 7323, 2.3 */
};

static void put_wscale(struct wf_packet *packet, uint8_t wscale)
{
	packet->options |= WF_TCP_OPT_WSCALE;
	packet->wscale = wscale < WSCALE_MAX ? wscale : WSCALE_MAX;
}

static void put_timestamp(struct wf_packet *packet, const uint8_t *timestamp)
{
	packet->options |= WF_TCP_OPT_TIMESTAMP;
	packet->ts_val = wf_load_be32(timestamp);
}

/*
 * Parse words of 4 bytes that consist of whole options, as senders align them on SYNs. Return: the
 * first byte that was not parsed.
 */
static const uint8_t *read_syn_words(const uint8_t *at, const uint8_t *end,
				     struct wf_packet *packet)
{
	while (end - at >= 4) {
		uint32_t word = wf_load_be32(at);

		if (word == WORD_SACK_OK_TIMESTAMP && end - at >= WF_TCP_TIMESTAMP_BYTES) {
			put_timestamp(packet, at + 4);
			at += 8;
		} else if (word >> 8 == WORD_WSCALE) {
			put_wscale(packet, at[3]);
		} else if (word >> 16 != WORD_MSS && word != WORD_SACK_OK && word != WORD_NOPS) {
			break;
		}
		at += 4;
	}
	return at;
}

/* Parse an option of @bytes bytes. @is_syn: the segment is a SYN. */
static inline void read_option(const uint8_t *at, uint32_t bytes, bool is_syn,
			       struct wf_packet *packet)
{
	if (at[0] == OPTION_WSCALE && is_syn && bytes == 3)
		put_wscale(packet, at[2]);
	else if (at[0] == OPTION_TIMESTAMP && bytes == 10)
		put_timestamp(packet, at + 2);
}

void wf_tcp_options_read(const uint8_t *options, uint32_t options_bytes, struct wf_packet *packet)
{
	const bool is_syn = packet->tcp_flags & WF_TCP_SYN;
	const uint8_t *end = options + options_bytes;
	ptrdiff_t bytes;

	if (is_syn)
		options = read_syn_words(options, end, packet);
	for (; options < end; options += bytes) {
		bytes = 1;
		if (options[0] == OPTION_NOP)
			continue;
		if (options[0] == OPTION_END)
			return;
		bytes = end - options >= 2 ? options[1] : 0;
		if (bytes < 2 || bytes > end - options)
			return;
		read_option(options, (uint32_t)bytes, is_syn, packet);
	}
}
