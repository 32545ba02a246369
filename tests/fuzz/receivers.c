// SPDX-License-Identifier: BSD-2-Clause
/*
 * receivers.c - passes segments to models of their receivers and to the engine.
 *
 *   side 0 ── segments ──► model of side 1's receiver       the engine sees every captured packet
 *   side 1 ── segments ──► model of side 0's receiver
 *
 * Each receiver acknowledges the bytes that its model has in order. The longest prefix that matches
 * the receiver's address selects the policy; without a match the default applies. A connection is
 * shorter than weft's timeout for holes, so only its end or an acknowledgement gives up a hole
 * (except if the handshake was not captured: see compare_side()).
 */
#include "fuzz/receivers.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <weft/event.h>

#include "fuzz/engine_run.h"
#include "fuzz/grow.h"
#include "fuzz/rng.h"
#include "fuzz/wire.h"
#include "unit/support/overlap_model.h"

#define MS 1000000ull

enum {
	STREAM_MAX = 512, /* offset beyond which no segment ends */
	SEGMENT_MAX = 120,
	SEGMENTS = 36,
	PIECES_MAX = 40,
	FRAME_ROOM = WIRE_HEADERS_MAX + SEGMENT_MAX,
	FRAMES_CHUNK = 512,
	RULES = 2 * (WEFT_OVERLAP_COUNT + 1),
	PORT_BASE = 20000,
};

/* One side's segments and their results. */
struct side {
	struct overlap_model *model; /* model of this side's receiver */
	enum weft_overlap policy;    /* policy of this side's receiver */
	uint8_t addr[16];	     /* address of this side */
	uint32_t isn;
	int end;       /* one beyond the last byte that was sent */
	int acked;     /* bytes acknowledged in captured packets */
	bool conflict; /* weft must still report a conflict for the current segment */
	uint32_t conflicts;

	/* bytes delivered by the engine */
	uint8_t out[STREAM_MAX];
	bool known[STREAM_MAX];
	uint64_t next;
	uint32_t causes; /* causes of gaps: 1u << enum weft_gap_cause */
	uint32_t conflicts_reported;
	uint32_t conflict_segments;
};

struct talk {
	struct side side[2];
	uint8_t ip_version;
	bool missed[STREAM_MAX]; /* for each byte of side 0: true if it was not captured */
	bool closed;
};

struct player {
	const struct receivers_opts *opts;
	struct rng rng;
	struct engine_run run;
	struct weft_overlap_rule rules[RULES];
	struct talk *talks;
	struct talk *talk; /* the current connection */
	uint32_t index;	   /* index of the current connection */
	uint64_t now_ns;
	uint8_t **frames; /* array of frame memory, FRAMES_CHUNK frames per element */
	uint32_t frames_used;
	char error[512];
};

static void fail(struct player *player, const char *format, ...)
{
	va_list args;
	int at;

	if (player->error[0])
		return;
	at = snprintf(player->error, sizeof(player->error),
		      "seed %llu, connection %u: ", (unsigned long long)player->opts->seed,
		      player->index);
	va_start(args, format);
	vsnprintf(player->error + at, sizeof(player->error) - (size_t)at, format, args);
	va_end(args);
}

/* ---- policies of receivers ---- */

static void make_addr(uint8_t addr[16], uint8_t ip_version, unsigned int net, unsigned int host)
{
	memset(addr, 0, 16);
	if (ip_version == 4) {
		memset(addr + 10, 0xff, 2);
		addr[12] = net ? 10 : 192;
		addr[13] = (uint8_t)net;
	} else {
		memcpy(addr, net ? "\x20\x01\x0d\xb8" : "\x20\x02\x0d\xb8", 4);
		addr[5] = (uint8_t)net;
	}
	addr[14] = (uint8_t)(host >> 8);
	addr[15] = (uint8_t)host;
}

/*
 * For each IP version, makes one rule per policy, and a rule with a shorter prefix that contains
 * those of all policies; the policy of this rule is wrong for most receivers.
 */
static void make_rules(struct player *player)
{
	struct weft_overlap_rule *rule = player->rules;
	enum weft_overlap wrong =
		player->opts->policy == WEFT_OVERLAP_LAST ? WEFT_OVERLAP_FIRST : WEFT_OVERLAP_LAST;

	for (unsigned int policy = 0; policy <= WEFT_OVERLAP_COUNT; policy++) {
		for (uint8_t version = 4; version <= 6; version += 2, rule++) {
			bool around = policy == WEFT_OVERLAP_COUNT / 2;
			unsigned int net = policy > WEFT_OVERLAP_COUNT / 2 ? policy : policy + 1;

			make_addr(rule->prefix.addr, version, net, 0);
			rule->prefix.bits = version == 4 ? 96 + 16 : 48;
			rule->policy = (enum weft_overlap)(net - 1);
			if (!around)
				continue;
			rule->prefix.addr[version == 4 ? 13 : 5] = 0;
			rule->prefix.bits = version == 4 ? 96 + 8 : 32;
			rule->policy = wrong;
		}
	}
}

static enum weft_overlap any_policy(struct rng *rng)
{
	return (enum weft_overlap)rng_below(rng, WEFT_OVERLAP_COUNT);
}

static void choose_ends(struct player *player, struct talk *talk)
{
	struct rng *rng = &player->rng;

	talk->ip_version = rng_percent(rng, 50) ? 4 : 6;
	talk->side[0].policy = player->opts->policy;
	talk->side[1].policy = any_policy(rng);
	for (int from = 0; from < 2; from++) {
		struct side *side = &talk->side[from];
		enum weft_overlap own = talk->side[!from].policy;
		bool by_default = own == player->opts->policy && rng_percent(rng, 40);

		make_addr(side->addr, talk->ip_version, by_default ? 0 : (unsigned int)own + 1,
			  (unsigned int)(from * 256) + 1);
		side->isn = rng_percent(rng, 30) ? (uint32_t)-rng_below(rng, 300)
						 : (uint32_t)rng_next(rng);
		side->model = overlap_model_new(side->policy);
	}
}

/* ---- packets ---- */

static uint8_t *frame_room(struct player *player)
{
	uint32_t chunk = player->frames_used / FRAMES_CHUNK;
	uint32_t at = player->frames_used % FRAMES_CHUNK;

	if (!at) {
		player->frames =
			must(realloc(player->frames, (chunk + 1) * sizeof(*player->frames)));
		player->frames[chunk] = must(malloc((size_t)FRAMES_CHUNK * FRAME_ROOM));
	}
	player->frames_used++;
	return player->frames[chunk] + (size_t)at * FRAME_ROOM;
}

/* Sends a segment; @off: stream offset, -1 for the SYN. */
static void send(struct player *player, int from, uint16_t flags, int off, const uint8_t *bytes,
		 int len)
{
	struct talk *talk = player->talk;
	struct side *self = &talk->side[from];
	struct side *peer = &talk->side[!from];
	uint32_t skip = talk->ip_version == 4 ? 12 : 0;
	struct wire_segment segment = {
		.ip_version = talk->ip_version,
		.sport = (uint16_t)(from ? 80 : PORT_BASE + player->index),
		.dport = (uint16_t)(from ? PORT_BASE + player->index : 80),
		.seq = self->isn + 1 + (uint32_t)off,
		.flags = flags,
		.window = 65535,
		.wscale = -1,
		.payload = bytes,
		.payload_bytes = (uint32_t)len,
	};
	uint8_t *frame = frame_room(player);

	memcpy(segment.src, self->addr + skip, 16 - skip);
	memcpy(segment.dst, peer->addr + skip, 16 - skip);
	if (flags & WIRE_ACK) {
		int next = peer->model->next;

		/* The acknowledgement includes the FIN if all bytes before it arrived. */
		segment.ack = peer->isn + 1 + (uint32_t)next +
			      (talk->closed && next == peer->end && !(flags & WIRE_FIN) ? 1 : 0);
		peer->acked = next;
	}
	player->now_ns += rng_below(&player->rng, MS / 2);
	engine_run_frame(&player->run, player->now_ns, frame,
			 (uint32_t)wire_build(frame, &segment));
}

static bool is_acked(const struct player *player)
{
	return player->opts->deliver == WEFT_DELIVER_ACKED;
}

/* Return: true if the segment overlaps held bytes and differs from one of them. */
static bool meets_other(const struct player *player, const struct side *side, int off,
			const uint8_t *bytes, int len)
{
	int delivered = side->model->next;

	if (is_acked(player) && side->acked < delivered)
		delivered = side->acked;
	for (int i = 0; i < len; i++) {
		int held = overlap_model_get(side->model, off + i);

		if (off + i >= delivered && held >= 0 && held != bytes[i])
			return true;
	}
	return false;
}

/* Passes the segment to the receiver's model, then to the engine. */
static void send_data(struct player *player, int from, int off, const uint8_t *bytes, int len)
{
	struct side *side = &player->talk->side[from];

	side->conflict = meets_other(player, side, off, bytes, len);
	side->conflicts += side->conflict;
	overlap_model_put(side->model, off, bytes, len);
	if (off + len > side->end)
		side->end = off + len;
	send(player, from, WIRE_ACK | WIRE_PSH, off, bytes, len);
	if (side->conflict)
		fail(player, "the conflict at %d, %d bytes, was not reported", off, len);
}

static uint8_t true_byte(int off)
{
	return (uint8_t)(off * 7 + 1);
}

/*
 * Sends a segment that often starts or ends at a boundary of an earlier one, often with other
 * content.
 */
static void send_any(struct player *player, int from)
{
	struct side *side = &player->talk->side[from];
	struct rng *rng = &player->rng;
	int off = (int)rng_below(rng, STREAM_MAX - 2 * SEGMENT_MAX);
	int len = (int)rng_range(rng, 1, rng_percent(rng, 85) ? 40 : SEGMENT_MAX - 10);
	bool is_true = rng_percent(rng, 25);
	uint8_t which = (uint8_t)rng_next(rng);
	uint8_t bytes[SEGMENT_MAX];

	if (rng_percent(rng, 66))
		off -= off % 10;
	if (rng_percent(rng, 66))
		len = (len + 9) / 10 * 10;
	if (rng_percent(rng, 12))
		off = side->model->next;
	if (len > STREAM_MAX - off)
		len = STREAM_MAX - off;
	for (int i = 0; i < len; i++)
		bytes[i] = is_true ? true_byte(off + i) : which;
	if (len)
		send_data(player, from, off, bytes, len);
}

/* ---- a whole connection ---- */

static void open(struct player *player)
{
	static const uint8_t first[2] = {'a', 'b'};
	enum receivers_view view = player->opts->view;

	if (view == RECEIVERS_MIDSTREAM) {
		/* These bytes settle the start of the streams before segments conflict. */
		send_data(player, 0, 0, first, sizeof(first));
		send_data(player, 1, 0, first, sizeof(first));
		player->now_ns += 150 * MS;
		send(player, 0, WIRE_ACK, 2, NULL, 0);
		send(player, 1, WIRE_ACK, 2, NULL, 0);
		return;
	}
	send(player, 0, WIRE_SYN, -1, NULL, 0);
	if (view != RECEIVERS_ONE_SIDED)
		send(player, 1, WIRE_SYN | WIRE_ACK, -1, NULL, 0);
	send(player, 0, WIRE_ACK, 0, NULL, 0);
}

static void contest(struct player *player)
{
	bool one_sided = player->opts->view == RECEIVERS_ONE_SIDED;
	struct rng *rng = &player->rng;

	for (int i = 0; i < SEGMENTS; i++) {
		int from = !one_sided && rng_percent(rng, 25);

		send_any(player, from);
		if (!one_sided && rng_percent(rng, 30))
			send(player, !from, WIRE_ACK, player->talk->side[!from].end, NULL, 0);
	}
}

static void send_true(struct player *player, int off, int end)
{
	uint8_t bytes[SEGMENT_MAX];

	for (int i = off; i < end; i++)
		bytes[i - off] = true_byte(i);
	send_data(player, 0, off, bytes, end - off);
}

/* Sends segments that conflict with bytes that were captured and acknowledged. */
static void forge(struct player *player)
{
	struct talk *talk = player->talk;

	for (int i = 0; i < SEGMENTS; i++) {
		int off = (int)rng_below(&player->rng, (uint64_t)talk->side[0].acked);
		int end = off + 1 + (int)rng_below(&player->rng, SEGMENT_MAX - 1);
		uint8_t bytes[SEGMENT_MAX];

		for (int at = off; at < end; at++)
			if (at >= talk->side[0].acked || talk->missed[at])
				end = at;
		memset(bytes, 'X', sizeof(bytes));
		if (end > off)
			send(player, 0, WIRE_ACK, off, bytes, end - off);
	}
}

/*
 * Sends the pieces of a stream in random order; some are not captured, and all are acknowledged.
 * Captured bytes are then final, before and behind the holes. Missed bytes may be captured later,
 * within weft's timeout.
 */
static void miss(struct player *player)
{
	struct talk *talk = player->talk;
	struct side *side = &talk->side[0];
	struct rng *rng = &player->rng;
	int piece[PIECES_MAX][2];
	int count = 0;
	int off = 0;

	while (off < STREAM_MAX / 2 && count < PIECES_MAX) {
		piece[count][0] = off;
		off += (int)rng_range(rng, 1, 60);
		piece[count++][1] = off;
	}
	side->end = off;
	for (int left = count; left; left--) {
		int at = (int)rng_below(rng, (uint64_t)left);

		if (rng_percent(rng, 25)) {
			uint8_t bytes[SEGMENT_MAX];

			for (int i = piece[at][0]; i < piece[at][1]; i++) {
				bytes[i - piece[at][0]] = true_byte(i);
				talk->missed[i] = true;
			}
			overlap_model_put(side->model, piece[at][0], bytes,
					  piece[at][1] - piece[at][0]);
		} else {
			send_true(player, piece[at][0], piece[at][1]);
		}
		memcpy(piece[at], piece[left - 1], sizeof(piece[at]));
	}
	send(player, 1, WIRE_ACK, 0, NULL, 0);
	forge(player);
	for (off = 0; off < side->end && rng_percent(rng, 60); off++) {
		if (!talk->missed[off])
			continue;
		send_true(player, off, off + 1);
		talk->missed[off] = false;
	}
	forge(player);
}

static void close_both(struct player *player)
{
	bool one_sided = player->opts->view == RECEIVERS_ONE_SIDED;
	struct talk *talk = player->talk;

	send(player, 0, WIRE_ACK | WIRE_FIN, talk->side[0].end, NULL, 0);
	if (one_sided)
		return;
	send(player, 1, WIRE_ACK | WIRE_FIN, talk->side[1].end, NULL, 0);
	talk->closed = true;
	send(player, 0, WIRE_ACK, talk->side[0].end + 1, NULL, 0);
	send(player, 1, WIRE_ACK, talk->side[1].end + 1, NULL, 0);
}

static void play(struct player *player)
{
	choose_ends(player, player->talk);
	open(player);
	if (player->opts->view == RECEIVERS_MISSED)
		miss(player);
	else
		contest(player);
	if (rng_percent(&player->rng, 50))
		close_both(player);
	player->now_ns += 1 * MS;
}

/* ---- events of the engine ---- */

/* Finds the connection of the event, and the side that sent the data. */
static struct side *side_of(struct player *player, const struct weft_event *event)
{
	bool swapped = event->flow->src_port == 80;
	uint16_t port = swapped ? event->flow->dst_port : event->flow->src_port;
	uint32_t index = (uint32_t)port - PORT_BASE;

	if (index >= player->opts->connections) {
		fail(player, "a connection nobody made, port %u", port);
		return NULL;
	}
	return &player->talks[index].side[(event->dir == WEFT_TO_CLIENT) ^ swapped];
}

static void on_bytes(struct player *player, struct side *side, uint64_t off, uint64_t len,
		     const uint8_t *bytes)
{
	if (off != side->next || off + len > STREAM_MAX) {
		fail(player, "%llu bytes at %llu, expected at %llu", (unsigned long long)len,
		     (unsigned long long)off, (unsigned long long)side->next);
		return;
	}
	side->next += len;
	if (!bytes)
		return;
	memcpy(side->out + off, bytes, len);
	memset(side->known + off, 1, len);
}

/* Checks that the kept copy is the receiver's, and that the other copy differs. */
static void on_conflict(struct player *player, struct side *side, const struct weft_event *event)
{
	uint32_t shown = event->anomaly.shown_bytes;
	int off = (int)event->anomaly.off;

	side->conflict = false;
	side->conflicts_reported++;
	if (!shown || shown > WEFT_CONFLICT_BYTES_MAX || shown > event->anomaly.len_bytes ||
	    event->anomaly.kept[0] == event->anomaly.lost[0])
		fail(player, "conflict at %d: %u bytes shown, which don't differ", off, shown);
	for (uint32_t i = 0; i < shown; i++)
		if (event->anomaly.kept[i] != overlap_model_get(side->model, off + (int)i))
			fail(player, "conflict at %d: byte %u reported as kept is %d, not %d", off,
			     i, event->anomaly.kept[i],
			     overlap_model_get(side->model, off + (int)i));
}

static int on_event(const struct weft_event *event, void *ctx)
{
	struct player *player = ctx;
	struct side *side = side_of(player, event);

	if (!side)
		return 0;
	switch (event->type) {
	case WEFT_EVENT_DATA:
		on_bytes(player, side, event->data.off, event->data.len_bytes, event->data.bytes);
		break;
	case WEFT_EVENT_GAP:
		on_bytes(player, side, event->gap.off, event->gap.len_bytes, NULL);
		side->causes |= 1u << event->gap.cause;
		break;
	case WEFT_EVENT_ANOMALY:
		if (event->anomaly.kind == WEFT_ANOMALY_OVERLAP_CONFLICT)
			on_conflict(player, side, event);
		else
			fail(player, "anomaly %s", weft_anomaly_name(event->anomaly.kind));
		break;
	case WEFT_EVENT_CLOSE:
		for (int dir = 0; dir < 2; dir++) {
			struct weft_event at = *event;

			at.dir = (enum weft_dir)dir;
			side_of(player, &at)->conflict_segments =
				event->close->counts[dir].conflict_segments;
		}
		break;
	case WEFT_EVENT_OPEN:
	case WEFT_EVENT_DROP:
		break;
	}
	return 0;
}

static void compare_side(struct player *player, const struct talk *talk, const struct side *side)
{
	uint32_t causes = 1u << WEFT_GAP_CLOSED;

	if (player->opts->view == RECEIVERS_MISSED)
		causes = 1u << WEFT_GAP_NOT_CAPTURED;
	if (player->opts->view == RECEIVERS_MIDSTREAM)
		causes |= 1u << WEFT_GAP_TIMEOUT; /* a hole may time out */

	if (side->next != (uint64_t)side->end)
		fail(player, "policy %d: %llu bytes reported, %d sent", side->policy,
		     (unsigned long long)side->next, side->end);
	for (int off = 0; off < side->end; off++) {
		bool missed = side == &talk->side[0] && talk->missed[off];
		int expected = missed ? -1 : overlap_model_get(side->model, off);
		int got = side->known[off] ? side->out[off] : -1;

		if (got != expected)
			fail(player, "policy %d: byte %d is %d, the receiver has %d", side->policy,
			     off, got, expected);
	}
	if (side->causes & ~causes)
		fail(player, "causes of gaps %#x, not only %#x", side->causes, causes);
	if (side->conflict_segments != side->conflicts_reported)
		fail(player, "%u conflicts reported, %u recorded", side->conflicts_reported,
		     side->conflict_segments);
	if (player->opts->view != RECEIVERS_MISSED && side->conflicts_reported != side->conflicts)
		fail(player, "policy %d: %u conflicts reported, there were %u", side->policy,
		     side->conflicts_reported, side->conflicts);
}

/* ---- all connections ---- */

static void finish(struct player *player, struct receivers_totals *totals)
{
	const char *broken = engine_run_finish(&player->run);

	for (player->index = 0; player->index < player->opts->connections; player->index++) {
		struct talk *talk = &player->talks[player->index];

		for (int from = 0; from < 2; from++) {
			compare_side(player, talk, &talk->side[from]);
			totals->conflicts += talk->side[from].conflicts;
			overlap_model_free(talk->side[from].model);
		}
		totals->connections++;
	}
	if (broken)
		fail(player, "%s", broken);
	for (uint32_t i = 0; i < (player->frames_used + FRAMES_CHUNK - 1) / FRAMES_CHUNK; i++)
		free(player->frames[i]);
	free(player->frames);
	free(player->talks);
}

const char *receivers_play(const struct receivers_opts *opts, struct receivers_totals *totals)
{
	static struct player player;
	struct engine_run_opts run = {
		.memory_bytes = 32u << 20,
		.place = opts->place,
		.batch = 1, /* the events of a segment are delivered before the next segment */
		.checksum = WEFT_CHECKSUM_VERIFY,
		.deliver = opts->deliver,
		.overlap = opts->policy,
		.overlap_rules = player.rules,
		.overlap_rules_count = RULES,
		.event_fn = on_event,
		.ctx = &player,
	};

	memset(&player, 0, sizeof(player));
	player.opts = opts;
	player.now_ns = 1700000000000 * MS;
	rng_seed(&player.rng, opts->seed, 2);
	make_rules(&player);
	player.talks = must(calloc(opts->connections, sizeof(*player.talks)));
	engine_run_start(&player.run, &run);
	for (player.index = 0; player.index < opts->connections; player.index++) {
		player.talk = &player.talks[player.index];
		play(&player);
	}
	finish(&player, totals);
	return player.error[0] ? player.error : NULL;
}
