// SPDX-License-Identifier: BSD-2-Clause
/*
 * tcp_header.c - parses TCP options as receivers do.
 *
 * An option with a wrong length is ignored, except that MD5, AO and Fast Open (kind 34) are
 * accepted with any length. The list ends at an option whose length is below 2 or beyond the end of
 * the list. If an option is repeated, the last one is used. Options for SYN segments are ignored on
 * other segments.
 */
#include "decode/tcp_header.h"

#include <stddef.h>

enum option_kind {
	OPTION_END = 0,
	OPTION_NOP = 1,
	OPTION_MSS = 2,
	OPTION_WSCALE = 3,
	OPTION_SACK_OK = 4,
	OPTION_TIMESTAMP = 8,
	OPTION_MD5 = 19,
	OPTION_AO = 29,
	OPTION_FASTOPEN = 34,
	OPTION_EXPERIMENT = 254,
};

enum {
	WSCALE_MAX = 14, /* RFC 7323, 2.3 */
	EXPERIMENT_FASTOPEN = 0xf989,
};

/* Parse an option that is valid only on a SYN. */
static void read_syn_option(const uint8_t *at, uint32_t bytes, struct wf_packet *packet)
{
	switch (at[0]) {
	case OPTION_MSS:
		if (bytes != 4)
			return;
		packet->options |= WF_TCP_OPT_MSS;
		packet->mss = wf_load_be16(at + 2);
		return;
	case OPTION_WSCALE:
		if (bytes != 3)
			return;
		packet->options |= WF_TCP_OPT_WSCALE;
		packet->wscale = at[2] < WSCALE_MAX ? at[2] : WSCALE_MAX;
		return;
	case OPTION_SACK_OK:
		if (bytes == 2)
			packet->options |= WF_TCP_OPT_SACK_OK;
		return;
	case OPTION_FASTOPEN:
		packet->options |= WF_TCP_OPT_FASTOPEN;
		return;
	case OPTION_EXPERIMENT:
		if (bytes >= 4 && wf_load_be16(at + 2) == EXPERIMENT_FASTOPEN)
			packet->options |= WF_TCP_OPT_FASTOPEN;
		return;
	default:
		return;
	}
}

static void read_option(const uint8_t *at, uint32_t bytes, struct wf_packet *packet)
{
	switch (at[0]) {
	case OPTION_TIMESTAMP:
		if (bytes != 10)
			return;
		packet->options |= WF_TCP_OPT_TIMESTAMP;
		packet->ts_val = wf_load_be32(at + 2);
		packet->ts_ecr = wf_load_be32(at + 6);
		return;
	case OPTION_MD5:
	case OPTION_AO:
		packet->options |= WF_TCP_OPT_MD5;
		return;
	default:
		if (packet->tcp_flags & WF_TCP_SYN)
			read_syn_option(at, bytes, packet);
		return;
	}
}

void wf_tcp_options_read(const uint8_t *options, uint32_t options_bytes, struct wf_packet *packet)
{
	const uint8_t *end = options + options_bytes;
	ptrdiff_t bytes;

	for (; options < end; options += bytes) {
		bytes = 1;
		if (options[0] == OPTION_NOP)
			continue;
		if (options[0] == OPTION_END)
			return;
		bytes = end - options >= 2 ? options[1] : 0;
		if (bytes < 2 || bytes > end - options) {
			packet->options |= WF_TCP_OPT_MALFORMED;
			return;
		}
		read_option(options, (uint32_t)bytes, packet);
	}
}
