// SPDX-License-Identifier: BSD-2-Clause
/*
 * wait.c - chooses between the states IN_ORDER, STARTING, AT_HOLE and UNACKED, and sets their
 * deadlines.
 */
#include "conn/wait.h"

#include "base/clock.h"
#include "conn/hole.h"
#include "conn/limit.h"
#include "flow/expire.h"
#include "reassembly/stream_gap.h"
#include "reassembly/stream_pop.h"

/* ---- deadlines -------------------------------------------------------------------- */

/* Return true if weft's own receive rings overflowed a short time ago. */
static bool is_overrun(const struct wf_conns *conns)
{
	return wf_unlikely(conns->now_ns < conns->overrun_until_ns);
}

/*
 * Begin to wait for the data below @acked_off, which was acknowledged but not seen. The wait is
 * short while weft's own rings overflow: the data is then most likely lost, and holding later data
 * takes CPU time, which causes more losses. A stream then has many holes, and all that are
 * acknowledged now wait together: one after the other, they would end more slowly than new ones
 * begin.
 */
static void start_patience(const struct wf_half *half, struct wf_flow_ext_half *wait,
			   uint64_t acked_off, uint64_t now_ns)
{
	uint64_t next_off = half->stream->next_off;
	uint64_t ahead_bytes = acked_off - next_off;

	wait->patience_off = (uint32_t)next_off;
	wait->patience_bytes = WEFT_ACK_PATIENCE_BYTES;
	if (is_overrun(half->conns)) {
		wait->patience_ns = now_ns + WEFT_OVERRUN_PATIENCE_MS * WF_NS_PER_MS;
		wait->patience_ahead_bytes =
			ahead_bytes < UINT32_MAX ? (uint32_t)ahead_bytes : UINT32_MAX;
	} else {
		wait->patience_ns = now_ns + half->conns->timeouts.patience_ns;
		wait->patience_ahead_bytes = 0;
	}
}

static void set_start_deadline(struct wf_flow_ext_half *wait, uint64_t now_ns)
{
	if (wait->patience_ns != WF_NEVER_NS)
		return;
	wait->patience_ns = now_ns + WEFT_START_PATIENCE_MS * WF_NS_PER_MS;
	wait->patience_bytes = WEFT_START_PATIENCE_BYTES;
}

/* Return true if acknowledgements of this direction can't be seen. */
static bool is_one_sided(const struct wf_half *half)
{
	return !half->flow->packets[!half->dir] || wf_half_is_blind(half);
}

/* Return the duration after which a hole is given up; WF_NEVER_NS: no time-out ends it. */
static uint64_t hole_wait_ns(const struct wf_half *half)
{
	const struct wf_flow_timeouts *timeouts = &half->conns->timeouts;

	return is_one_sided(half) ? timeouts->one_sided_gap_ns : timeouts->gap_ns;
}

static void set_hole_deadlines(const struct wf_half *half, struct wf_flow_ext_half *wait,
			       const struct wf_hole *hole, uint64_t now_ns)
{
	bool is_rejected = wf_hole_is_rejected(half, hole->end_off);
	uint64_t wait_ns = hole_wait_ns(half);
	uint64_t next_off = half->stream->next_off;
	uint64_t acked_off = wf_half_acked_off(half);

	wait->hole_end_off = is_rejected ? UINT64_MAX : hole->end_off;
	if (is_rejected || wait_ns == WF_NEVER_NS)
		wait->timeout_ns = WF_NEVER_NS;
	else if (hole->held_ns)
		wait->timeout_ns = hole->held_ns + wait_ns;
	else if (wait->timeout_ns == WF_NEVER_NS)
		wait->timeout_ns = now_ns + wait_ns;

	if (acked_off <= next_off)
		wait->patience_ns = WF_NEVER_NS;
	else if (wait->patience_ns == WF_NEVER_NS || wait->patience_off != (uint32_t)next_off)
		start_patience(half, wait, acked_off, now_ns);
}

/* Set the flow's timer to the earliest deadline of both directions, unless it expires earlier. */
static void arm(const struct wf_half *half, struct wf_flow_ext *ext, uint64_t now_ns)
{
	uint64_t deadline_ns = wf_flow_wait_deadline(ext);

	if (deadline_ns >= ext->armed_ns)
		return;
	ext->armed_ns = deadline_ns;
	wf_flow_table_arm(&half->conns->table, half->flow, now_ns, deadline_ns);
}

void wf_wait_arm(struct wf_conns *conns, struct wf_flow *flow, uint64_t now_ns)
{
	struct wf_flow_ext *ext = wf_flow_table_ext(&conns->table, flow);
	uint64_t deadline_ns = wf_flow_deadline(flow, ext, &conns->timeouts);

	if (ext)
		ext->armed_ns = deadline_ns;
	wf_flow_table_arm(&conns->table, flow, now_ns, deadline_ns);
}

/* ---- states ----------------------------------------------------------------------- */

/*
 * Begin to wait for bytes before the first one seen. Return: false if there is no memory for the
 * deadlines.
 */
static bool wait_for_start(const struct wf_half *half, uint64_t now_ns)
{
	struct wf_flow_ext *ext = wf_half_need_ext(half);

	if (!ext)
		return false;
	set_start_deadline(&ext->half[half->dir], now_ns);
	arm(half, ext, now_ns);
	return true;
}

static void wait_at_hole(const struct wf_half *half, const struct wf_hole *hole, uint64_t now_ns)
{
	struct wf_flow_ext *ext = wf_half_need_ext(half);

	if (!ext) {
		/* There is no memory for the deadlines, so the hole is given up at once. */
		wf_hole_note_memory_loss(half, 0);
		wf_hole_skip(half, hole->end_off, WEFT_GAP_MEMORY, now_ns);
		return;
	}
	wf_half_enter(half, WF_HALF_AT_HOLE);
	set_hole_deadlines(half, &ext->half[half->dir], hole, now_ns);
	arm(half, ext, now_ns);
}

/* Return true if data in order waits for an acknowledgement, but none was ever seen. */
static bool is_unacked(const struct wf_half *half)
{
	return wf_half_waits_for_acks(half) && half->stream->extents &&
	       !wf_half_knows(half, WF_TCP_KNOWS_UNA);
}

static void wait_unacked(const struct wf_half *half, uint64_t held_ns, uint64_t now_ns)
{
	struct wf_flow_ext *ext = wf_half_need_ext(half);

	if (!ext)
		return;
	wf_half_enter(half, WF_HALF_UNACKED);
	ext->half[half->dir].timeout_ns = held_ns + half->conns->timeouts.one_sided_gap_ns;
	arm(half, ext, now_ns);
}

/*
 * Choose the state of @half. Called after everything that may have opened, moved or closed a hole.
 */
static void choose(const struct wf_half *half, uint64_t now_ns)
{
	struct wf_hole hole;

	switch ((enum wf_half_state)half->tcp->state) {
	case WF_HALF_LIMITED:
	case WF_HALF_CUT:
	case WF_HALF_RESUMED:
		return;
	case WF_HALF_STARTING:
		if (!half->stream->extents && !wf_hole_find(half, &hole))
			return;
		if (wait_for_start(half, now_ns))
			return;
		wf_hole_drain_start(half);
		break;
	case WF_HALF_IN_ORDER:
	case WF_HALF_AT_HOLE:
	case WF_HALF_UNACKED:
		break;
	}
	if (wf_hole_find(half, &hole))
		wait_at_hole(half, &hole, now_ns);
	else if (is_unacked(half))
		wait_unacked(half, hole.held_ns, now_ns);
	else
		wf_half_enter(half, WF_HALF_IN_ORDER);
}

void wf_wait_update(const struct wf_half *half, uint64_t now_ns)
{
	wf_hole_drain_ready(half);
	wf_limit_follow(half);
	choose(half, now_ns);
}

/* ---- the end of a wait ------------------------------------------------------------ */

/*
 * Give up the hole at next_off, and all other holes that waited for late segments together with it.
 */
static void skip_acknowledged(const struct wf_half *half, uint64_t at_ns)
{
	const struct wf_stream *stream = half->stream;
	uint64_t acked_off = wf_half_acked_off(half);
	uint64_t end_off =
		stream->next_off + wf_half_ext(half)->half[half->dir].patience_ahead_bytes;
	uint64_t hole_off;

	do {
		hole_off = stream->next_off;
		wf_hole_skip(half, acked_off, WEFT_GAP_NOT_CAPTURED, at_ns);
	} while (stream->next_off > hole_off && stream->next_off < end_off && stream->extents);
}

/*
 * End the wait of @half at its deadline @at_ns. @is_patience: true if the wait for late segments
 * has ended; false if the gap time-out has passed.
 */
static void end_wait(const struct wf_half *half, bool is_patience, uint64_t at_ns)
{
	struct wf_hole hole;

	if (wf_half_is(half, WF_HALF_STARTING))
		wf_hole_drain_start(half);
	else if (!wf_hole_find(half, &hole))
		wf_hole_drain_all(half);
	else if (is_patience)
		skip_acknowledged(half, at_ns);
	/* If the other side was seen during the wait, there may be no time-out any more. */
	else if (hole_wait_ns(half) != WF_NEVER_NS)
		wf_hole_skip(half, hole.end_off, WEFT_GAP_TIMEOUT, at_ns);
	wf_limit_follow(half);
	choose(half, at_ns);
}

void wf_wait_expire(const struct wf_half *half, uint64_t now_ns)
{
	struct wf_flow_ext *ext = wf_half_ext(half);
	struct wf_flow_ext_half *wait;
	uint64_t timeout_ns;
	uint64_t patience_ns;

	if (!ext)
		return;
	wait = &ext->half[half->dir];
	timeout_ns = wait->timeout_ns;
	patience_ns = wait->patience_ns;
	if (timeout_ns > now_ns && patience_ns > now_ns)
		return;
	wait->timeout_ns = WF_NEVER_NS;
	wait->patience_ns = WF_NEVER_NS;
	if (patience_ns <= timeout_ns)
		end_wait(half, true, patience_ns);
	else
		end_wait(half, false, timeout_ns);
}

void wf_wait_spend(const struct wf_half *half, uint32_t len_bytes, uint64_t now_ns)
{
	struct wf_flow_ext *ext = wf_half_ext(half);
	struct wf_flow_ext_half *wait;

	if (!ext)
		return;
	wait = &ext->half[half->dir];
	if (wait->patience_ns == WF_NEVER_NS)
		return;
	if (wait->patience_bytes > len_bytes) {
		wait->patience_bytes -= len_bytes;
		return;
	}
	wait->patience_ns = WF_NEVER_NS;
	end_wait(half, true, now_ns);
}

bool wf_wait_is_behind_hole(const struct wf_half *half, uint64_t off)
{
	const struct wf_flow_ext *ext = wf_half_ext(half);
	const struct wf_flow_ext_half *wait;

	if (!ext || !wf_half_is(half, WF_HALF_AT_HOLE) || wf_half_waits_for_acks(half) ||
	    wf_limit_exists(half))
		return false;
	wait = &ext->half[half->dir];
	return half->stream->next_off < wait->hole_end_off && off >= wait->hole_end_off;
}

/* ---- when memory is short --------------------------------------------------------- */

bool wf_wait_make_room(const struct wf_half *half, enum weft_gap_cause cause, uint64_t now_ns)
{
	uint32_t held_cost = half->stream->held_cost;
	struct wf_hole hole;

	if (wf_half_is(half, WF_HALF_STARTING))
		wf_half_enter(half, WF_HALF_IN_ORDER);
	if (wf_hole_find(half, &hole))
		wf_hole_skip(half, hole.end_off, cause, now_ns);
	wf_hole_drain_all(half);
	wf_limit_follow(half);
	return half->stream->held_cost < held_cost;
}

uint64_t wf_wait_free_memory(const struct wf_half *half, uint64_t bytes, uint64_t now_ns)
{
	const struct wf_stream *stream = half->stream;
	uint32_t held_cost = stream->held_cost;

	while (stream->extents && held_cost - stream->held_cost < bytes)
		if (!wf_wait_make_room(half, WEFT_GAP_MEMORY, now_ns))
			break;
	wf_wait_update(half, now_ns);
	return held_cost - stream->held_cost;
}

uint64_t wf_wait_rank(const struct wf_half *half, uint64_t now_ns)
{
	uint64_t age_ms = 1;
	uint64_t held_ns;
	uint64_t off;

	if (!half->stream->extents ||
	    !wf_stream_first_held(half->stream, &half->conns->stream_env, &off, &held_ns))
		return 0;
	if (now_ns > held_ns)
		age_ms += (now_ns - held_ns) / WF_NS_PER_MS;
	return half->stream->held_cost * age_ms;
}

uint32_t wf_wait_leave_frames(const struct wf_half *half, uint32_t bytes_max)
{
	if (!half->stream->extents)
		return 0;
	return wf_stream_leave_frames(half->stream, &half->conns->stream_env, bytes_max);
}
