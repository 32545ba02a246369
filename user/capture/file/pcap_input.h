/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pcap_input.h - reads a pipe or a compressed file into one buffer.
 *
 *   buffer: │ parsed │ waiting record(s) ... │ room │
 *                  begin                    end
 *
 * Compressed input is recognised by its first bytes and decompressed on the way into the buffer.
 *
 * Thread: one.
 */
#ifndef WF_CAPTURE_FILE_PCAP_INPUT_H
#define WF_CAPTURE_FILE_PCAP_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wf_decompress;

struct wf_pcap_input {
	int fd;				  /* owned */
	struct wf_decompress *decompress; /* owned; NULL: the input is not compressed */
	uint8_t *buffer;		  /* owned */
	size_t begin;
	size_t end;
	uint64_t off;	  /* offset of buffer[begin] in the decompressed input */
	uint64_t discard; /* bytes of a skipped block that have not arrived yet */
	bool eof;
};

/* Take @fd. Return: 0; -ENOMEM. wf_pcap_input_fini() must be called in both cases. */
int wf_pcap_input_init(struct wf_pcap_input *input, int fd);
void wf_pcap_input_fini(struct wf_pcap_input *input);

/*
 * Read input into the buffer. Return: 1 if bytes were read or the input ended; 0 if no bytes are
 * available within @timeout_ms (-1: wait), or if a signal handler interrupted the call; -EBADMSG if
 * compressed input is damaged or can't be read; other negative errno. For compressed input the call
 * always waits.
 */
int wf_pcap_input_read(struct wf_pcap_input *input, int timeout_ms);

/*
 * Start to decompress if the buffer, which holds the first bytes of the input, begins with the
 * magic of a supported compression. Return: 0; -ENOMEM.
 */
int wf_pcap_input_recognise(struct wf_pcap_input *input);

/* Return the reason of an error of wf_pcap_input_read(). */
const char *wf_pcap_input_why(const struct wf_pcap_input *input, int err);

/* Return true if the buffer has no room for more input. */
bool wf_pcap_input_is_full(const struct wf_pcap_input *input);

/*
 * Advance past @used bytes. Those that have not arrived yet are counted in `discard`; when they are
 * in the buffer, wf_pcap_input_discard() advances past them.
 */
void wf_pcap_input_consume(struct wf_pcap_input *input, uint64_t used);
void wf_pcap_input_discard(struct wf_pcap_input *input);

/*
 * Return the progress in the input: the compressed bytes that were read if the input is compressed,
 * else the bytes that were parsed.
 */
uint64_t wf_pcap_input_file_bytes(const struct wf_pcap_input *input);

#endif
