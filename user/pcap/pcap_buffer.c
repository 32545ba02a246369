// SPDX-License-Identifier: BSD-2-Clause
/*
 * pcap_buffer.c - appends packets to the buffer. The buffer is written when it is half full, so
 * that a packet always fits unless the owner can't write.
 */
#include "pcap/pcap_buffer.h"

#include <stdio.h>

#include <weft/weft.h>

enum { FLUSH_BYTES = WF_PCAP_BUFFER_BYTES / 2 };

void wf_pcap_buffer_init(struct wf_pcap_buffer *buffer, const struct wf_pcap_owner *owner,
			 void *ctx)
{
	buffer->owner = owner;
	buffer->ctx = ctx;
	buffer->blocks =
		(struct wf_pcapng_out){.bytes = buffer->bytes, .room = WF_PCAP_BUFFER_BYTES};
	buffer->section = 0;
	buffer->err = 0;
	buffer->newest_ns = 0;
}

void wf_pcap_buffer_begin_section(struct wf_pcap_buffer *buffer)
{
	char application[64];

	snprintf(application, sizeof(application), "weft %s", weft_version());
	wf_pcapng_out_section(&buffer->blocks, application);
	buffer->section++;
}

bool wf_pcap_buffer_has_room(struct wf_pcap_buffer *buffer, size_t bytes)
{
	if (buffer->blocks.len >= FLUSH_BYTES && !buffer->err)
		buffer->err = buffer->owner->write(buffer->ctx);
	return !buffer->err && buffer->blocks.room - buffer->blocks.len >= bytes;
}

bool wf_pcap_buffer_packet(struct wf_pcap_buffer *buffer, const struct wf_pcapng_packet *packet)
{
	if (!wf_pcap_buffer_has_room(buffer, 0) || !wf_pcapng_out_packet(&buffer->blocks, packet))
		return false;
	if (packet->time_ns > buffer->newest_ns)
		buffer->newest_ns = packet->time_ns;
	return true;
}
