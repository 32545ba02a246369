// SPDX-License-Identifier: BSD-2-Clause
/*
 * shunt.c - has the kernel keep back the data of a direction that is not wanted any more.
 */
#include "conn/shunt.h"

#include <errno.h>

#include "base/clock.h"
#include "conn/conn.h"
#include "metrics/metrics.h"

/* Data stamped later than this after a shunt was set should not have come. */
#define LATE_NS (10 * WF_NS_PER_MS)

/* Of each segment that the kernel counts; only to tell apart what is 4 GiB apart. */
enum { HEADER_BYTES = 52 };

static unsigned int endpoint_of(const struct wf_flow *flow, enum weft_dir dir)
{
	return dir == WEFT_TO_SERVER ? flow->client : !flow->client;
}

/* Has the kernel set @shunted's direction at least once? Only then its counts are this flow's. */
static bool is_set(const struct wf_flow_shunted *shunted)
{
	return shunted->sets > 0;
}

/* What the kernel kept since we last looked; an entry that was made anew began at 0. */
static uint64_t grown(uint64_t now, uint64_t before)
{
	return now >= before ? now - before : now;
}

static void follow(struct wf_flow_shunted *shunted, const struct wf_kept *kept,
		   unsigned int endpoint)
{
	if (is_set(shunted)) {
		shunted->kept_packets += grown(kept->packets[endpoint], shunted->base_packets);
		shunted->kept_bytes += grown(kept->bytes[endpoint], shunted->base_bytes);
	}
	shunted->base_packets = kept->packets[endpoint];
	shunted->base_bytes = kept->bytes[endpoint];
}

/* One look at the kernel's entry, which may change it. The flow's counts follow. */
static int look(struct wf_conns *conns, struct wf_flow *flow, const enum wf_verdict verdict[2],
		struct wf_kept *ret_kept)
{
	struct wf_flow_rare *rare = wf_flow_table_rare(&conns->table, flow);
	int err = conns->shunts->set(conns->shunts->ctx, &flow->key, verdict, ret_kept);

	for (int dir = 0; !err && rare && dir < 2; dir++)
		follow(&rare->shunted[dir], ret_kept, endpoint_of(flow, (enum weft_dir)dir));
	return err;
}

static int look_only(struct wf_conns *conns, struct wf_flow *flow, struct wf_kept *ret_kept)
{
	static const enum wf_verdict keep[2] = {WF_VERDICT_KEEP, WF_VERDICT_KEEP};

	return look(conns, flow, keep, ret_kept);
}

static int set(struct wf_conns *conns, struct wf_flow *flow, enum weft_dir dir,
	       enum wf_verdict wanted)
{
	struct wf_flow_rare *rare = wf_flow_table_need_rare(&conns->table, flow);
	enum wf_verdict verdict[2] = {WF_VERDICT_KEEP, WF_VERDICT_KEEP};
	unsigned int endpoint = endpoint_of(flow, dir);
	struct wf_kept kept;
	int err;

	verdict[endpoint] = wanted;
	err = look(conns, flow, verdict, &kept);
	if (rare)
		rare->shunted[dir].last_ns = conns->now_ns;
	if (err) {
		wf_metric_inc(conns->metrics, shunts_failed_directions);
		return err;
	}
	if (wanted == WF_VERDICT_STEER)
		return 0;
	if (kept.was[endpoint] != wanted && rare && is_set(&rare->shunted[dir]))
		wf_metric_inc(conns->metrics, shunts_repeated_directions);
	else if (kept.was[endpoint] != wanted)
		wf_metric_inc(conns->metrics, shunts_set_directions);
	if (rare)
		rare->shunted[dir].sets++;
	return 0;
}

/* ---- wishes ---------------------------------------------------------------------- */

static void add_wish(struct wf_conns *conns, struct wf_flow *flow, enum weft_dir dir)
{
	struct wf_shunts *shunts = conns->shunts;

	if (shunts->count == WF_SHUNT_WISHES)
		wf_shunt_flush(conns);
	shunts->wishes[shunts->count++] = (struct wf_shunt_wish){
		.key = flow->key, .hash = flow->hash, .id = flow->id, .dir = dir};
}

void wf_shunt_wish(struct wf_conns *conns, struct wf_flow *flow, enum weft_dir dir)
{
	if (!conns->shunts || flow->flags & WF_FLOW_SHUNTED(dir))
		return;
	flow->flags |= WF_FLOW_SHUNTED(dir);
	wf_tcp_set_bypassed(&flow->tcp.dir[dir], true);
	add_wish(conns, flow, dir);
}

void wf_shunt_flush(struct wf_conns *conns)
{
	struct wf_shunts *shunts = conns->shunts;

	for (uint32_t i = 0; shunts && i < shunts->count; i++) {
		const struct wf_shunt_wish *wish = &shunts->wishes[i];
		struct wf_flow *flow = wf_flow_table_find(&conns->table, &wish->key, wish->hash);

		if (flow && flow->id == wish->id)
			set(conns, flow, wish->dir, WF_VERDICT_SHUNT);
	}
	if (shunts)
		shunts->count = 0;
}

/* ---- while shunted --------------------------------------------------------------- */

/* Data: on its way when the verdict was set, or the verdict is gone. */
static void take_late(struct wf_conns *conns, struct wf_flow *flow, enum weft_dir dir,
		      const struct wf_packet *packet)
{
	struct wf_flow_rare *rare = wf_flow_table_rare(&conns->table, flow);

	wf_metric_inc(conns->metrics, shunts_late_segments);
	if (rare && packet->time_ns <= rare->shunted[dir].last_ns + LATE_NS)
		return;
	if (rare)
		rare->shunted[dir].last_ns = packet->time_ns; /* once for all of this batch */
	add_wish(conns, flow, dir);
}

/* Where the stream of @dir may be, if nobody's acknowledgements tell. */
static uint64_t guess_off(struct wf_conns *conns, struct wf_flow *flow, enum weft_dir dir)
{
	uint64_t next_off = flow->stream[dir].next_off;
	struct wf_flow_rare *rare = wf_flow_table_rare(&conns->table, flow);
	struct wf_flow_shunted *shunted = rare ? &rare->shunted[dir] : NULL;
	uint64_t packets;
	uint64_t bytes;
	struct wf_kept kept;

	if (!shunted)
		return next_off;
	packets = shunted->kept_packets;
	bytes = shunted->kept_bytes;
	if (look_only(conns, flow, &kept))
		return next_off;
	packets = shunted->kept_packets - packets;
	bytes = shunted->kept_bytes - bytes;
	return next_off + (bytes > packets * HEADER_BYTES ? bytes - packets * HEADER_BYTES : 0);
}

/*
 * @packet, of stream offset @off, is what @dir goes on with. If no acknowledgement told of
 * what lies between, what is known of them may be half the number space old.
 */
static void go_on_at(struct wf_conns *conns, struct wf_flow *flow, enum weft_dir dir,
		     const struct wf_packet *packet, uint64_t off, bool is_blind)
{
	struct wf_chunk gap;

	wf_stream_skip(&flow->stream[dir], &conns->stream_env, off, &gap);
	wf_tcp_note_unseen(&flow->tcp, dir, packet->seq);
	if (is_blind)
		wf_tcp_forget_acks(&flow->tcp, dir);
}

/* A FIN or RST says where the stream ends: go there, as its data can't take us. */
static void go_to_end(struct wf_conns *conns, struct wf_flow *flow, enum weft_dir dir,
		      const struct wf_packet *packet)
{
	const struct wf_tcp_dir *tcp = &flow->tcp.dir[dir];
	bool is_blind = flow->flags & WF_FLOW_SHUNTED(!dir);
	uint64_t near_off = flow->stream[dir].next_off;
	int64_t off;

	if (!wf_tcp_knows(tcp, WF_TCP_KNOWS_IRS) || wf_tcp_knows(tcp, WF_TCP_KNOWS_FIN))
		return;
	if (is_blind)
		near_off = guess_off(conns, flow, dir);
	off = wf_tcp_off(tcp, packet->seq, near_off);
	/* Who sees the acknowledgements believes no number beyond the window. */
	if (!is_blind && wf_tcp_knows(tcp, WF_TCP_KNOWS_WND) &&
	    wf_seq_gt(packet->seq, tcp->rcv_wnd_end))
		return;
	if (off > (int64_t)flow->stream[dir].next_off)
		go_on_at(conns, flow, dir, packet, (uint64_t)off, is_blind);
}

/* The first segment after a shunt was taken back: what lies before it was not wanted. */
static void resume(struct wf_conns *conns, struct wf_flow *flow, enum weft_dir dir,
		   const struct wf_packet *packet)
{
	const struct wf_flow_rare *rare = wf_flow_table_rare(&conns->table, flow);
	const struct wf_tcp_dir *tcp = &flow->tcp.dir[dir];
	uint64_t next_off = flow->stream[dir].next_off;
	uint64_t near_off = rare->shunted[dir].cut_off;
	int64_t off;

	flow->flags &= (uint16_t)~WF_FLOW_RESUMED(dir);
	if (!wf_tcp_knows(tcp, WF_TCP_KNOWS_IRS))
		return;
	off = wf_tcp_off(tcp, packet->seq, near_off);
	if (off <= (int64_t)next_off)
		return;
	go_on_at(conns, flow, dir, packet, (uint64_t)off, near_off > next_off);
	wf_conn_tell_gap(conns, flow, dir, next_off, (uint64_t)off - next_off, WEFT_GAP_SHUNTED,
			 packet->time_ns);
}

void wf_shunt_segment(struct wf_conns *conns, struct wf_flow *flow, enum weft_dir dir,
		      const struct wf_packet *packet)
{
	if (flow->flags & WF_FLOW_RESUMED(dir))
		resume(conns, flow, dir, packet);
	else if (packet->tcp_flags & (WF_TCP_FIN | WF_TCP_RST))
		go_to_end(conns, flow, dir, packet);
	else if (packet->payload_bytes && !(packet->tcp_flags & WF_TCP_SYN))
		take_late(conns, flow, dir, packet);
}

bool wf_shunt_is_busy(struct wf_conns *conns, struct wf_flow *flow, uint64_t now_ns)
{
	uint64_t last_ns;
	struct wf_kept kept;

	if (look_only(conns, flow, &kept) || kept.idle_ns > now_ns)
		return false;
	last_ns = now_ns - kept.idle_ns;
	if (last_ns <= flow->last_ns)
		return false;
	flow->last_ns = last_ns;
	return true;
}

void wf_shunt_settle(struct wf_conns *conns, struct wf_flow *flow)
{
	struct wf_flow_rare *rare = wf_flow_table_rare(&conns->table, flow);
	struct wf_kept kept;

	if (!rare || (!is_set(&rare->shunted[0]) && !is_set(&rare->shunted[1])))
		return;
	look_only(conns, flow, &kept);
	for (int dir = 0; dir < 2; dir++) {
		if (!is_set(&rare->shunted[dir]))
			continue;
		flow->packets[dir] += rare->shunted[dir].kept_packets;
		flow->bytes[dir] += rare->shunted[dir].kept_bytes;
	}
}

/* ---- by hand --------------------------------------------------------------------- */

static int steer_again(struct wf_conns *conns, struct wf_flow *flow, enum weft_dir dir,
		       uint64_t now_ns)
{
	uint64_t depth_bytes = conns->opts->depth_bytes;
	uint64_t near_off;
	int err;

	wf_conn_progress(conns, flow, dir, now_ns);
	near_off = flow->flags & WF_FLOW_SHUNTED(!dir) ? guess_off(conns, flow, dir)
						       : flow->stream[dir].next_off;
	if (depth_bytes && near_off >= depth_bytes)
		return -EALREADY;
	err = set(conns, flow, dir, WF_VERDICT_STEER);
	if (!err)
		wf_conn_uncut(conns, flow, dir, near_off, now_ns);
	return err;
}

static int keep_back(struct wf_conns *conns, struct wf_flow *flow, enum weft_dir dir,
		     enum wf_verdict verdict, uint64_t now_ns)
{
	int err = set(conns, flow, dir, verdict);

	if (err)
		return err;
	if (!(flow->flags & WF_FLOW_SHUNTED(dir)))
		wf_conn_cut(conns, flow, dir, now_ns);
	return 0;
}

int wf_shunt_by_hand(struct wf_conns *conns, struct wf_flow *flow, unsigned int dirs,
		     enum wf_verdict verdict, uint64_t now_ns)
{
	/* Its cut has to be remembered there. */
	if (!wf_flow_table_need_rare(&conns->table, flow))
		return -ENOMEM;
	for (int dir = 0; dir < 2; dir++) {
		int err = 0;

		if (!(dirs & 1u << dir))
			continue;
		if (verdict == WF_VERDICT_STEER)
			err = steer_again(conns, flow, (enum weft_dir)dir, now_ns);
		else
			err = keep_back(conns, flow, (enum weft_dir)dir, verdict, now_ns);
		if (err)
			return err;
	}
	return 0;
}
