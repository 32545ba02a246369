// SPDX-License-Identifier: BSD-2-Clause
/*
 * trials.c - holds the packets of connections whose senders are judged, and records the verdicts.
 *
 * If the segments of a sender are accepted (WF_SENDER_BELIEVED), a flag of its flow records this.
 * SYNs alone make no flow; until the flow exists, the trial stays in the table, without packets, as
 * the record. If there is no room for another trial, the oldest record is removed; if there is no
 * record, or no room for a packet, the oldest trial ends early.
 */
#include "senders/trials.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "conn/conn.h"
#include "flow/age_list.h"
#include "memory/arena.h"
#include "memory/budget.h"
#include "memory/slab.h"
#include "packet/frame.h"
#include "senders/marks.h"
#include "senders/verdict.h"

/*
 * Maximum time for which a packet is held: longer than the time to the first retransmission of a
 * SYN.
 */
#define HOLD_NS (3 * WF_NS_PER_SEC)

enum { BUCKETS = 256, PACKETS_PER_TRIAL = 64 };

struct held {
	struct wf_frame frame;
	struct wf_packet packet;
	uint32_t next; /* id of the next packet of the trial; 0: none */
};

/* The trial of one connection. Arrays are indexed by endpoint of the key. */
struct trial {
	struct weft_flow_key key;
	uint32_t hash;
	uint32_t next; /* id of the next trial in its bucket; 0: none */
	struct wf_age_links ages;
	uint64_t until_ns;
	bool is_judging; /* false: the trial has ended and only records the verdict */
	bool is_believed[2];
	struct wf_sender_counts counts[2];
	uint32_t first; /* ids of the first and the last held packet */
	uint32_t last;
	uint32_t packets;
};

struct trials {
	struct wf_trials shared;
	struct wf_trials_opts opts;
	struct wf_slab *slab;
	struct wf_slab *packets;
	struct wf_age_list judging;
	struct wf_age_list believed;
	uint32_t buckets[BUCKETS];
};

/* ---- the table ------------------------------------------------------------------------ */

static struct trial *trial_at(const struct trials *trials, uint32_t id)
{
	return wf_slab_at(trials->slab, id);
}

/* Return the id of the trial of @packet's connection; 0: none. */
static uint32_t find_trial(const struct trials *trials, const struct wf_packet *packet)
{
	uint32_t id = trials->buckets[packet->hash % BUCKETS];

	while (id && (trial_at(trials, id)->hash != packet->hash ||
		      memcmp(&trial_at(trials, id)->key, &packet->key, sizeof(packet->key)) != 0))
		id = trial_at(trials, id)->next;
	return id;
}

static struct wf_age_list *list_of(struct trials *trials, const struct trial *trial)
{
	return trial->is_judging ? &trials->judging : &trials->believed;
}

/* Remove the trial @id, which holds no packets. */
static void remove_trial(struct trials *trials, uint32_t id)
{
	struct trial *trial = trial_at(trials, id);
	uint32_t *link = &trials->buckets[trial->hash % BUCKETS];

	while (*link != id)
		link = &trial_at(trials, *link)->next;
	*link = trial->next;
	wf_age_list_remove(list_of(trials, trial), id);
	wf_slab_put(trials->slab, id);
}

/* ---- what is known of a sender -------------------------------------------------------- */

static struct wf_flow *find_flow(const struct trials *trials, const struct weft_flow_key *key,
				 uint32_t hash)
{
	return wf_flow_table_find(&trials->opts.conns->table, key, hash);
}

static bool is_flagged(const struct wf_flow *flow, uint8_t endpoint)
{
	return flow->flags & WF_FLOW_WRONG_CHECKSUMS(wf_flow_dir(flow, endpoint));
}

/*
 * Add at most two earlier segments of @endpoint to @counts. They count as segments with correct
 * checksums, because a wrong one would have begun a trial.
 */
static void count_earlier(const struct trials *trials, const struct wf_packet *packet,
			  uint8_t endpoint, struct wf_sender_counts *counts)
{
	const struct wf_flow *flow = find_flow(trials, &packet->key, packet->hash);
	const struct wf_handshake *handshake;

	if (flow) {
		enum weft_dir dir = wf_flow_dir(flow, endpoint);
		bool has_data = flow->stream[dir].next_off || flow->stream[dir].extents;

		counts->right[has_data] +=
			flow->packets[dir] > 2 ? 2 : (uint32_t)flow->packets[dir];
		return;
	}
	handshake = wf_half_open_find(&trials->opts.conns->half_open, &packet->key, packet->hash);
	if (handshake && handshake->side[endpoint].flags & WF_HANDSHAKE_SEEN)
		counts->right[0]++;
}

static void count_segment(struct wf_sender_counts *counts, const struct wf_packet *packet)
{
	bool has_data = packet->payload_bytes > 0;

	if (packet->checksum == WF_CHECKSUM_RIGHT)
		counts->right[has_data]++;
	else if (packet->checksum == WF_CHECKSUM_WRONG)
		counts->wrong[has_data]++;
}

static enum wf_sender_verdict judge(const struct trials *trials,
				    const struct wf_sender_counts *counts,
				    const struct weft_flow_key *key, uint8_t endpoint,
				    bool is_final)
{
	bool is_known_right =
		trials->opts.marks && wf_marks_is_right(trials->opts.marks, key->addr[endpoint]);

	return wf_sender_judge(counts, is_final, is_known_right);
}

static void report_once(const struct trials *trials, const struct weft_flow_key *key,
			uint8_t endpoint)
{
	bool is_ipv4 = wf_flow_key_is_ipv4(key);
	char text[INET6_ADDRSTRLEN];

	if (!trials->opts.marks ||
	    atomic_exchange_explicit(&trials->opts.marks->is_reported, true, memory_order_relaxed))
		return;
	inet_ntop(is_ipv4 ? AF_INET : AF_INET6, key->addr[endpoint] + (is_ipv4 ? 12 : 0), text,
		  sizeof(text));
	wf_warn("checksum: nearly all segments of %s have wrong checksums, as in a capture made on "
		"the sending host or rewritten: segments of such senders are accepted (use "
		"--checksum verify to reject them, --checksum ignore to verify nothing)",
		text);
}

/* ---- ending a trial ------------------------------------------------------------------- */

/*
 * Judge both senders of @trial, and set is_believed. Return: false if a verdict is undecided, which
 * does not happen if @is_final is true.
 */
static bool decide(const struct trials *trials, struct trial *trial, bool is_final)
{
	bool is_decided = true;

	for (uint8_t i = 0; i < 2; i++) {
		const struct wf_sender_counts *counts = &trial->counts[i];
		enum wf_sender_verdict verdict;

		if (trial->is_believed[i] || !(counts->wrong[0] + counts->wrong[1]))
			continue;
		verdict = judge(trials, counts, &trial->key, i, is_final);
		trial->is_believed[i] = verdict == WF_SENDER_BELIEVED;
		if (trial->is_believed[i])
			report_once(trials, &trial->key, i);
		is_decided &= verdict != WF_SENDER_UNDECIDED;
	}
	return is_decided;
}

static void release_all(struct trials *trials, struct trial *trial)
{
	while (trial->first) {
		uint32_t id = trial->first;
		struct held held = *(struct held *)wf_slab_at(trials->packets, id);

		trial->first = held.next;
		wf_slab_put(trials->packets, id);
		trials->shared.held--;
		trials->opts.release(trials->opts.release_ctx, &held.frame, &held.packet,
				     held.packet.checksum != WF_CHECKSUM_WRONG ||
					     trial->is_believed[held.packet.src]);
	}
	trial->packets = 0;
}

/*
 * Return true if the trial can be removed: no sender is believed, or the flow has the flags of all
 * believed senders.
 */
static bool is_remembered(const struct trials *trials, const struct trial *trial)
{
	const struct wf_flow *flow = find_flow(trials, &trial->key, trial->hash);

	for (uint8_t i = 0; i < 2; i++)
		if (trial->is_believed[i] && (!flow || !is_flagged(flow, i)))
			return false;
	return true;
}

/* End the trial @id unless a sender is undecided. */
static void end_trial(struct trials *trials, uint32_t id, bool is_final)
{
	struct trial *trial = trial_at(trials, id);

	if (!decide(trials, trial, is_final))
		return;
	release_all(trials, trial);
	if (is_remembered(trials, trial)) {
		remove_trial(trials, id);
		return;
	}
	wf_age_list_remove(&trials->judging, id);
	trial->is_judging = false;
	wf_age_list_push(&trials->believed, id);
}

void wf_trials_tick(struct wf_trials *shared, uint64_t now_ns)
{
	struct trials *trials = (struct trials *)shared;

	while (trials->judging.oldest &&
	       trial_at(trials, trials->judging.oldest)->until_ns <= now_ns)
		end_trial(trials, trials->judging.oldest, true);
}

void wf_trials_flush(struct wf_trials *shared)
{
	wf_trials_tick(shared, UINT64_MAX);
}

/* ---- holding packets ------------------------------------------------------------------ */

/*
 * Take an entry of @slab. If there is none, first make room: remove the oldest trial that has ended
 * (only if @slab is that of trials), then end the oldest one that is being judged. Return: the id
 * of the entry; 0: no memory.
 */
static uint32_t take_entry(struct trials *trials, struct wf_slab *slab)
{
	uint32_t id = wf_slab_take(slab);

	if (!id && slab == trials->slab && trials->believed.oldest) {
		remove_trial(trials, trials->believed.oldest);
		id = wf_slab_take(slab);
	}
	if (!id && trials->judging.oldest) {
		end_trial(trials, trials->judging.oldest, true);
		id = wf_slab_take(slab);
	}
	return id;
}

static void hold(struct trials *trials, struct trial *trial, uint32_t held_id,
		 const struct wf_frame *frame, const struct wf_packet *packet)
{
	struct held *held = wf_slab_at(trials->packets, held_id);

	*held = (struct held){.frame = *frame, .packet = *packet};
	if (trial->first)
		((struct held *)wf_slab_at(trials->packets, trial->last))->next = held_id;
	else
		trial->first = held_id;
	trial->last = held_id;
	trial->packets++;
	trials->shared.held++;
	count_segment(&trial->counts[packet->src], packet);
}

/* Return the id of a new trial for @packet's connection; 0: no memory. */
static uint32_t add_trial(struct trials *trials, const struct wf_packet *packet)
{
	uint32_t *bucket = &trials->buckets[packet->hash % BUCKETS];
	uint32_t id = take_entry(trials, trials->slab);
	struct trial *trial;

	if (!id)
		return 0;
	trial = trial_at(trials, id);
	*trial = (struct trial){
		.key = packet->key,
		.hash = packet->hash,
		.next = *bucket,
		.until_ns = packet->time_ns + HOLD_NS,
		.is_judging = true,
	};
	for (uint8_t i = 0; i < 2; i++)
		count_earlier(trials, packet, i, &trial->counts[i]);
	*bucket = id;
	wf_age_list_push(&trials->judging, id);
	return id;
}

static void release_one(const struct trials *trials, const struct wf_frame *frame,
			const struct wf_packet *packet, bool is_accepted)
{
	trials->opts.release(trials->opts.release_ctx, frame, packet, is_accepted);
}

/*
 * Handle @packet, which has a wrong checksum and whose connection has no trial. Begin a trial if
 * earlier segments do not decide. Return: as wf_trials_take().
 */
static bool take_first_wrong(struct trials *trials, const struct wf_frame *frame,
			     const struct wf_packet *packet)
{
	const struct wf_flow *flow = find_flow(trials, &packet->key, packet->hash);
	struct wf_sender_counts counts = {{0}, {0}};
	enum wf_sender_verdict verdict;
	uint32_t id, held_id;

	if (flow && is_flagged(flow, packet->src))
		return false;
	count_earlier(trials, packet, packet->src, &counts);
	count_segment(&counts, packet);
	verdict = judge(trials, &counts, &packet->key, packet->src, false);
	if (verdict == WF_SENDER_UNDECIDED) {
		held_id = take_entry(trials, trials->packets);
		id = held_id ? add_trial(trials, packet) : 0;
		if (id) {
			hold(trials, trial_at(trials, id), held_id, frame, packet);
			return true;
		}
		if (held_id)
			wf_slab_put(trials->packets, held_id);
		verdict = judge(trials, &counts, &packet->key, packet->src, true);
	}
	release_one(trials, frame, packet, verdict == WF_SENDER_BELIEVED);
	return true;
}

/*
 * Add @packet to the trial @id of its connection. Return: false if it could not be held, because no
 * memory was free or the trial ended to free some.
 */
static bool add_packet(struct trials *trials, uint32_t id, const struct wf_frame *frame,
		       const struct wf_packet *packet)
{
	uint32_t held_id = take_entry(trials, trials->packets);
	struct trial *trial;

	/* The trial that ended to make room may have been this one. */
	if (held_id && find_trial(trials, packet) != id) {
		wf_slab_put(trials->packets, held_id);
		return false;
	}
	trial = trial_at(trials, id);
	if (!held_id || !trial->is_judging)
		return false;
	hold(trials, trial, held_id, frame, packet);
	end_trial(trials, id, trial->packets >= PACKETS_PER_TRIAL);
	return true;
}

static void count_mark(const struct trials *trials, const struct wf_packet *packet)
{
	if (trials->opts.marks && packet->checksum != WF_CHECKSUM_UNKNOWN &&
	    packet->tcp_flags & (WF_TCP_SYN | WF_TCP_FIN | WF_TCP_RST))
		wf_marks_count(trials->opts.marks, packet->key.addr[packet->src],
			       packet->checksum == WF_CHECKSUM_RIGHT);
}

bool wf_trials_take(struct wf_trials *shared, const struct wf_frame *frame,
		    const struct wf_packet *packet)
{
	struct trials *trials = (struct trials *)shared;
	uint32_t id;

	count_mark(trials, packet);
	id = find_trial(trials, packet);
	if (id && trial_at(trials, id)->is_judging) {
		if (packet->time_ns >= trial_at(trials, id)->until_ns)
			end_trial(trials, id, true);
		else if (add_packet(trials, id, frame, packet))
			return true;
		id = find_trial(trials, packet);
	}
	if (packet->checksum != WF_CHECKSUM_WRONG ||
	    (id && trial_at(trials, id)->is_believed[packet->src]))
		return false;
	if (id)
		remove_trial(trials, id);
	return take_first_wrong(trials, frame, packet);
}

/* ---- set-up --------------------------------------------------------------------------- */

int wf_trials_new(const struct wf_trials_opts *opts, struct wf_trials **ret_trials)
{
	struct wf_budget *budget = wf_arena_budget(opts->arena);
	struct trials *trials;
	int err;

	if (wf_budget_reserve(budget, WF_BUDGET_WORKERS, sizeof(*trials)))
		return -ENOBUFS;
	trials = calloc(1, sizeof(*trials));
	if (!trials) {
		wf_budget_release(budget, WF_BUDGET_WORKERS, sizeof(*trials));
		return -ENOMEM;
	}
	trials->opts = *opts;
	err = wf_slab_new(opts->arena, sizeof(struct trial), WF_TRIALS_MAX, &trials->slab);
	if (!err)
		err = wf_slab_new(opts->arena, sizeof(struct held), WF_TRIALS_PACKETS_MAX,
				  &trials->packets);
	if (err) {
		wf_trials_free(&trials->shared);
		return err;
	}
	trials->judging = (struct wf_age_list){
		.slab = trials->slab,
		.links_at = offsetof(struct trial, ages),
	};
	trials->believed = trials->judging;
	*ret_trials = &trials->shared;
	return 0;
}

void wf_trials_free(struct wf_trials *shared)
{
	struct trials *trials = (struct trials *)shared;

	if (!trials)
		return;
	wf_slab_free(trials->packets);
	wf_slab_free(trials->slab);
	wf_budget_release(wf_arena_budget(trials->opts.arena), WF_BUDGET_WORKERS, sizeof(*trials));
	free(trials);
}
