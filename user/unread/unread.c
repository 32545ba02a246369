// SPDX-License-Identifier: BSD-2-Clause
/*
 * unread.c - counts the most frequent EtherTypes and ports, and sets the metrics unread_*.
 */
#include "unread/unread.h"

#include <stddef.h>

#include "decode/decode.h"
#include "metrics/metrics.h"
#include "packet/packet.h"
#include "unread/guess.h"

static uint64_t pack(const struct wf_guess *guess)
{
	return (uint64_t)guess->kind << 32 | (uint64_t)guess->usual_port << 16 | guess->number;
}

static struct wf_guess unpack(uint64_t what)
{
	return (struct wf_guess){
		.kind = (enum wf_guess_kind)(what >> 32),
		.usual_port = (uint16_t)(what >> 16),
		.number = (uint16_t)what,
	};
}

static uint64_t load(const _Atomic uint64_t *value)
{
	return atomic_load_explicit(value, memory_order_relaxed);
}

static void store(_Atomic uint64_t *value, uint64_t amount)
{
	atomic_store_explicit(value, amount, memory_order_relaxed);
}

/* Subtract @frames, or the lowest count of a slot if that is less, from every slot. */
static void lower(struct wf_unread *unread, uint64_t frames)
{
	for (size_t i = 0; i < WF_UNREAD_SLOTS; i++)
		if (load(&unread->slots[i].frames) < frames)
			frames = load(&unread->slots[i].frames);
	for (size_t i = 0; i < WF_UNREAD_SLOTS; i++) {
		struct wf_unread_slot *slot = &unread->slots[i];

		store(&slot->frames, load(&slot->frames) - frames);
		if (!load(&slot->frames))
			store(&slot->what, 0);
	}
}

static void count(struct wf_unread *unread, uint64_t what, uint64_t frames)
{
	struct wf_unread_slot *found = NULL;

	for (size_t i = 0; i < WF_UNREAD_SLOTS; i++) {
		struct wf_unread_slot *slot = &unread->slots[i];

		if (load(&slot->what) == what) {
			found = slot;
			break;
		}
		if (!found && !load(&slot->what))
			found = slot;
	}
	if (!found) {
		lower(unread, frames);
		return;
	}
	store(&found->what, what);
	store(&found->frames, load(&found->frames) + frames);
}

static void examine(struct wf_unread *unread, const struct wf_guess *guess)
{
	store(&unread->examined, load(&unread->examined) + 1);
	if (guess->kind != WF_GUESS_NOTHING)
		count(unread, pack(guess), 1);
}

void wf_unread_note(struct wf_unread *unread, const struct wf_decoder *decoder,
		    const struct wf_frame *frame)
{
	struct wf_guess guess;

	if (unread->frames++ >= WF_UNREAD_ALL_FRAMES && unread->frames % WF_UNREAD_EVERY)
		return;
	guess = wf_guess(decoder, frame);
	examine(unread, &guess);
}

void wf_unread_note_passed(struct wf_unread *unread, const struct wf_decoder *decoder,
			   const struct wf_frame *frame)
{
	struct wf_guess guess = {.kind = WF_GUESS_NOTHING};
	struct wf_packet packet;

	switch (wf_decode(decoder, frame, &packet)) {
	case WF_DECODE_TCP:
		guess.kind = WF_GUESS_USER;
		break;
	case WF_DECODE_NOT_TCP:
		guess = wf_guess(decoder, frame);
		break;
	case WF_DECODE_FRAGMENT:
	case WF_DECODE_MALFORMED:
	case WF_DECODE_CHECKSUM:
		break;
	}
	examine(unread, &guess);
}

void wf_unread_add(struct wf_unread *unread, const struct wf_unread *other)
{
	store(&unread->examined, load(&unread->examined) + load(&other->examined));
	for (size_t i = 0; i < WF_UNREAD_SLOTS; i++) {
		uint64_t what = load(&other->slots[i].what);

		if (what)
			count(unread, what, load(&other->slots[i].frames));
	}
}

/*
 * Return the number of frames of the most frequent EtherType or port of @kind. *@ret_guess: that
 * EtherType or port.
 */
static uint64_t most_frequent(const struct wf_unread *unread, enum wf_guess_kind kind,
			      struct wf_guess *ret_guess)
{
	uint64_t most = 0;

	*ret_guess = (struct wf_guess){.kind = kind};
	for (size_t i = 0; i < WF_UNREAD_SLOTS; i++) {
		struct wf_guess guess = unpack(load(&unread->slots[i].what));
		uint64_t frames = load(&unread->slots[i].frames);

		if (guess.kind != kind || frames <= most)
			continue;
		most = frames;
		*ret_guess = guess;
	}
	return most;
}

void wf_unread_report(const struct wf_unread *unread, struct wf_metrics *metrics)
{
	struct wf_guess guess;

	wf_metric_set(metrics, unread_examined_frames, load(&unread->examined));
	wf_metric_set(metrics, unread_ethertype_frames,
		      most_frequent(unread, WF_GUESS_ETHERTYPE, &guess));
	wf_metric_set(metrics, unread_ethertype_number, guess.number);
	wf_metric_set(metrics, unread_vxlan_frames, most_frequent(unread, WF_GUESS_VXLAN, &guess));
	wf_metric_set(metrics, unread_vxlan_port, guess.number);
	wf_metric_set(metrics, unread_geneve_frames,
		      most_frequent(unread, WF_GUESS_GENEVE, &guess));
	wf_metric_set(metrics, unread_geneve_port, guess.number);
	wf_metric_set(metrics, unread_tunnel_frames,
		      most_frequent(unread, WF_GUESS_TUNNEL, &guess));
	wf_metric_set(metrics, unread_tunnel_port, guess.number);
	wf_metric_set(metrics, unread_tunnel_usual_port, guess.usual_port);
	wf_metric_set(metrics, unread_user_frames, most_frequent(unread, WF_GUESS_USER, &guess));
}
