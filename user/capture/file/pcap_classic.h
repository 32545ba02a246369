/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pcap_classic.h - recognises and parses a pcap file. The functions that parse are used by
 * pcap_format.c only.
 */
#ifndef WF_CAPTURE_FILE_PCAP_CLASSIC_H
#define WF_CAPTURE_FILE_PCAP_CLASSIC_H

#include "capture/file/pcap_state.h"

/* offset of the captured length in a record header */
#define WF_PCAP_CLASSIC_LEN_OFF 8

struct wf_frame;

/*
 * Return true if @value, read in host byte order, is the magic of a pcap file in either byte order.
 */
bool wf_pcap_classic_is_magic(uint32_t value);

/*
 * Return true if @bytes begin like the header of a pcap file: magic, version 2, and 0 as time zone
 * and accuracy.
 */
bool wf_pcap_classic_begins(const uint8_t *bytes, uint64_t len_bytes);

/* Parse the header of a file that begins with a pcap magic; see wf_pcap_format_begin(). */
enum wf_pcap_status wf_pcap_classic_begin(struct wf_pcap_state *state, const uint8_t *bytes,
					  uint64_t len_bytes, uint64_t *ret_used);

/* Parse records; see wf_pcap_format_next(). */
enum wf_pcap_status wf_pcap_classic_next(struct wf_pcap_state *state, const uint8_t *bytes,
					 uint64_t len_bytes, struct wf_frame *frames,
					 unsigned int max, unsigned int *ret_count,
					 uint64_t *ret_used);

#endif
