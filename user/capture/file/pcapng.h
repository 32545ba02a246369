/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pcapng.h - parses the blocks of a pcapng file; used by pcap_format.c only.
 */
#ifndef WF_CAPTURE_FILE_PCAPNG_H
#define WF_CAPTURE_FILE_PCAPNG_H

#include <stdint.h>

#include "capture/file/pcap_state.h"

/* offset of the length in a block, of the whole block */
#define WF_PCAPNG_LEN_OFF 4

struct wf_frame;

/*
 * Parse the section header, and interfaces up to the first supported one; see
 * wf_pcap_format_begin().
 */
enum wf_pcap_status wf_pcapng_begin(struct wf_pcap_state *state, const uint8_t *bytes,
				    uint64_t len_bytes, uint64_t *ret_used);

/* Parse blocks; see wf_pcap_format_next(). */
enum wf_pcap_status wf_pcapng_next(struct wf_pcap_state *state, const uint8_t *bytes,
				   uint64_t len_bytes, struct wf_frame *frames, unsigned int max,
				   unsigned int *ret_count, uint64_t *ret_used);

#endif
