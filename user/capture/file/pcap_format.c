// SPDX-License-Identifier: BSD-2-Clause
/*
 * pcap_format.c - identifies the format of a capture file by its first bytes.
 */
#include "capture/file/pcap_format.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/file/pcap_bytes.h"
#include "capture/file/pcap_classic.h"
#include "capture/file/pcapng.h"

struct foreign {
	const char *bytes;
	uint8_t len_bytes;
	const char *what;
};

/* Other formats that users may pass by mistake, with advice for each. */
static const struct foreign foreigns[] = {
	{"snoop\0\0\0", 8, "a snoop file: convert it with editcap -F pcap"},
	{"RTSS", 4, "a Network Monitor file: convert it with editcap -F pcap"},
	{"GMBU", 4, "a Network Monitor file: convert it with editcap -F pcap"},
	{"TRSNIFF", 7, "a Sniffer file: convert it with editcap -F pcap"},
};

static void describe_foreign(struct wf_pcap_state *state, const uint8_t *bytes, uint64_t len_bytes)
{
	for (size_t i = 0; i < sizeof(foreigns) / sizeof(foreigns[0]); i++) {
		if (len_bytes < foreigns[i].len_bytes ||
		    memcmp(bytes, foreigns[i].bytes, foreigns[i].len_bytes))
			continue;
		snprintf(state->why, sizeof(state->why), "%s", foreigns[i].what);
		return;
	}
	snprintf(state->why, sizeof(state->why), "not a pcap or pcapng file");
}

enum wf_pcap_status wf_pcap_format_begin(struct wf_pcap_state *state, const char *name,
					 const uint8_t *bytes, uint64_t len_bytes,
					 uint64_t *ret_used)
{
	uint32_t magic;

	wf_pcap_format_fini(state);
	*state = (struct wf_pcap_state){.name = name};
	if (len_bytes < sizeof(magic))
		return WF_PCAP_MORE;

	magic = wf_pcap_u32(bytes, false);
	if (magic == WF_PCAPNG_MAGIC) {
		state->is_ng = true;
		return wf_pcapng_begin(state, bytes, len_bytes, ret_used);
	}
	if (wf_pcap_classic_is_magic(magic))
		return wf_pcap_classic_begin(state, bytes, len_bytes, ret_used);
	describe_foreign(state, bytes, len_bytes);
	return WF_PCAP_DAMAGED;
}

enum wf_pcap_status wf_pcap_format_next(struct wf_pcap_state *state, const uint8_t *bytes,
					uint64_t len_bytes, struct wf_frame *frames,
					unsigned int max, unsigned int *ret_count,
					uint64_t *ret_used)
{
	if (state->is_ng)
		return wf_pcapng_next(state, bytes, len_bytes, frames, max, ret_count, ret_used);
	return wf_pcap_classic_next(state, bytes, len_bytes, frames, max, ret_count, ret_used);
}

void wf_pcap_format_look_ahead(const struct wf_pcap_state *state, const uint8_t *at,
			       const uint8_t *end, struct wf_look_ahead *ahead)
{
	ahead->at = at;
	ahead->end = end;
	ahead->len_off = state->is_ng ? WF_PCAPNG_LEN_OFF : WF_PCAP_CLASSIC_LEN_OFF;
	ahead->extra = state->header_bytes; /* 0 for pcapng */
	ahead->swapped = state->swapped;
}

void wf_pcap_format_fini(struct wf_pcap_state *state)
{
	free(state->interfaces);
	state->interfaces = NULL;
	state->interfaces_room = 0;
	state->interfaces_count = 0;
}
