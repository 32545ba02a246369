/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tcp_header.h - parses TCP headers and options (RFC 9293, 3.1).
 *
 * Thread: any; nothing is kept between calls.
 */
#ifndef WF_DECODE_TCP_HEADER_H
#define WF_DECODE_TCP_HEADER_H

#include "decode/layers_internal.h"

enum {
	WF_TCP_BYTES = 20,
	/* length of the options NOP, NOP, TIMESTAMP, which nearly all segments have */
	WF_TCP_TIMESTAMP_BYTES = 12,
};
#define WF_TCP_TIMESTAMP_ONLY 0x0101080au /* the first 4 bytes of these options */

/*
 * Parse @options and set the members of @packet that depend on them. packet->tcp_flags must be set.
 */
void wf_tcp_options_read(const uint8_t *options, uint32_t options_bytes, struct wf_packet *packet);

/*
 * Parse the TCP header at layers->pos and advance past it. Return: false if its length field is
 * invalid or fewer than 20 bytes were captured. If options were truncated, the segment is accepted,
 * so that a capture with a snap length of 54 still shows connections.
 */
static inline bool wf_tcp_header_read(struct wf_layers *layers, struct wf_packet *packet)
{
	const uint8_t *tcp = layers->pos;
	uint32_t header_bytes, options_bytes;

	if (wf_unlikely(layers->cap_bytes < WF_TCP_BYTES))
		return false;
	header_bytes = (uint32_t)(tcp[12] >> 4) * 4;
	if (wf_unlikely(header_bytes < WF_TCP_BYTES || header_bytes > layers->wire_bytes))
		return false;

	packet->seq = wf_load_be32(tcp + 4);
	packet->ack = wf_load_be32(tcp + 8);
	packet->tcp_flags = wf_load_be16(tcp + 12) & 0x1ff;
	packet->window = wf_load_be16(tcp + 14);
	packet->urgent = wf_load_be16(tcp + 18);
	packet->wscale = 0;

	options_bytes = header_bytes - WF_TCP_BYTES;
	if (wf_unlikely(header_bytes > layers->cap_bytes))
		options_bytes = layers->cap_bytes - WF_TCP_BYTES;
	if (wf_likely(options_bytes == WF_TCP_TIMESTAMP_BYTES &&
		      wf_load_be32(tcp + WF_TCP_BYTES) == WF_TCP_TIMESTAMP_ONLY)) {
		packet->options = WF_TCP_OPT_TIMESTAMP;
		packet->ts_val = wf_load_be32(tcp + 24);
	} else {
		packet->options = 0;
		packet->ts_val = 0;
		if (options_bytes)
			wf_tcp_options_read(tcp + WF_TCP_BYTES, options_bytes, packet);
	}

	layers->pos += WF_TCP_BYTES + options_bytes;
	layers->cap_bytes -= WF_TCP_BYTES + options_bytes;
	layers->wire_bytes -= header_bytes;
	return true;
}

#endif
