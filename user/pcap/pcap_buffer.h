/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pcap_buffer.h - a buffer of blocks of a pcapng file, and its owner, who writes them.
 *
 * Memory: WF_PCAP_BUFFER_BYTES. Thread: the owner's.
 */
#ifndef WF_PCAP_PCAP_BUFFER_H
#define WF_PCAP_PCAP_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sink/format/pcapng_out.h"

enum { WF_PCAP_BUFFER_BYTES = 256 * 1024 };

/**
 * struct wf_pcap_owner - the functions of the owner of a buffer
 * @write: writes blocks, and removes those that it has written from the buffer. Returns 0, also if
 *         blocks remain because there is no room for them at present; a negative errno if the
 *         output must end
 * @fail:  counts an event that was not written, and its @len_bytes bytes of streams
 * @warn:  reports a problem after which the output continues
 * @begins_late: connections may be older than the output; the file then begins such a connection
 *         with the first byte that the output received, not with a missing range
 */
struct wf_pcap_owner {
	int (*write)(void *ctx);
	void (*fail)(void *ctx, uint64_t len_bytes);
	void (*warn)(void *ctx, const char *message);
	bool begins_late;
};

struct wf_pcap_buffer {
	const struct wf_pcap_owner *owner;
	void *ctx;		     /* passed to the owner's functions */
	struct wf_pcapng_out blocks; /* in bytes[] */
	uint32_t section;	     /* number of the section to which packets are written */
	int err;		     /* negative errno: the output must end; 0: no error */
	uint64_t newest_ns;	     /* latest time of a packet so far */
	uint8_t bytes[WF_PCAP_BUFFER_BYTES];
};

/* Initialise an empty buffer. */
void wf_pcap_buffer_init(struct wf_pcap_buffer *buffer, const struct wf_pcap_owner *owner,
			 void *ctx);

/* Begin a section in the buffer, which is empty. The caller then describes its interfaces. */
void wf_pcap_buffer_begin_section(struct wf_pcap_buffer *buffer);

/*
 * Return true if blocks of @bytes bytes fit in the buffer, which is written first if it is at least
 * half full.
 */
bool wf_pcap_buffer_has_room(struct wf_pcap_buffer *buffer, size_t bytes);

/* Append a packet to the buffer. Return: false if it has no room, or if the output must end. */
bool wf_pcap_buffer_packet(struct wf_pcap_buffer *buffer, const struct wf_pcapng_packet *packet);

#endif
