// SPDX-License-Identifier: BSD-2-Clause
/*
 * pipeline.c - the stages of a batch: filter, decode, defragment, and then the connections
 * (conns.h).
 *
 * A batch is processed in groups of GROUP frames, in two passes. The first pass decodes the frames
 * and prefetches what their segments will read (conns.h); the second processes the segments.
 *
 * Verdicts that connections request (conn/kernel.h) are carried out after each group, or after the
 * segment if conns->wants_verdict is set. Verdicts that an inline callback requests are carried out
 * after the segment that caused the callback (verdicts.h).
 */
#include "worker/pipeline.h"

#include <endian.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/owner.h"
#include "packet/frame.h"
#include "packet/look_ahead.h"
#include "packet/segment_filter.h"
#include "capture/file/pcap_filter.h"
#include "decode/decode.h"
#include "decode/defrag.h"
#include "deliver/dispatch.h"
#include "conn/conns.h"
#include "senders/trials.h"
#include "unread/unread.h"
#include "worker/cleanup_tasks.h"
#include "worker/conns_setup.h"
#include "worker/fragments.h"
#include "worker/outcome.h"
#include "worker/pressure_actions.h"
#include "worker/verdicts.h"
#include "memory/arena.h"
#include "memory/budget.h"
#include "memory/page.h"
#include "metrics/metrics.h"

enum { GROUP = WF_CONNS_GROUP };

/*
 * Timers run before the next packet once this much monotonic time has elapsed. In replay, they do
 * not run between batches: the sizes of batches depend on how fast input arrives, and the outcome
 * must not. (In live capture, worker.c also runs them in each round.)
 */
#define TICK_NS (10 * WF_NS_PER_MS)

struct wf_pipeline {
	struct wf_conns conns;
	struct wf_decoder decoder;
	struct wf_defrag *defrag; /* owned */
	struct wf_trials *trials; /* owned */
	struct wf_pressure_actions actions;
	struct wf_verdicts verdicts;
	struct wf_pipeline_opts opts;
	/* time (of stamp_clock.h or CLOCK_MONOTONIC) at which timers run again */
	uint64_t tick_due_ns;
	uint32_t policy; /* number of the policy in use */
};

/* Process the segment, or drop it if its wrong checksum is not accepted. */
static void release(void *ctx, const struct wf_frame *frame, const struct wf_packet *packet,
		    bool is_accepted)
{
	struct wf_pipeline *pipeline = ctx;

	if (is_accepted)
		wf_conns_packet(&pipeline->conns, packet, NULL);
	wf_page_put(frame->page);
	wf_outcome_count(pipeline->opts.metrics, frame->flags & WF_FRAME_REBUILT,
			 is_accepted ? WF_OUTCOME_PROCESSED : WF_OUTCOME_CHECKSUM);
	wf_verdicts_run(&pipeline->verdicts);
}

static int init_trials(struct wf_pipeline *pipeline)
{
	const struct wf_trials_opts opts = {
		.arena = pipeline->opts.arena,
		.conns = &pipeline->conns,
		.marks = pipeline->opts.marks,
		.release = release,
		.release_ctx = pipeline,
	};

	return wf_trials_new(&opts, &pipeline->trials);
}

/* ---- set-up -------------------------------------------------------------------------- */

int wf_pipeline_new(const struct wf_pipeline_opts *opts, struct wf_pipeline **ret_pipeline)
{
	struct wf_budget *budget = wf_arena_budget(opts->arena);
	struct wf_pipeline *pipeline;
	int err;

	if (wf_budget_reserve(budget, WF_BUDGET_WORKERS, sizeof(*pipeline)))
		return -ENOBUFS;
	pipeline = calloc(1, sizeof(*pipeline));
	if (!pipeline) {
		wf_budget_release(budget, WF_BUDGET_WORKERS, sizeof(*pipeline));
		return -ENOMEM;
	}
	pipeline->opts = *opts;
	pipeline->decoder.secret = opts->secret;
	pipeline->decoder.ignore_vlan = opts->weft->vlan_in_key == WEFT_VLAN_IN_KEY_NO;
	pipeline->decoder.ports = opts->tunnel_ports;
	pipeline->decoder.rss = opts->rss;
	pipeline->decoder.checksum = opts->weft->checksum;
	err = wf_conns_setup_make(&pipeline->conns, opts);
	if (err)
		goto free_pipeline;
	wf_verdicts_init(&pipeline->verdicts, &pipeline->conns, opts->set_verdict,
			 opts->set_verdict_ctx);
	err = wf_fragments_new(opts->arena, opts->pages, opts->metrics, &opts->secret,
			       &pipeline->defrag);
	if (err)
		goto fini_conns;
	err = init_trials(pipeline);
	if (err)
		goto free_defrag;
	wf_pressure_actions_init(&pipeline->actions, &pipeline->conns, pipeline->defrag,
				 opts->dispatch, wf_arena_budget(opts->arena),
				 wf_arena_bytes(opts->arena) / opts->workers);
	*ret_pipeline = pipeline;
	return 0;

free_defrag:
	wf_defrag_free(pipeline->defrag);
fini_conns:
	wf_conns_setup_unmake(&pipeline->conns);
free_pipeline:
	wf_budget_release(budget, WF_BUDGET_WORKERS, sizeof(*pipeline));
	free(pipeline);
	return err;
}

void wf_pipeline_free(struct wf_pipeline *pipeline)
{
	if (!pipeline)
		return;
	wf_trials_free(pipeline->trials);
	wf_defrag_free(pipeline->defrag);
	wf_conns_setup_unmake(&pipeline->conns);
	wf_budget_release(wf_arena_budget(pipeline->opts.arena), WF_BUDGET_WORKERS,
			  sizeof(*pipeline));
	free(pipeline);
}

/*
 * Return true if VLAN tags, a tunnel with an identifier, or another EtherType than that of IP
 * precede the segment's IP header. Tunnels in IP without an identifier (IP in IP) are not noticed.
 */
static bool is_behind_headers(const struct wf_frame *frame, const struct wf_packet *packet)
{
	uint16_t type;

	if (packet->key.vlan[0] || packet->key.vni)
		return true;
	if (frame->link != WEFT_LINK_ETHERNET || frame->cap_bytes < ETH_HLEN)
		return false;
	memcpy(&type, frame->bytes + offsetof(struct ethhdr, h_proto), sizeof(type));
	return type != htobe16(ETH_P_IP) && type != htobe16(ETH_P_IPV6);
}

/*
 * Return the outcome of @frame, which does not match the expression. A fragment may lack the ports
 * that the expression names, so the rebuilt datagram is filtered instead.
 */
static enum wf_outcome filtered(struct wf_pipeline *pipeline, const struct wf_frame *frame,
				struct wf_packet *ret_packet)
{
	enum wf_decode_result result = wf_decode(&pipeline->decoder, frame, ret_packet);

	if (result == WF_DECODE_FRAGMENT)
		return WF_OUTCOME_FRAGMENT;
	if (result == WF_DECODE_TCP && is_behind_headers(frame, ret_packet))
		wf_metric_inc(pipeline->opts.metrics, frames_filtered_behind_frames);
	return WF_OUTCOME_FILTERED;
}

/* Return the keyed hash of the segment's flow, even if the NIC's hash chooses the worker. */
static uint32_t flow_hash(const struct wf_pipeline *pipeline, const struct wf_frame *frame,
			  const struct wf_packet *packet)
{
	struct wf_decoder plain = pipeline->decoder;

	plain.rss = NULL;
	return pipeline->decoder.rss ? wf_decode_steer_hash(&plain, frame, NULL) : packet->hash;
}

/*
 * Return true if the kernel has applied the present filter to the frame. It has not if the filter
 * was replaced since, if the frame was rebuilt from fragments, which may lack the ports, or if the
 * frame was submitted.
 */
static bool is_filtered(const struct wf_pipeline *pipeline, const struct wf_frame *frame)
{
	return pipeline->opts.kernel_filters && frame->iface &&
	       frame->policy == (uint8_t)pipeline->policy && !(frame->flags & WF_FRAME_REBUILT);
}

static inline bool is_wanted(const struct wf_pipeline *pipeline, const struct wf_frame *frame,
			     const struct wf_packet *packet)
{
	const struct wf_segment_filter *filter = pipeline->opts.segment_filter;

	if (wf_likely(!filter) || is_filtered(pipeline, frame))
		return true;
	return wf_segment_filter_wants(filter, packet, flow_hash(pipeline, frame, packet));
}

static inline __attribute__((always_inline)) enum wf_outcome decode(struct wf_pipeline *pipeline,
								    const struct wf_frame *frame,
								    struct wf_packet *ret_packet)
{
	if (pipeline->opts.filter && !wf_pcap_filter_match(pipeline->opts.filter, frame))
		return filtered(pipeline, frame, ret_packet);
	switch (wf_decode(&pipeline->decoder, frame, ret_packet)) {
	case WF_DECODE_TCP:
		return is_wanted(pipeline, frame, ret_packet) ? WF_OUTCOME_PROCESSED
							      : WF_OUTCOME_FILTERED;
	case WF_DECODE_FRAGMENT:
		return WF_OUTCOME_FRAGMENT;
	case WF_DECODE_NOT_TCP:
		if (pipeline->opts.unread)
			wf_unread_note(pipeline->opts.unread, &pipeline->decoder, frame);
		return WF_OUTCOME_NOT_TCP;
	case WF_DECODE_MALFORMED:
		return WF_OUTCOME_MALFORMED;
	case WF_DECODE_CHECKSUM:
		return WF_OUTCOME_CHECKSUM;
	}
	return WF_OUTCOME_MALFORMED;
}

static bool is_mine(const struct wf_pipeline *pipeline, uint32_t hash)
{
	return pipeline->opts.workers == 1 ||
	       weft_hash_worker(hash, pipeline->opts.workers) == pipeline->opts.worker;
}

/* Pass @frame to the worker that owns its flow. Takes @frame's page reference. */
static enum wf_outcome hand_over(struct wf_pipeline *pipeline, const struct wf_frame *frame,
				 uint32_t hash)
{
	pipeline->opts.handoff(pipeline->opts.handoff_ctx,
			       weft_hash_worker(hash, pipeline->opts.workers), frame);
	return WF_OUTCOME_HANDED_OFF;
}

static void tick(struct wf_pipeline *pipeline)
{
	struct wf_conns *conns = &pipeline->conns;

	wf_defrag_tick(pipeline->defrag, conns->now_ns);
	wf_trials_tick(pipeline->trials, conns->now_ns);
	wf_conns_tick(conns, conns->now_ns);
	wf_verdicts_run(&pipeline->verdicts);
	pipeline->tick_due_ns = conns->now_ns + TICK_NS;
}

/*
 * Process a segment if this worker owns its flow, otherwise hand it to the owner. @hint: see
 * wf_conns_prefetch(); NULL if the segment was not prefetched. Takes @frame's page reference.
 */
static inline __attribute__((always_inline)) enum wf_outcome process(
	struct wf_pipeline *pipeline, const struct wf_frame *frame, struct wf_packet *packet,
	const struct wf_flow_hint *hint)
{
	if (!is_mine(pipeline, packet->hash))
		return hand_over(pipeline, frame, packet->hash);
	wf_conns_clock(&pipeline->conns, packet);
	if (wf_unlikely(packet->time_ns >= pipeline->tick_due_ns))
		tick(pipeline);
	if (wf_trials_concerns(pipeline->trials, packet) &&
	    wf_trials_take(pipeline->trials, frame, packet))
		return WF_OUTCOME_HELD;
	wf_conns_packet(&pipeline->conns, packet, hint);
	if (wf_unlikely(pipeline->verdicts.later_count || pipeline->conns.wants_verdict))
		wf_verdicts_run(&pipeline->verdicts);
	if (frame->page)
		wf_page_put(frame->page);
	return WF_OUTCOME_PROCESSED;
}

/*
 * Process a fragment. All fragments of a datagram are passed to one worker, which rebuilds it. The
 * rebuilt datagram passes the same stages as a frame. If it is itself a fragment (the inner
 * datagram of a tunnel), the loop repeats with the datagram that it completes. Takes @frame's page
 * reference.
 */
static void process_fragment(struct wf_pipeline *pipeline, const struct wf_frame *frame,
			     const struct wf_packet *packet)
{
	struct wf_frame now = *frame;
	struct wf_packet inner = *packet;
	enum wf_outcome outcome = WF_OUTCOME_FRAGMENT;

	for (;;) {
		struct wf_frame datagram;
		bool rebuilt = now.flags & WF_FRAME_REBUILT;
		bool whole;

		if (outcome == WF_OUTCOME_FRAGMENT && !is_mine(pipeline, inner.hash)) {
			outcome = hand_over(pipeline, &now, inner.hash);
			wf_outcome_count(pipeline->opts.metrics, rebuilt, outcome);
			return;
		}
		whole = outcome == WF_OUTCOME_FRAGMENT &&
			wf_defrag_add(pipeline->defrag, &inner, &datagram);
		if (outcome == WF_OUTCOME_PROCESSED)
			outcome = process(pipeline, &now, &inner, NULL);
		else
			wf_page_put(now.page);
		wf_outcome_count(pipeline->opts.metrics, rebuilt, outcome);
		if (!whole)
			return;
		now = datagram;
		now.file = frame->file;
		now.flags |= frame->flags & WF_FRAME_FILE;
		outcome = decode(pipeline, &now, &inner);
	}
}

static void run_group(struct wf_pipeline *pipeline, const struct wf_frame *frames, uint32_t count,
		      struct wf_look_ahead *ahead)
{
	const struct wf_packet *wanted[GROUP];
	struct wf_packet packets[GROUP];
	struct wf_flow_hint hints[GROUP];
	const struct wf_flow_hint *hint = hints; /* of the next segment */
	enum wf_outcome outcomes[GROUP];
	uint32_t wanted_count = 0;

	for (uint32_t i = 0; i < count; i++) {
		if (i + 1 < count)
			wf_decode_prefetch(&pipeline->decoder, &frames[i + 1]);
		outcomes[i] = decode(pipeline, &frames[i], &packets[i]);
		if (outcomes[i] != WF_OUTCOME_PROCESSED)
			continue;
		wf_conns_prefetch_bucket(&pipeline->conns, &packets[i]);
		wanted[wanted_count++] = &packets[i];
	}
	wf_conns_prefetch(&pipeline->conns, wanted, wanted_count, hints);
	for (uint32_t i = 0; i < count; i++) {
		wf_look_ahead_step(ahead);
		if (wf_likely(outcomes[i] == WF_OUTCOME_PROCESSED)) {
			outcomes[i] = process(pipeline, &frames[i], &packets[i], hint++);
		} else if (outcomes[i] == WF_OUTCOME_FRAGMENT) {
			process_fragment(pipeline, &frames[i], &packets[i]);
			continue;
		} else {
			wf_page_put(frames[i].page);
		}
		wf_outcome_count(pipeline->opts.metrics, frames[i].flags & WF_FRAME_REBUILT,
				 outcomes[i]);
	}
	wf_verdicts_run(&pipeline->verdicts);
}

/* Call before work that may cause events; leave() ends it. @what: name for ownership checks. */
static void enter(struct wf_pipeline *pipeline, const char *what)
{
	wf_owner_enter(pipeline->opts.owner, what);
	pipeline->verdicts.is_inside = true;
}

static void leave(struct wf_pipeline *pipeline)
{
	pipeline->verdicts.is_inside = false;
	wf_dispatch_flush(pipeline->opts.dispatch);
	wf_owner_leave(pipeline->opts.owner);
}

void wf_pipeline_run_ahead(struct wf_pipeline *pipeline, const struct wf_frame *frames,
			   uint32_t count, struct wf_look_ahead *ahead)
{
	enter(pipeline, "packets");
	for (uint32_t done = 0; done < count; done += GROUP)
		run_group(pipeline, frames + done,
			  count - done < GROUP ? count - done : (uint32_t)GROUP, ahead);
	leave(pipeline);
}

void wf_pipeline_note_overrun(struct wf_pipeline *pipeline)
{
	struct wf_conns *conns = &pipeline->conns;

	conns->overrun_until_ns = conns->now_ns + WEFT_OVERRUN_MS * WF_NS_PER_MS;
}

void wf_pipeline_tick(struct wf_pipeline *pipeline, uint64_t now_ns)
{
	enter(pipeline, "timers");
	wf_conns_pass(&pipeline->conns, now_ns);
	tick(pipeline);
	leave(pipeline);
}

static void free_held(struct wf_pipeline *pipeline)
{
	wf_trials_flush(pipeline->trials);
	pipeline->conns.is_starved = true;
}

static void handle(struct wf_pipeline *pipeline, uint32_t requests, struct wf_mailbox *mailbox)
{
	struct wf_pressure_actions *actions = &pipeline->actions;

	if (requests & 1u << WF_REQUEST_CALL)
		wf_mailbox_run_call(mailbox, pipeline);
	if (requests & 1u << WF_REQUEST_LEVEL)
		wf_pressure_actions_set_level(
			actions,
			(enum weft_pressure_level)atomic_load_explicit(&mailbox->level,
								       memory_order_relaxed),
			atomic_load_explicit(&mailbox->goal_percent, memory_order_relaxed));
	if (requests & 1u << WF_REQUEST_HALVE_CACHES)
		wf_pressure_actions_halve_caches(actions);
	if (requests & 1u << WF_REQUEST_FREE_HELD)
		free_held(pipeline);
	wf_cleanup_tasks_run(requests, actions, mailbox);
}

bool wf_pipeline_handle(struct wf_pipeline *pipeline, struct wf_mailbox *mailbox)
{
	uint32_t requests = wf_mailbox_take(mailbox);

	if (wf_unlikely(requests))
		handle(pipeline, requests, mailbox);
	if (wf_unlikely(pipeline->verdicts.later_count))
		wf_verdicts_run(&pipeline->verdicts);
	if (wf_likely(!wf_sweep_has_work(&pipeline->actions.sweep)))
		return false;
	enter(pipeline, "pressure");
	wf_cleanup_tasks_count_closed(mailbox, wf_pressure_actions_step(&pipeline->actions));
	wf_verdicts_run(&pipeline->verdicts);
	leave(pipeline);
	return true;
}

void wf_pipeline_housekeep(struct wf_pipeline *pipeline)
{
	wf_pressure_actions_tick(&pipeline->actions);
}

/*
 * Process the segments that wait for a decision on their checksums: the old filter has accepted
 * them, so they begin connections by the old rules. In an inline callback, a segment is being
 * processed, and they keep waiting.
 */
static void finish_held(struct wf_pipeline *pipeline)
{
	if (pipeline->verdicts.is_inside)
		return;
	enter(pipeline, "policy");
	wf_trials_flush(pipeline->trials);
	leave(pipeline);
}

int wf_pipeline_set_policy(struct wf_pipeline *pipeline, const struct wf_pipeline_policy *policy)
{
	int err;

	finish_held(pipeline);
	err = wf_depths_set(&pipeline->conns.depths, policy->rules->depth_bytes);
	if (err)
		return err;
	pipeline->opts.filter = policy->filter;
	pipeline->opts.segment_filter = policy->segment_filter;
	pipeline->conns.rules = *policy->rules;
	pipeline->policy = policy->number;
	return 0;
}

int wf_pipeline_request(struct wf_pipeline *pipeline, const struct wf_flow_request *request)
{
	return wf_verdicts_request(&pipeline->verdicts, request);
}

struct wf_conns *wf_pipeline_conns(struct wf_pipeline *pipeline)
{
	return &pipeline->conns;
}

void wf_pipeline_flush(struct wf_pipeline *pipeline)
{
	enter(pipeline, "flush");
	wf_defrag_flush(pipeline->defrag);
	wf_trials_flush(pipeline->trials);
	wf_conns_flush(&pipeline->conns);
	leave(pipeline);
}
