/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pcap_format.h - the records of a capture file: bytes in, frames out, in place.
 *
 * Reads pcap (both byte orders, micro- and nanoseconds, the patched layouts) and pcapng. It
 * knows nothing of files: a mapping passes all bytes, a pipe those that have arrived. After
 * damage nothing more is read.
 *
 * Thread: one.
 */
#ifndef WF_CAPTURE_FILE_PCAP_FORMAT_H
#define WF_CAPTURE_FILE_PCAP_FORMAT_H

#include "capture/file/pcap_state.h"

struct wf_frame;

/*
 * Read the file's header from @bytes; @ret_used: how many belong to it.
 * Return: OK; MORE; DAMAGED: no capture file, or of a kind we can't read.
 */
enum wf_pcap_status wf_pcap_format_begin(struct wf_pcap_state *state, const char *name,
					 const uint8_t *bytes, uint64_t len_bytes,
					 uint64_t *ret_used);

/*
 * Makes up to @max frames of the records at @bytes. Always sets *@ret_count and *@ret_used; with
 * pcapng the latter may exceed @len_bytes, and the caller skips these bytes.
 */
enum wf_pcap_status wf_pcap_format_next(struct wf_pcap_state *state, const uint8_t *bytes,
					uint64_t len_bytes, struct wf_frame *frames,
					unsigned int max, unsigned int *ret_count,
					uint64_t *ret_used);

void wf_pcap_format_fini(struct wf_pcap_state *state);

#endif
