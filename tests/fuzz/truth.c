// SPDX-License-Identifier: BSD-2-Clause
/*
 * truth.c - computes the bytes that weft must deliver, from the simulated endpoints and not from
 * the frames.
 *
 * The simulation avoids cases whose result depends on timing. A lost segment is sent again within a
 * minute; if the capture is one-sided, clearly before or clearly after the time that weft waits for
 * missing bytes. Packets are reordered by less than weft's timeout after an acknowledgement. Bytes
 * that the capture has missed are missing in each copy.
 */
#include <stdlib.h>
#include <string.h>

#include <weft/flow.h>

#include "fuzz/conversation_internal.h"
#include "fuzz/grow.h"

#define MS 1000000ull

/* Facts about one direction according to the captured packets. */
struct seen {
	uint8_t *held; /* for each byte of the stream: 1 if it was captured in time */
	uint64_t max;  /* one beyond the last captured byte */
	uint64_t first;
	uint32_t single_bytes; /* number of bytes from first on that came in one-byte segments */
	uint64_t acked;
	uint64_t acked_by_reset;
	uint64_t behind_hole_ns; /* time of the first byte behind the current hole; 0: no hole */
	bool syn;
	bool any;
	bool beyond_syn; /* data was captured on a segment other than a SYN */
	bool fin;
	bool fin_acked;
	bool reset;
};

static void note_ack(struct seen *seen, const struct sim_packet *packet, uint64_t stream_bytes)
{
	uint64_t acked = packet->ack ? packet->ack - 1 : 0;

	if (acked > stream_bytes) {
		acked = stream_bytes;
		seen->fin_acked = true;
	}
	if (acked > seen->acked_by_reset)
		seen->acked_by_reset = acked;
	if (!(packet->flags & WIRE_RST) && acked > seen->acked)
		seen->acked = acked;
}

static void note_payload(struct seen *seen, const struct sim_packet *packet, uint64_t late_ns)
{
	uint64_t start = conv_payload_start(packet);
	bool too_late = late_ns && start < seen->max && seen->behind_hole_ns &&
			packet->time_ns > seen->behind_hole_ns + late_ns;

	if (packet->garbage || too_late)
		return;
	if (start > seen->max && !seen->behind_hole_ns)
		seen->behind_hole_ns = packet->time_ns;
	memset(seen->held + start, 1, packet->len_bytes);
	if (start + packet->len_bytes > seen->max)
		seen->max = start + packet->len_bytes;
}

static void look(const struct maker *maker, struct seen seen[2])
{
	bool given_up = maker->kinds & CONV_LATE && maker->kinds & CONV_ONE_SIDED;
	uint64_t late_ns = given_up ? 11000 * MS : 0;

	for (uint32_t i = 0; i < maker->capture.count; i++) {
		const struct sim_packet *packet = &maker->capture.packets[i];
		struct seen *own = &seen[packet->from];

		if (maker->dropped[i])
			continue;
		if (packet->flags & WIRE_ACK)
			note_ack(&seen[!packet->from], packet,
				 maker->sim.stream_bytes[!packet->from]);
		if (packet->first_syn)
			continue;
		if (packet->flags & WIRE_SYN)
			own->syn = true;
		if (!own->any && !(packet->flags & WIRE_RST)) {
			own->any = true;
			own->first = packet->off ? packet->off - 1 : 0;
		}
		if (packet->len_bytes == 1 &&
		    conv_payload_start(packet) == own->first + own->single_bytes)
			own->single_bytes++;
		if (packet->len_bytes)
			note_payload(own, packet, late_ns);
		own->beyond_syn |= packet->len_bytes && !(packet->flags & WIRE_SYN);
		own->fin |= !!(packet->flags & WIRE_FIN);
		if (packet->flags & WIRE_RST)
			own->reset = true;
	}
}

static void add_gap(struct conv_truth_dir *dir, uint64_t start, uint64_t end)
{
	dir->gaps = must(realloc(dir->gaps, (dir->gaps_count + 1) * sizeof(*dir->gaps)));
	dir->gaps[dir->gaps_count++] = (struct conv_gap){start, end - start, 0};
}

static void fill_dir(const struct maker *maker, const struct seen *seen, int from,
		     struct conv_truth_dir *dir)
{
	uint64_t start;

	dir->bytes = maker->sim.stream[from];
	dir->bytes_len = maker->sim.stream_bytes[from];
	if (maker->kinds & CONV_MIDSTREAM && !seen->syn) {
		dir->start = seen->any ? seen->first : 0;
		dir->lead_gap_allowed = true;
		dir->start_unsure_bytes = seen->single_bytes;
	}
	dir->end = seen->max;
	if (seen->fin)
		dir->end = dir->bytes_len;
	else if (seen->acked > dir->end)
		dir->end = seen->acked;
	dir->end_min = dir->end;
	if (seen->acked_by_reset > dir->end)
		dir->end = seen->acked_by_reset;
	if (seen->fin_acked && !seen->fin)
		dir->end = dir->bytes_len + 1; /* the next number may be a byte or the FIN */
	if (dir->end < dir->start)
		dir->end = dir->end_min = dir->start;
	for (uint64_t off = dir->start; off < dir->end; off++) {
		if (seen->held[off])
			continue;
		for (start = off; off < dir->end && !seen->held[off];)
			off++;
		add_gap(dir, start, off);
	}
	if (maker->kinds & CONV_MIDSTREAM && seen->max <= dir->start)
		dir->end_min = dir->start;
	if (!seen->any) {
		dir->end_min = 0;
		dir->loose = true;
	}
}

/*
 * Handles a reset while data is in flight: only bytes that were captured before the first reset,
 * and without a hole before them, are certain.
 */
static void loosen(const struct maker *maker, struct conv_truth *truth)
{
	uint64_t reset_ns = 0;
	uint8_t *held;

	for (uint32_t i = 0; i < maker->capture.count && !reset_ns; i++)
		if (maker->capture.packets[i].flags & WIRE_RST)
			reset_ns = maker->capture.packets[i].time_ns;
	if (!reset_ns)
		return;
	for (int from = 0; from < 2; from++) {
		struct conv_truth_dir *dir = &truth->dir[from];

		held = must(calloc(1, dir->bytes_len + 2));
		for (uint32_t i = 0; i < maker->capture.count; i++) {
			const struct sim_packet *packet = &maker->capture.packets[i];

			if (packet->from == from && packet->len_bytes && !packet->garbage &&
			    packet->time_ns < reset_ns && !maker->dropped[i])
				memset(held + conv_payload_start(packet), 1, packet->len_bytes);
		}
		dir->loose = true;
		for (dir->end_min = 0; held[dir->end_min]; dir->end_min++)
			;
		free(held);
	}
}

static uint32_t reasons_of(const struct maker *maker, const struct seen seen[2])
{
	uint32_t end = 1u << WEFT_CLOSE_END | 1u << WEFT_CLOSE_TIMEOUT | 1u << WEFT_CLOSE_REUSED;

	if (maker->kinds & (CONV_MISSED | CONV_MIDSTREAM | CONV_ONE_SIDED | CONV_DIRTY_RST))
		return CONV_REASON_ANY;
	if (seen[0].reset || seen[1].reset)
		return 1u << WEFT_CLOSE_RST;
	if (seen[0].fin && seen[1].fin)
		return 1u << WEFT_CLOSE_FIN;
	return end;
}

static bool opener_is_known(const struct maker *maker)
{
	if (maker->kinds & (CONV_DIRTY_RST | CONV_EARLY))
		return false; /* with CONV_EARLY, packets may be captured before the handshake */
	for (uint32_t i = 0; i < maker->capture.count; i++)
		if (!maker->dropped[i])
			return maker->capture.packets[i].flags & WIRE_SYN &&
			       maker->sim.open != SIM_OPEN_SIMULTANEOUS &&
			       maker->sim.open != SIM_OPEN_SPLIT;
	return false;
}

/*
 * Returns the anomalies that weft may report although the endpoints behaved correctly; 0 if all
 * packets were captured in order.
 */
static uint32_t anomalies_of(const struct maker *maker)
{
	if (maker->kinds &
	    (CONV_MISSED | CONV_MIDSTREAM | CONV_ONE_SIDED | CONV_DIRTY_RST | CONV_EARLY))
		return UINT32_MAX;
	/* Data may be captured before the segment that opened the window for it. */
	if (maker->kinds & CONV_SKEW)
		return 1u << WEFT_ANOMALY_DATA_OUT_OF_WINDOW;
	return 0;
}

void truth_fill(struct maker *maker, struct conv_truth *truth)
{
	struct seen seen[2] = {0};

	for (int from = 0; from < 2; from++)
		seen[from].held = must(calloc(1, maker->sim.stream_bytes[from] + 2));
	look(maker, seen);
	for (int from = 0; from < 2; from++)
		fill_dir(maker, &seen[from], from, &truth->dir[from]);
	if (maker->kinds & CONV_DIRTY_RST)
		loosen(maker, truth);
	truth->certain = seen[0].max > truth->dir[0].start || seen[1].max > truth->dir[1].start;
	/*
	 * If only one side was captured and only its SYN has data, it is unknown whether the peer
	 * accepted the data.
	 */
	if (maker->kinds & CONV_ONE_SIDED && !seen[0].beyond_syn && !seen[1].beyond_syn)
		truth->certain = false;
	truth->opener_known = opener_is_known(maker);
	truth->reasons = reasons_of(maker, seen);
	truth->anomalies_may |= anomalies_of(maker);
	free(seen[0].held);
	free(seen[1].held);
}
