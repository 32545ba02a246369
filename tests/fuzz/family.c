// SPDX-License-Identifier: BSD-2-Clause
/*
 * family.c - finds the families of a conversation from its captured packets.
 */
#include "fuzz/family.h"

#include <stdlib.h>

#include "fuzz/conversation_internal.h"

/*
 * State of one side according to the captured packets, without the data on SYNs. Offsets as in
 * sim.h: 1 is the first byte.
 */
struct view {
	uint8_t *held;	/* for each offset: true if it was captured */
	uint64_t next;	/* all bytes below this offset were captured */
	uint64_t end;	/* one beyond the last captured byte */
	uint64_t right; /* right edge of the peer's window, computed without scaling */
	uint64_t fin;	/* offset of the FIN; 0: not captured */
	bool syn;
	bool counted_syn; /* the SYN with the initial number that is used was captured */
	bool bare_syn;
	bool data_before_syn;
	bool fin_before_data;
};

struct looker {
	const struct maker *maker;
	uint64_t families;
	struct view view[2];
};

/* Marks the payload as captured. Return: true if any byte is new. */
static bool take_bytes(struct view *view, const struct sim_packet *packet)
{
	uint64_t off = packet->off + !!(packet->flags & WIRE_SYN);
	bool is_new = false;

	for (uint32_t i = 0; i < packet->len_bytes; i++) {
		is_new |= !view->held[off + i];
		view->held[off + i] = 1;
	}
	if (off + packet->len_bytes > view->end)
		view->end = off + packet->len_bytes;
	while (view->held[view->next])
		view->next++;
	return is_new;
}

static void look_at_syn(struct looker *looker, const struct sim_packet *packet)
{
	struct view *own = &looker->view[packet->from];
	bool is_answer = packet->flags & WIRE_ACK;
	bool is_refused = looker->maker->sim.open == SIM_OPEN_FAST_IGNORED;

	if (packet->first_syn)
		looker->families |=
			packet->from ? FAMILY_BIT(SYN_ACK_OTHER_ISN) : FAMILY_BIT(SYN_OTHER_ISN);
	else if (looker->maker->sim.open == SIM_OPEN_SYN_OTHER_ISN && !packet->from &&
		 looker->view[1].syn && !own->counted_syn)
		looker->families |= FAMILY_BIT(EARLY_OTHER_ISN);
	if (packet->len_bytes && is_answer)
		looker->families |= FAMILY_BIT(SYN_ACK_DATA);
	else if (packet->len_bytes)
		looker->families |=
			is_refused ? FAMILY_BIT(SYN_DATA_REFUSED) : FAMILY_BIT(SYN_DATA);
	if (own->data_before_syn)
		looker->families |= FAMILY_BIT(EARLY_DATA);
	own->syn = true;
	own->counted_syn |= !packet->first_syn;
	own->bare_syn |= !is_answer;
	if (looker->view[0].bare_syn && looker->view[1].bare_syn)
		looker->families |= looker->maker->sim.open == SIM_OPEN_SPLIT
					    ? FAMILY_BIT(OPEN_SPLIT)
					    : FAMILY_BIT(OPEN_SIMULTANEOUS);
}

static void look_at_probe(struct looker *looker, const struct sim_packet *packet)
{
	if (packet->garbage)
		looker->families |= FAMILY_BIT(KEEPALIVE_GARBAGE);
	else if (packet->len_bytes)
		looker->families |= FAMILY_BIT(ZERO_WINDOW_PROBE);
	else
		looker->families |= FAMILY_BIT(KEEPALIVE);
}

static void look_at_data(struct looker *looker, const struct sim_packet *packet)
{
	struct view *own = &looker->view[packet->from];
	struct view *peer = &looker->view[!packet->from];

	if (packet->off > own->next && packet->off >= own->right && own->right)
		looker->families |= looker->maker->kinds & CONV_HEADLESS
					    ? FAMILY_BIT(SCALED_MIDSTREAM)
					    : FAMILY_BIT(SCALED_WINDOW);
	if (peer->fin && packet->ack > peer->fin && packet->off + packet->len_bytes > own->end)
		looker->families |= FAMILY_BIT(HALF_CLOSE);
	if (take_bytes(own, packet) && own->fin_before_data)
		looker->families |= FAMILY_BIT(FIN_BEFORE_DATA);
	own->data_before_syn |= !own->counted_syn;
}

static void look_at(struct looker *looker, const struct sim_packet *packet)
{
	struct view *own = &looker->view[packet->from];
	struct view *peer = &looker->view[!packet->from];

	if (packet->flags & WIRE_SYN)
		look_at_syn(looker, packet);
	if (packet->probe)
		look_at_probe(looker, packet);
	if (packet->len_bytes && !packet->garbage && !(packet->flags & WIRE_SYN))
		look_at_data(looker, packet);
	if (packet->flags & WIRE_FIN) {
		own->fin = packet->off + packet->len_bytes;
		own->fin_before_data |= own->next < own->fin;
	}
	if (packet->flags & WIRE_ACK && packet->ack + packet->window > peer->right)
		peer->right = packet->ack + packet->window;
}

void family_look(struct maker *maker)
{
	const struct conv_truth *truth = conv_truth_of(maker);
	struct looker looker = {.maker = maker};

	for (int from = 0; from < 2; from++) {
		looker.view[from].held = calloc(1, maker->sim.stream_bytes[from] + 3);
		if (!looker.view[from].held)
			abort();
		looker.view[from].next = 1;
		looker.view[from].end = 1;
	}
	for (uint32_t i = 0; i < maker->capture.count; i++)
		if (!maker->dropped[i])
			look_at(&looker, &maker->capture.packets[i]);
	if (truth->reasons == 1u << WEFT_CLOSE_RST)
		looker.families |= FAMILY_BIT(RST_EXACT);
	maker->families |= looker.families;
	free(looker.view[0].held);
	free(looker.view[1].held);
}

const char *conv_family_name(enum conv_family family)
{
	static const char *const names[FAMILY_COUNT] = {
		[FAMILY_OPEN_SIMULTANEOUS] = "open_simultaneous",
		[FAMILY_OPEN_SPLIT] = "open_split",
		[FAMILY_SYN_OTHER_ISN] = "syn_other_isn",
		[FAMILY_SYN_ACK_OTHER_ISN] = "syn_ack_other_isn",
		[FAMILY_SYN_DATA] = "syn_data",
		[FAMILY_SYN_DATA_REFUSED] = "syn_data_refused",
		[FAMILY_SYN_ACK_DATA] = "syn_ack_data",
		[FAMILY_EARLY_DATA] = "early_data",
		[FAMILY_EARLY_OTHER_ISN] = "early_other_isn",
		[FAMILY_SCALED_WINDOW] = "scaled_window",
		[FAMILY_SCALED_MIDSTREAM] = "scaled_midstream",
		[FAMILY_KEEPALIVE] = "keepalive",
		[FAMILY_KEEPALIVE_GARBAGE] = "keepalive_garbage",
		[FAMILY_ZERO_WINDOW_PROBE] = "zero_window_probe",
		[FAMILY_URGENT] = "urgent",
		[FAMILY_HALF_CLOSE] = "half_close",
		[FAMILY_FIN_BEFORE_DATA] = "fin_before_data",
		[FAMILY_RST_EXACT] = "rst_exact",
		[FAMILY_HANDSHAKE_FORGED] = "handshake_forged",
		[FAMILY_BAD_CHECKSUM] = "bad_checksum",
		[FAMILY_RST_OUTSIDE] = "rst_outside",
		[FAMILY_RST_INSIDE] = "rst_inside",
		[FAMILY_SYN_OUTSIDE] = "syn_outside",
		[FAMILY_SYN_INSIDE] = "syn_inside",
		[FAMILY_FIN_OUTSIDE] = "fin_outside",
		[FAMILY_FIN_BEYOND] = "fin_beyond",
		[FAMILY_DATA_OUTSIDE] = "data_outside",
		[FAMILY_PAWS] = "paws",
		[FAMILY_NO_ACK_FLAG] = "no_ack_flag",
		[FAMILY_ACK_OF_UNSENT] = "ack_of_unsent",
		[FAMILY_REUSE_AFTER_FIN] = "reuse_after_fin",
		[FAMILY_REUSE_AFTER_RST] = "reuse_after_rst",
		[FAMILY_REUSE_AFTER_TIMEOUT] = "reuse_after_timeout",
		[FAMILY_REUSE_IN_SILENCE] = "reuse_in_silence",
		[FAMILY_ECN] = "ecn",
		[FAMILY_ACCURATE_ECN] = "accurate_ecn",
		[FAMILY_OPTIONS] = "options",
		[FAMILY_OPTIONS_MALFORMED] = "options_malformed",
	};

	return names[family];
}
