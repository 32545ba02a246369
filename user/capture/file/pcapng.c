// SPDX-License-Identifier: BSD-2-Clause
/*
 * pcapng.c - parses pcapng: blocks in sections. Each section has its own byte order and interfaces.
 *
 *   type │ length │ body, padded to 4 bytes │ the same length
 *
 * These blocks are parsed: section header, interface description, enhanced packet, simple packet
 * and obsolete packet. All other blocks are skipped. A simple packet has no time stamp and gets
 * that of the last packet that had one.
 *
 * Source: draft-ietf-opsawg-pcapng.
 */
#include "capture/file/pcapng.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/log.h"
#include "capture/file/pcap_bytes.h"
#include "capture/file/pcap_classic.h"
#include "capture/file/pcap_link.h"
#include "packet/frame.h"

enum block_type {
	BLOCK_INTERFACE = 1,
	BLOCK_OBSOLETE_PACKET = 2,
	BLOCK_SIMPLE_PACKET = 3,
	BLOCK_ENHANCED_PACKET = 6,
};

enum {
	BLOCK_HEADER_BYTES = 8,
	BLOCK_MIN_BYTES = 12,
	SECTION_MIN_BYTES = 28,
	INTERFACE_MIN_BYTES = 20,
	PACKET_MIN_BYTES = 32, /* minimum length of enhanced and obsolete packet blocks */
	SIMPLE_MIN_BYTES = 16,
	SECTION_BYTE_ORDER = 0x1a2b3c4d,
	OPTION_END = 0,
	OPTION_TSRESOL = 9,
	OPTION_TSOFFSET = 14,
	NS_EXPONENT = 9,
	MICROSECONDS = 6,  /* exponent of the default time resolution */
	EXPONENT_MAX = 27, /* maximum exponent: 10^(27 - 9) still fits in 64 bits */
};

static const char nothing_readable[] = "no interface has a supported link type";

/* A complete block, or the beginning of a block that is skipped. */
struct block {
	const uint8_t *bytes;
	uint32_t type;
	uint32_t len_bytes;
};

static enum wf_pcap_status damaged(struct wf_pcap_state *state, const char *why)
{
	snprintf(state->why, sizeof(state->why), "%s", why);
	return WF_PCAP_DAMAGED;
}

static bool is_skipped(uint32_t type)
{
	switch (type) {
	case WF_PCAPNG_MAGIC:
	case BLOCK_INTERFACE:
	case BLOCK_OBSOLETE_PACKET:
	case BLOCK_SIMPLE_PACKET:
	case BLOCK_ENHANCED_PACKET:
		return false;
	}
	return true;
}

static bool is_packet(uint32_t type)
{
	return type == BLOCK_ENHANCED_PACKET || type == BLOCK_SIMPLE_PACKET ||
	       type == BLOCK_OBSOLETE_PACKET;
}

/*
 * Set the byte order of the section that begins at @bytes. This must precede the reading of the
 * block's length, which has the same byte order.
 */
static enum wf_pcap_status section_order(struct wf_pcap_state *state, const uint8_t *bytes,
					 uint64_t len_bytes)
{
	uint32_t order;

	if (len_bytes < BLOCK_HEADER_BYTES + sizeof(order))
		return WF_PCAP_MORE;
	order = wf_pcap_u32(bytes + BLOCK_HEADER_BYTES, false);
	if (order != SECTION_BYTE_ORDER && order != __builtin_bswap32(SECTION_BYTE_ORDER))
		return damaged(state, "a section header without a valid byte-order magic");
	state->swapped = order != SECTION_BYTE_ORDER;
	return WF_PCAP_OK;
}

static enum wf_pcap_status find_block(struct wf_pcap_state *state, const uint8_t *bytes,
				      uint64_t len_bytes, struct block *ret_block)
{
	enum wf_pcap_status status;
	uint32_t type, len;

	if (len_bytes < BLOCK_HEADER_BYTES)
		return WF_PCAP_MORE;
	if (wf_pcap_u32(bytes, false) == WF_PCAPNG_MAGIC) {
		status = section_order(state, bytes, len_bytes);
		if (status != WF_PCAP_OK)
			return status;
	}
	if (wf_pcap_classic_begins(bytes, len_bytes))
		return wf_pcap_state_joined(state);
	type = wf_pcap_u32(bytes, state->swapped);
	len = wf_pcap_u32(bytes + WF_PCAPNG_LEN_OFF, state->swapped);
	if (len < BLOCK_MIN_BYTES || len % 4) {
		snprintf(state->why, sizeof(state->why),
			 "a block (type 0x%08x) with the invalid length %u", type, len);
		return WF_PCAP_DAMAGED;
	}
	if (!is_skipped(type) && len > WF_PCAP_RECORD_MAX) {
		snprintf(state->why, sizeof(state->why),
			 "a block (type 0x%08x) of %u bytes, which is longer than the maximum",
			 type, len);
		return WF_PCAP_DAMAGED;
	}
	if (len > len_bytes && !is_skipped(type))
		return WF_PCAP_MORE;
	if (len <= len_bytes && wf_pcap_u32(bytes + len - 4, state->swapped) != len)
		return damaged(state, "a block whose two length fields differ");
	*ret_block = (struct block){.bytes = bytes, .type = type, .len_bytes = len};
	return WF_PCAP_OK;
}

static enum wf_pcap_status read_section(struct wf_pcap_state *state, const struct block *block)
{
	uint16_t major;

	if (block->len_bytes < SECTION_MIN_BYTES)
		return damaged(state, "a section header that is too short");
	major = wf_pcap_u16(block->bytes + 12, state->swapped);
	if (major != 1) {
		snprintf(state->why, sizeof(state->why), "pcapng version %u is not supported",
			 major);
		return WF_PCAP_DAMAGED;
	}
	state->interfaces_count = 0;
	return WF_PCAP_OK;
}

static void set_resolution(struct wf_pcap_interface *interface, uint8_t value)
{
	interface->binary = value & 0x80;
	interface->exponent = value & 0x7f;
	interface->mul = 1;
	interface->div = 1;
	if (interface->binary)
		return;
	if (interface->exponent > EXPONENT_MAX)
		interface->mul = 0;
	for (int i = interface->exponent; i < NS_EXPONENT; i++)
		interface->mul *= 10;
	for (int i = NS_EXPONENT; i < interface->exponent && interface->mul; i++)
		interface->div *= 10;
}

static enum wf_pcap_status read_options(struct wf_pcap_state *state, const struct block *block,
					struct wf_pcap_interface *interface)
{
	const uint8_t *pos = block->bytes + 16;
	const uint8_t *end = block->bytes + block->len_bytes - 4;

	while (end - pos >= 4) {
		uint16_t code = wf_pcap_u16(pos, state->swapped);
		uint16_t len = wf_pcap_u16(pos + 2, state->swapped);
		uint32_t padded = (len + 3u) & ~3u;

		if (code == OPTION_END)
			break;
		pos += 4;
		if (padded > (uint64_t)(end - pos))
			return damaged(state, "an interface option that is longer than its block");
		if (code == OPTION_TSRESOL && len == 1)
			set_resolution(interface, *pos);
		else if (code == OPTION_TSOFFSET && len == 8)
			interface->offset_sec = (int64_t)wf_pcap_u64(pos, state->swapped);
		pos += padded;
	}
	return WF_PCAP_OK;
}

static enum wf_pcap_status interfaces_grow(struct wf_pcap_state *state)
{
	uint32_t room = state->interfaces_room ? 2 * state->interfaces_room : 8;
	struct wf_pcap_interface *more;

	if (room > WEFT_PCAPNG_INTERFACES_MAX)
		return damaged(state, "a section with more interfaces than the maximum");
	more = realloc(state->interfaces, room * sizeof(*more));
	if (!more) {
		damaged(state, "out of memory for the interfaces of a section");
		state->err = -ENOMEM;
		return WF_PCAP_DAMAGED;
	}
	state->interfaces = more;
	state->interfaces_room = room;
	return WF_PCAP_OK;
}

static enum wf_pcap_status read_interface(struct wf_pcap_state *state, const struct block *block)
{
	uint32_t linktype = wf_pcap_u16(block->bytes + 8, state->swapped);
	struct wf_pcap_interface *interface;
	enum wf_pcap_status status;

	if (block->len_bytes < INTERFACE_MIN_BYTES)
		return damaged(state, "an interface description that is too short");
	if (state->interfaces_count == state->interfaces_room) {
		status = interfaces_grow(state);
		if (status != WF_PCAP_OK)
			return status;
	}
	interface = &state->interfaces[state->interfaces_count];
	*interface = (struct wf_pcap_interface){
		.link = (int16_t)wf_pcap_link(linktype),
		.snap_bytes = wf_pcap_u32(block->bytes + 12, state->swapped),
	};
	set_resolution(interface, MICROSECONDS);
	status = read_options(state, block, interface);
	if (status != WF_PCAP_OK)
		return status;
	if (interface->link < 0)
		wf_warn("%s: interface %u: link type %u (%s) is not supported; its packets are "
			"skipped",
			state->name, state->interfaces_count, linktype,
			wf_pcap_link_name(linktype));
	state->interfaces_count++;
	return WF_PCAP_OK;
}

static uint64_t ticks_to_ns(const struct wf_pcap_interface *interface, uint64_t ticks)
{
	uint64_t offset_ns = (uint64_t)interface->offset_sec * WF_NS_PER_SEC;
	unsigned int shift = interface->exponent;

	if (!interface->binary)
		return (interface->div == 1 ? ticks * interface->mul : ticks / interface->div) +
		       offset_ns;
	if (shift > 63)
		return offset_ns;
	return (uint64_t)(((unsigned __int128)ticks * WF_NS_PER_SEC) >> shift) + offset_ns;
}

/* Header of a packet block of any kind. Its lengths are not checked yet. */
struct packet {
	uint32_t interface;
	uint32_t cap_bytes;
	uint32_t wire_bytes;
	uint32_t data_off;
	bool timed;
	uint64_t ticks;
};

static void read_timed(const struct wf_pcap_state *state, const uint8_t *bytes,
		       struct packet *packet)
{
	packet->ticks = (uint64_t)wf_pcap_u32(bytes + 12, state->swapped) << 32 |
			wf_pcap_u32(bytes + 16, state->swapped);
	packet->cap_bytes = wf_pcap_u32(bytes + 20, state->swapped);
	packet->wire_bytes = wf_pcap_u32(bytes + 24, state->swapped);
	packet->data_off = 28;
	packet->timed = true;
}

static void read_simple(const struct wf_pcap_state *state, const struct block *block,
			struct packet *packet)
{
	uint32_t snap_bytes = state->interfaces_count ? state->interfaces[0].snap_bytes : 0;

	packet->wire_bytes = wf_pcap_u32(block->bytes + 8, state->swapped);
	packet->cap_bytes = packet->wire_bytes;
	if (snap_bytes && packet->cap_bytes > snap_bytes)
		packet->cap_bytes = snap_bytes;
	packet->data_off = 12;
}

static enum wf_pcap_status read_packet(struct wf_pcap_state *state, const struct block *block,
				       struct packet *ret_packet)
{
	bool simple = block->type == BLOCK_SIMPLE_PACKET;
	struct packet packet = {0};

	if (block->len_bytes < (simple ? SIMPLE_MIN_BYTES : PACKET_MIN_BYTES))
		return damaged(state, "a packet block that is too short");
	if (simple)
		read_simple(state, block, &packet);
	else
		read_timed(state, block->bytes, &packet);
	if (block->type == BLOCK_ENHANCED_PACKET)
		packet.interface = wf_pcap_u32(block->bytes + 8, state->swapped);
	else if (block->type == BLOCK_OBSOLETE_PACKET)
		packet.interface = wf_pcap_u16(block->bytes + 8, state->swapped);

	if (packet.interface >= state->interfaces_count) {
		snprintf(state->why, sizeof(state->why),
			 "a packet of interface %u, but the section has only %u interfaces so far",
			 packet.interface, state->interfaces_count);
		return WF_PCAP_DAMAGED;
	}
	if (packet.cap_bytes > block->len_bytes - packet.data_off - 4)
		return damaged(state, "a packet that is longer than its block");
	if (packet.cap_bytes > WEFT_FRAME_MAX_BYTES)
		return damaged(state, "a packet that is longer than the maximum");
	*ret_packet = packet;
	return WF_PCAP_OK;
}

/*
 * Return true if an interface of the section has a supported link type, or if none is described
 * yet.
 */
static bool has_readable(const struct wf_pcap_state *state)
{
	for (uint32_t i = 0; i < state->interfaces_count; i++)
		if (state->interfaces[i].link >= 0)
			return true;
	return !state->interfaces_count;
}

/* Make a frame from a packet. Return: false if the link type of its interface is not supported. */
static bool make_frame(struct wf_pcap_state *state, const struct block *block,
		       const struct packet *packet, struct wf_frame *ret_frame)
{
	const struct wf_pcap_interface *interface = &state->interfaces[packet->interface];

	if (packet->timed)
		state->last_ns = ticks_to_ns(interface, packet->ticks);
	if (interface->link < 0) {
		state->skipped++;
		return false;
	}
	*ret_frame = (struct wf_frame){
		.bytes = block->bytes + packet->data_off,
		.time_ns = state->last_ns,
		.cap_bytes = packet->cap_bytes,
		.wire_bytes = packet->wire_bytes > packet->cap_bytes ? packet->wire_bytes
								     : packet->cap_bytes,
		.flags = WF_FRAME_FILE,
		.link = (uint8_t)interface->link,
		.file = 1,
	};
	state->packets++;
	return true;
}

static enum wf_pcap_status read_description(struct wf_pcap_state *state, const struct block *block)
{
	if (block->type == WF_PCAPNG_MAGIC)
		return read_section(state, block);
	if (block->type == BLOCK_INTERFACE)
		return read_interface(state, block);
	return WF_PCAP_OK;
}

enum wf_pcap_status wf_pcapng_next(struct wf_pcap_state *state, const uint8_t *bytes,
				   uint64_t len_bytes, struct wf_frame *frames, unsigned int max,
				   unsigned int *ret_count, uint64_t *ret_used)
{
	enum wf_pcap_status status = WF_PCAP_OK;
	unsigned int count = 0;
	uint64_t pos = 0;

	while (count < max) {
		struct packet packet;
		struct block block;

		if (pos > len_bytes)
			break;
		status = find_block(state, bytes + pos, len_bytes - pos, &block);
		if (status != WF_PCAP_OK)
			break;
		if (!is_packet(block.type)) {
			status = read_description(state, &block);
		} else {
			status = read_packet(state, &block, &packet);
			if (status == WF_PCAP_OK && !state->packets && !has_readable(state))
				status = damaged(state, nothing_readable);
			if (status == WF_PCAP_OK &&
			    make_frame(state, &block, &packet, &frames[count]))
				count++;
		}
		if (status != WF_PCAP_OK)
			break;
		pos += block.len_bytes;
	}
	*ret_count = count;
	*ret_used = pos;
	return status;
}

/*
 * Parse up to the first supported interface, so that a file without a supported interface is
 * rejected at once. Do not parse further, because a pipe may have no more bytes for a long time.
 */
enum wf_pcap_status wf_pcapng_begin(struct wf_pcap_state *state, const uint8_t *bytes,
				    uint64_t len_bytes, uint64_t *ret_used)
{
	enum wf_pcap_status status;
	uint64_t pos = 0;

	for (;;) {
		struct block block;

		if (pos >= len_bytes)
			break;
		status = find_block(state, bytes + pos, len_bytes - pos, &block);
		if (status == WF_PCAP_MORE && pos)
			break;
		if (status != WF_PCAP_OK)
			return status;
		if (is_packet(block.type))
			break;
		status = read_description(state, &block);
		if (status != WF_PCAP_OK)
			return status;
		pos += block.len_bytes;
		if (state->interfaces_count && has_readable(state))
			break;
	}
	if (!has_readable(state))
		return damaged(state, nothing_readable);
	*ret_used = pos;
	return WF_PCAP_OK;
}
