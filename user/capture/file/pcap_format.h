/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pcap_format.h - parses the records of a capture file from bytes in memory into frames.
 *
 * Supports pcap (both byte orders, microseconds and nanoseconds, patched layouts) and pcapng.
 * Frames point into the input. The parser reads no file; its caller passes bytes in memory:
 * pcap_map.c passes the bytes up to the end of the populated window, pcap_pipe.c the bytes that
 * have arrived. Nothing is parsed after damaged data.
 *
 * Thread: one.
 */
#ifndef WF_CAPTURE_FILE_PCAP_FORMAT_H
#define WF_CAPTURE_FILE_PCAP_FORMAT_H

#include "capture/file/pcap_state.h"
#include "packet/look_ahead.h"

struct wf_frame;

/*
 * Parse the file header at @bytes; *@ret_used is its length. Return: WF_PCAP_OK on success;
 * WF_PCAP_MORE if the header is incomplete; WF_PCAP_DAMAGED if the file is not a capture file or is
 * not supported.
 */
enum wf_pcap_status wf_pcap_format_begin(struct wf_pcap_state *state, const char *name,
					 const uint8_t *bytes, uint64_t len_bytes,
					 uint64_t *ret_used);

/*
 * Parse up to @max records at @bytes into frames. *@ret_count and *@ret_used are always written.
 * With pcapng, *@ret_used may exceed @len_bytes: the caller then skips the excess bytes of the
 * input. Return: why the parser stopped, see enum wf_pcap_status.
 */
enum wf_pcap_status wf_pcap_format_next(struct wf_pcap_state *state, const uint8_t *bytes,
					uint64_t len_bytes, struct wf_frame *frames,
					unsigned int max, unsigned int *ret_count,
					uint64_t *ret_used);

/* Let @ahead prefetch the records from @at on. @end: end of the readable bytes, at least @at. */
void wf_pcap_format_look_ahead(const struct wf_pcap_state *state, const uint8_t *at,
			       const uint8_t *end, struct wf_look_ahead *ahead);

void wf_pcap_format_fini(struct wf_pcap_state *state);

#endif
