// SPDX-License-Identifier: BSD-2-Clause
/*
 * oracle.c - reassembles with a list of connections and arrays of bytes, and computes everything
 * anew.
 *
 *   parse → find connection → handshake, reset → put bytes into cells → advance
 *
 * The code is made to be obviously correct, not fast: it caches nothing, shares no structure
 * between the stages, and finds a connection by a linear search.
 */
#include "fuzz/oracle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/wire.h"

/*
 * timeout of a hole that nobody acknowledged, if no packet of its receiver was captured; else none
 */
#define HOLE_NS	    10000000000ull
#define PATIENCE_NS 100000000ull /* timeout of an acknowledged hole */

enum {
	FAR = 1 << 28, /* a number is not accepted if it differs by more from the next one */
	OFFSET_MAX = 1 << 24,
};

enum cell {
	CELL_NONE = 0,
	CELL_HELD,
	CELL_GAP, /* first of the values CELL_GAP + enum weft_gap_cause */
};

struct packet {
	uint64_t time_ns;
	uint8_t ip_version;
	uint8_t src[16];
	uint8_t dst[16];
	uint16_t sport;
	uint16_t dport;
	uint16_t vlan[2];
	uint32_t seq;
	uint32_t ack;
	uint32_t flags;
	uint32_t window;
	int wscale; /* negative: window scaling was not offered */
	bool timestamps;
	uint32_t ts_val;
	const uint8_t *payload;
	uint32_t len;
};

struct direction {
	bool seen;     /* a packet of this side was captured */
	bool known;    /* base is known */
	bool syn;      /* base was computed from this side's SYN */
	bool refused;  /* the server did not accept the payload of its SYN */
	uint32_t base; /* sequence number of the first byte */
	uint8_t *bytes;
	uint8_t *cells; /* enum cell */
	uint64_t *came; /* capture time of each byte, ns */
	uint64_t room;
	uint64_t next; /* all bytes below this offset are delivered or given up */
	uint64_t end;  /* one beyond the last held byte */
	uint64_t acked;
	uint64_t fin_hole_ns; /* time since which only the FIN is behind the hole; 0: not so */
	uint64_t shown;	      /* offset of the acknowledged hole */
	uint64_t shown_ns;    /* time at which the hole's acknowledgement was captured; 0: none */
	bool fin;
	uint64_t fin_off;
	uint64_t fin_beyond; /* offset of an empty FIN beyond the window; 0: none */
	uint64_t right;	     /* right edge of the peer's window; 0: not known */
	bool scale_known;
	int scale; /* scale of this side's windows; negative: not offered */
	bool has_ts;
	uint32_t ts_recent;
};

struct connection {
	struct packet opener; /* the first packet; has the addresses as sent by the opener */
	uint32_t use;
	bool closed;
	struct direction dir[2]; /* index [0]: sent by the opener */
	bool begun;		 /* a segment other than a SYN was captured */
	bool pending;		 /* a captured SYN may begin another connection */
	int pending_dir;
	uint32_t pending_seq;
	uint8_t pending_bytes[2048];
	uint32_t pending_len;
};

struct oracle {
	uint64_t now_ns; /* time of the latest packet */
	struct connection **all;
	uint32_t count;
};

/* ---- parsing ---- */

static uint32_t get16(const uint8_t *at)
{
	return (uint32_t)at[0] << 8 | at[1];
}

static uint32_t get32(const uint8_t *at)
{
	return get16(at) << 16 | get16(at + 2);
}

static uint32_t add16(const uint8_t *bytes, uint32_t len, uint32_t sum)
{
	for (uint32_t i = 0; i < len; i++)
		sum += i & 1 ? bytes[i] : (uint32_t)bytes[i] << 8;
	return sum;
}

static bool checksum_holds(const struct packet *packet, const uint8_t *tcp, uint32_t len)
{
	uint32_t addr_bytes = packet->ip_version == 4 ? 4 : 16;
	uint32_t skip = 16 - addr_bytes;
	uint32_t sum = 6 + len;

	sum = add16(packet->src + skip, addr_bytes, sum);
	sum = add16(packet->dst + skip, addr_bytes, sum);
	sum = add16(tcp, len, sum);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum == 0xffff;
}

static void parse_options(struct packet *packet, const uint8_t *at, const uint8_t *end)
{
	while (at < end && *at) {
		if (*at == 1) {
			at++;
			continue;
		}
		if (end - at < 2 || at[1] < 2 || at[1] > end - at)
			return;
		if (*at == 8 && at[1] == 10) {
			packet->timestamps = true;
			packet->ts_val = get32(at + 2);
		}
		if (*at == 3 && at[1] == 3)
			packet->wscale = at[2] < 14 ? at[2] : 14;
		at += at[1];
	}
}

static bool parse_tcp(struct packet *packet, const uint8_t *tcp, uint32_t len)
{
	uint32_t header = len >= 20 ? (uint32_t)(tcp[12] >> 4) * 4 : 0;

	if (header < 20 || header > len || !checksum_holds(packet, tcp, len))
		return false;
	packet->sport = (uint16_t)get16(tcp);
	packet->dport = (uint16_t)get16(tcp + 2);
	packet->seq = get32(tcp + 4);
	packet->ack = get32(tcp + 8);
	packet->flags = tcp[13];
	packet->window = get16(tcp + 14);
	packet->wscale = -1;
	packet->payload = tcp + header;
	packet->len = len - header;
	parse_options(packet, tcp + 20, tcp + header);
	return true;
}

static bool parse(struct packet *packet, const uint8_t *frame, uint32_t len)
{
	uint32_t type = get16(frame + 12);
	uint32_t at = 14;
	uint32_t tags = 0;

	while (type == 0x8100 || type == 0x88a8) {
		packet->vlan[tags++] = get16(frame + at) & 0xfff;
		type = get16(frame + at + 2);
		at += 4;
	}
	if (type == 0x0800) {
		packet->ip_version = 4;
		memset(packet->src + 10, 0xff, 2);
		memset(packet->dst + 10, 0xff, 2);
		memcpy(packet->src + 12, frame + at + 12, 4);
		memcpy(packet->dst + 12, frame + at + 16, 4);
		len = at + get16(frame + at + 2);
		at += (frame[at] & 15) * 4u;
	} else {
		packet->ip_version = 6;
		memcpy(packet->src, frame + at + 8, 16);
		memcpy(packet->dst, frame + at + 24, 16);
		len = at + 40 + get16(frame + at + 4);
		at += 40;
	}
	return parse_tcp(packet, frame + at, len - at);
}

/* ---- one direction ---- */

static void cell_room(struct direction *dir, uint64_t end)
{
	uint64_t room = end + 4096;

	if (end <= dir->room)
		return;
	dir->bytes = realloc(dir->bytes, room);
	dir->cells = realloc(dir->cells, room);
	dir->came = realloc(dir->came, room * sizeof(*dir->came));
	if (!dir->bytes || !dir->cells || !dir->came)
		abort();
	memset(dir->bytes + dir->room, 0, room - dir->room);
	memset(dir->cells + dir->room, CELL_NONE, room - dir->room);
	dir->room = room;
}

static void mark_gap(struct direction *dir, uint64_t end, enum weft_gap_cause cause)
{
	cell_room(dir, end);
	for (; dir->next < end; dir->next++)
		dir->cells[dir->next] = (uint8_t)(CELL_GAP + cause);
}

/*
 * Delivers all bytes that are in order, and notes since when the next hole is acknowledged, or has
 * only the FIN behind it.
 */
static void advance(struct direction *dir, uint64_t now_ns)
{
	bool is_fin_hole;
	bool is_hole;

	while (dir->next < dir->end && dir->cells[dir->next] == CELL_HELD)
		dir->next++;
	is_fin_hole = dir->next >= dir->end && dir->fin && dir->next < dir->fin_off;
	is_hole = dir->next < dir->end || is_fin_hole;
	if (!is_fin_hole)
		dir->fin_hole_ns = 0;
	else if (!dir->fin_hole_ns)
		dir->fin_hole_ns = now_ns;
	if (!is_hole || dir->acked <= dir->next)
		dir->shown_ns = 0;
	else if (!dir->shown_ns || dir->shown != dir->next)
		dir->shown_ns = now_ns;
	dir->shown = dir->next;
}

/*
 * Returns the end of the hole at dir->next: the next held byte; if there is none, dir->next or the
 * acknowledged offset, whichever is higher.
 */
static uint64_t hole_end(const struct direction *dir)
{
	uint64_t off = dir->next;

	while (off < dir->end && dir->cells[off] != CELL_HELD)
		off++;
	return off < dir->end || dir->acked < off ? off : dir->acked;
}

/*
 * Gives up the holes whose timeout has passed, each with the time and cause of its own timeout.
 * @waits: no time ends a hole that nobody acknowledged.
 */
static void expire(struct direction *dir, bool waits, uint64_t now_ns)
{
	for (;;) {
		uint64_t end = hole_end(dir);
		uint64_t hole_ns = UINT64_MAX;
		uint64_t patience_ns = UINT64_MAX;

		if (waits)
			hole_ns = UINT64_MAX;
		else if (end < dir->end)
			hole_ns = dir->came[end] + HOLE_NS;
		else if (dir->fin_hole_ns)
			hole_ns = dir->fin_hole_ns + HOLE_NS;
		if (dir->shown_ns)
			patience_ns = dir->shown_ns + PATIENCE_NS;
		if (hole_ns >= now_ns && patience_ns >= now_ns)
			return;
		if (hole_ns < patience_ns) {
			mark_gap(dir, dir->fin_hole_ns ? dir->fin_off : end, WEFT_GAP_TIMEOUT);
			advance(dir, hole_ns);
		} else {
			mark_gap(dir, end < dir->acked ? end : dir->acked, WEFT_GAP_NOT_CAPTURED);
			dir->fin_hole_ns = 0; /* the rest of the hole waits anew */
			advance(dir, patience_ns);
		}
	}
}

static void put(struct direction *dir, uint64_t off, const uint8_t *bytes, uint32_t len,
		uint64_t now_ns)
{
	if (off + len > OFFSET_MAX)
		return;
	cell_room(dir, off + len);
	for (uint32_t i = 0; i < len; i++, off++) {
		if (off < dir->next || dir->cells[off] != CELL_NONE)
			continue;
		dir->bytes[off] = bytes[i];
		dir->cells[off] = CELL_HELD;
		dir->came[off] = now_ns;
		if (off + 1 > dir->end)
			dir->end = off + 1;
	}
}

static void set_syn(struct direction *dir, uint32_t seq)
{
	dir->known = true;
	dir->syn = true;
	dir->base = seq + 1;
}

/* Stores the payload of a SYN in the cells, unless the server did not accept it. */
static void put_syn(struct direction *dir, const uint8_t *bytes, uint32_t len, uint64_t now_ns)
{
	if (!dir->refused)
		put(dir, 0, bytes, len, now_ns);
}

/* Drops the payload of the SYN of @dir: the SYN-ACK acknowledged the SYN, but not its payload. */
static void refuse_syn(struct direction *dir)
{
	dir->refused = true;
	for (uint64_t off = 0; off < dir->end; off++)
		dir->cells[off] = CELL_NONE;
	dir->end = 0;
	dir->next = 0;
}

static void set_scale(struct direction *dir, const struct packet *packet)
{
	dir->scale_known = true;
	dir->scale = packet->wscale;
}

static void set_base(struct direction *dir, uint32_t base)
{
	dir->known = true;
	dir->base = base;
}

/* ---- connections ---- */

static bool same_ends(const struct packet *a, const struct packet *b, bool swapped)
{
	const uint8_t *src = swapped ? b->dst : b->src;
	const uint8_t *dst = swapped ? b->src : b->dst;

	return !memcmp(a->src, src, 16) && !memcmp(a->dst, dst, 16) &&
	       a->sport == (swapped ? b->dport : b->sport) &&
	       a->dport == (swapped ? b->sport : b->dport) &&
	       !memcmp(a->vlan, b->vlan, sizeof(a->vlan));
}

/* Finds the latest connection of the packet's four-tuple, and the packet's direction. */
static struct connection *find(const struct oracle *oracle, const struct packet *packet,
			       int *ret_dir)
{
	for (uint32_t i = oracle->count; i-- > 0;) {
		for (int swapped = 0; swapped < 2; swapped++) {
			if (same_ends(&oracle->all[i]->opener, packet, swapped)) {
				*ret_dir = swapped;
				return oracle->all[i];
			}
		}
	}
	return NULL;
}

static struct connection *add(struct oracle *oracle, const struct packet *packet, bool swapped)
{
	struct connection *conn = calloc(1, sizeof(*conn));
	int unused;

	oracle->all = realloc(oracle->all, (oracle->count + 1) * sizeof(conn));
	if (!conn || !oracle->all)
		abort();
	conn->opener = *packet;
	if (swapped) {
		memcpy(conn->opener.src, packet->dst, 16);
		memcpy(conn->opener.dst, packet->src, 16);
		conn->opener.sport = packet->dport;
		conn->opener.dport = packet->sport;
	}
	conn->use = 1;
	if (find(oracle, packet, &unused))
		conn->use = find(oracle, packet, &unused)->use + 1;
	oracle->all[oracle->count++] = conn;
	return conn;
}

static bool is_young(const struct connection *conn)
{
	return !conn->begun && !conn->dir[0].end && !conn->dir[1].end && !conn->dir[0].acked &&
	       !conn->dir[1].acked;
}

static bool is_finished(const struct connection *conn)
{
	const struct direction *dir = conn->dir;

	return conn->closed || (dir[0].fin && dir[1].fin && dir[0].next >= dir[0].fin_off &&
				dir[1].next >= dir[1].fin_off);
}

static struct connection *begin(struct oracle *oracle, const struct packet *packet)
{
	struct connection *conn = add(oracle, packet, false);

	set_syn(&conn->dir[0], packet->seq);
	set_scale(&conn->dir[0], packet);
	put_syn(&conn->dir[0], packet->payload, packet->len, packet->time_ns);
	return conn;
}

/*
 * Ends the old connection, because the pending SYN began a new one. The client of the new
 * connection is the receiver of @packet.
 */
static struct connection *begin_pending(struct oracle *oracle, struct connection *old,
					const struct packet *packet)
{
	struct connection *conn = add(oracle, packet, true);

	old->closed = true;
	conn->dir[0].seen = true;
	set_syn(&conn->dir[0], old->pending_seq);
	put_syn(&conn->dir[0], old->pending_bytes, old->pending_len, packet->time_ns);
	return conn;
}

static void on_syn(struct oracle *oracle, struct connection *conn, int at,
		   const struct packet *packet)
{
	struct direction *own = conn ? &conn->dir[at] : NULL;

	if (!conn || (is_finished(conn) && !(own->known && own->base == packet->seq + 1))) {
		begin(oracle, packet);
	} else if (own->known && own->base == packet->seq + 1) {
		set_scale(own, packet);
		put_syn(own, packet->payload, packet->len, packet->time_ns);
	} else if (conn->pending && conn->pending_dir != at) {
		conn = begin_pending(oracle, conn, packet);
		set_syn(&conn->dir[1], packet->seq);
		set_scale(&conn->dir[1], packet);
	} else if (!own->known || is_young(conn)) {
		set_syn(own, packet->seq);
		set_scale(own, packet);
		put_syn(own, packet->payload, packet->len, packet->time_ns);
	} else {
		conn->pending = true;
		conn->pending_dir = at;
		conn->pending_seq = packet->seq;
		conn->pending_len = packet->len;
		memcpy(conn->pending_bytes, packet->payload, packet->len);
	}
}

static void on_syn_ack(struct oracle *oracle, struct connection *conn, int at,
		       const struct packet *packet)
{
	if (conn && conn->pending && conn->pending_dir != at &&
	    packet->ack - (conn->pending_seq + 1) <= conn->pending_len) {
		conn = begin_pending(oracle, conn, packet);
		at = 1;
	} else if (conn && is_finished(conn) && conn->dir[at].base != packet->seq + 1) {
		conn = NULL;
	}
	if (!conn) {
		conn = add(oracle, packet, true);
		at = 1;
	}
	if (!conn->dir[!at].known)
		set_base(&conn->dir[!at], packet->ack);
	if (!conn->dir[at].known || is_young(conn))
		set_syn(&conn->dir[at], packet->seq);
	set_scale(&conn->dir[at], packet);
	if (!conn->begun && conn->dir[!at].base == packet->ack)
		refuse_syn(&conn->dir[!at]);
	if (conn->dir[at].base == packet->seq + 1)
		put_syn(&conn->dir[at], packet->payload, packet->len, packet->time_ns);
}

/* Computes the stream offset of @seq. Return: false if @seq is too far away. */
static bool offset_of(const struct direction *dir, uint32_t seq, uint64_t *ret_off)
{
	int32_t distance = (int32_t)(seq - (dir->base + (uint32_t)dir->next));

	if (distance > FAR || distance < -FAR)
		return false;
	*ret_off = dir->next + (uint64_t)(int64_t)distance;
	return true;
}

static void on_reset(struct connection *conn, int at, const struct packet *packet)
{
	const struct direction *own = &conn->dir[at];
	uint64_t off;

	if (!own->known)
		conn->closed = true;
	else if (offset_of(own, packet->seq, &off) &&
		 (off == own->next || off == own->acked || off == own->end ||
		  (own->fin && off == own->fin_off + 1)))
		conn->closed = true;
}

/* Return: true if the receiver would accept the segment. */
static bool is_acceptable(const struct connection *conn, int at, const struct packet *packet)
{
	const struct direction *own = &conn->dir[at];
	const struct direction *other = &conn->dir[!at];
	uint64_t off;

	if (!(packet->flags & WIRE_ACK))
		return false;
	if (own->known && !offset_of(own, packet->seq, &off))
		return false;
	if (other->known && !offset_of(other, packet->ack, &off))
		return false;
	return !own->has_ts || !packet->timestamps ||
	       (int32_t)(packet->ts_val - own->ts_recent) > -(1 << 24);
}

/*
 * Returns the scale of the windows that side @at announces: 0 if one side does not offer scaling;
 * the largest scale if it is unknown.
 */
static int scale_of(const struct connection *conn, int at)
{
	for (int side = 0; side < 2; side++)
		if (conn->dir[side].scale_known && conn->dir[side].scale < 0)
			return 0;
	return conn->dir[at].scale_known ? conn->dir[at].scale : 14;
}

static void note_ack(struct connection *conn, int at, const struct packet *packet)
{
	struct direction *dir = &conn->dir[!at];
	uint64_t off;

	if (!dir->known || !offset_of(dir, packet->ack, &off) || (int64_t)off < 0)
		return;
	if (conn->dir[at].known &&
	    off + ((uint64_t)packet->window << scale_of(conn, at)) > dir->right)
		dir->right = off + ((uint64_t)packet->window << scale_of(conn, at));
	if (dir->fin_beyond && off == dir->fin_beyond + 1) {
		dir->fin = true;
		dir->fin_off = dir->fin_beyond;
	}
	if (dir->fin && off > dir->fin_off)
		off = dir->fin_off;
	if (off <= dir->acked || off > OFFSET_MAX)
		return;
	dir->acked = off;
}

static void on_segment(struct connection *conn, int at, const struct packet *packet)
{
	struct direction *own = &conn->dir[at];
	uint32_t skip = 0;
	uint64_t off = 0;

	if (!is_acceptable(conn, at, packet))
		return;
	conn->begun = true;
	if (!own->known && (packet->len || packet->flags & WIRE_FIN))
		set_base(own, packet->seq);
	if (packet->timestamps) {
		own->has_ts = true;
		own->ts_recent = packet->ts_val;
	}
	if (own->syn && !conn->dir[!at].known)
		set_base(&conn->dir[!at], packet->ack); /* the SYN-ACK was not captured */
	note_ack(conn, at, packet);
	if (!own->known)
		return; /* an empty segment may be captured before the first data */
	offset_of(own, packet->seq, &off);
	if ((int64_t)off < 0)
		skip = (uint32_t)-off;
	if (skip < packet->len)
		put(own, off + skip, packet->payload + skip, packet->len - skip, packet->time_ns);
	if (packet->flags & WIRE_FIN && !packet->len && own->right && off > own->right) {
		own->fin_beyond = off;
	} else if (packet->flags & WIRE_FIN) {
		own->fin = true;
		own->fin_off = off + packet->len;
		if (own->acked > own->fin_off)
			own->acked = own->fin_off;
	}
}

void oracle_packet(struct oracle *oracle, uint64_t time_ns, const uint8_t *frame, uint32_t len)
{
	struct packet packet = {.time_ns = time_ns};
	struct connection *conn;
	int at = 0;

	if (time_ns > oracle->now_ns)
		oracle->now_ns = time_ns;
	if (!parse(&packet, frame, len))
		return;
	conn = find(oracle, &packet, &at);
	for (int dir = 0; conn && !conn->closed && dir < 2; dir++)
		expire(&conn->dir[dir], conn->dir[!dir].seen, time_ns);
	if (packet.flags & WIRE_SYN && packet.flags & WIRE_ACK)
		on_syn_ack(oracle, conn, at, &packet);
	else if (packet.flags & WIRE_SYN)
		on_syn(oracle, conn, at, &packet);
	else if (conn && is_finished(conn))
		return;
	else if (packet.flags & WIRE_RST && conn)
		on_reset(conn, at, &packet);
	else if (!(packet.flags & WIRE_RST))
		on_segment(conn ? conn : add(oracle, &packet, false), at, &packet);
	conn = find(oracle, &packet, &at);
	if (conn)
		conn->dir[at].seen = true;
	for (int dir = 0; conn && dir < 2; dir++)
		advance(&conn->dir[dir], time_ns);
}

/* ---- the end ---- */

struct oracle *oracle_new(void)
{
	struct oracle *oracle = calloc(1, sizeof(*oracle));

	if (!oracle)
		abort();
	return oracle;
}

static void finish_dir(struct direction *dir, struct observed_dir *ret_dir)
{
	uint64_t end = dir->end;

	if (dir->fin)
		end = dir->fin_off > end ? dir->fin_off : end;
	else if (dir->acked > end)
		end = dir->acked;
	if (end > OFFSET_MAX)
		end = OFFSET_MAX;
	for (advance(dir, 0); dir->next < end; advance(dir, 0)) {
		uint64_t hole = hole_end(dir);

		if (dir->next < dir->acked)
			mark_gap(dir, hole < dir->acked ? hole : dir->acked, WEFT_GAP_NOT_CAPTURED);
		else
			mark_gap(dir, hole > dir->next && hole < end ? hole : end, WEFT_GAP_CLOSED);
	}
	for (uint64_t off = 0; off < end; off++) {
		if (dir->cells[off] == CELL_HELD)
			observed_data(ret_dir, dir->bytes + off, 1);
		else
			observed_gap(ret_dir, 1, (enum weft_gap_cause)(dir->cells[off] - CELL_GAP));
	}
	free(dir->bytes);
	free(dir->cells);
	free(dir->came);
}

void oracle_finish(struct oracle *oracle, struct observed_set *set)
{
	for (uint32_t i = 0; i < oracle->count; i++) {
		struct connection *conn = oracle->all[i];
		struct weft_flow flow = {
			.id = i + 1,
			.use = conn->use,
			.src_port = conn->opener.sport,
			.dst_port = conn->opener.dport,
			.ip_version = conn->opener.ip_version,
		};
		struct observed *result;

		memcpy(flow.src_addr, conn->opener.src, 16);
		memcpy(flow.dst_addr, conn->opener.dst, 16);
		memcpy(flow.vlan, conn->opener.vlan, sizeof(flow.vlan));
		result = observed_add(set, &flow);
		for (int dir = 0; dir < 2 && !conn->closed; dir++)
			expire(&conn->dir[dir], conn->dir[!dir].seen, oracle->now_ns);
		for (int dir = 0; dir < 2; dir++)
			finish_dir(&conn->dir[dir], &result->dir[dir]);
		free(conn);
	}
	free(oracle->all);
	free(oracle);
}
