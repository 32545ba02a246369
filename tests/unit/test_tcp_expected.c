// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_tcp_expected.c - the fast path of tcp_track.c for common segments gives the same results as
 * the full path. A set urgent flag with pointer 0 has no effect, but makes the full path process
 * the segment.
 */
#include "unit/support/test.h"

#include <stdlib.h>
#include <string.h>

#include "packet/packet.h"
#include "tcp/tcp_track.h"

enum { CONNECTIONS = 4000, SEGMENTS = 200, HOLE_BYTES_MAX = 1 << 28 };

/* One connection, tracked by both paths. */
struct pair {
	struct wf_tcp tcp[2];
	uint64_t next_off[2];
	unsigned int plain; /* number of accepted segments that took the fast path */
};

static uint32_t pick(uint32_t count)
{
	return (uint32_t)rand() % count;
}

static uint32_t near(uint32_t seq)
{
	switch (pick(6)) {
	case 0:
		return seq + pick(3) - 1;
	case 1:
		return seq + pick(3000) - 1500;
	case 2:
		return seq + pick(1 << 20) - (1 << 19);
	default:
		return seq;
	}
}

static void begin(struct pair *pair)
{
	struct wf_tcp_syn syn[2];

	memset(pair, 0, sizeof(*pair));
	for (int dir = 0; dir < 2; dir++)
		syn[dir] = (struct wf_tcp_syn){
			.isn_seq = pick(2) ? 0u - pick(20000) : (uint32_t)rand(),
			.window = (uint16_t)pick(65536),
			.wscale = (uint8_t)pick(15),
			.has_wscale = pick(2),
			.known = true,
			.seen = true,
		};
	if (pick(8))
		wf_tcp_init_handshake(&pair->tcp[0], syn);
	else
		wf_tcp_init_midstream(&pair->tcp[0]);
	pair->tcp[1] = pair->tcp[0];
}

static uint16_t some_flags(void)
{
	switch (pick(40)) {
	case 0:
		return WF_TCP_ACK | WF_TCP_FIN;
	case 1:
		return WF_TCP_ACK | WF_TCP_RST;
	case 2:
		return WF_TCP_ACK | WF_TCP_SYN;
	case 3:
		return 0;
	default:
		return pick(2) ? WF_TCP_ACK : WF_TCP_ACK | WF_TCP_PSH;
	}
}

static void some_segment(const struct wf_tcp *tcp, unsigned int dir, struct wf_packet *ret_packet)
{
	static const uint32_t lengths[] = {0, 0, 1, 100, 1460, 20000};
	const struct wf_tcp_dir *self = &tcp->dir[dir];
	const struct wf_tcp_dir *peer = &tcp->dir[!dir];

	memset(ret_packet, 0, sizeof(*ret_packet));
	ret_packet->tcp_flags = some_flags();
	ret_packet->seq = near(pick(8)	 ? self->snd_nxt
			       : pick(2) ? self->snd_una
					 : self->rcv_wnd_end);
	if (wf_tcp_knows(self, WF_TCP_KNOWS_FIN) && pick(2))
		ret_packet->seq = self->fin_seq + 1;
	ret_packet->ack = near(pick(3) ? peer->snd_nxt : peer->snd_una);
	if (wf_tcp_knows(peer, WF_TCP_KNOWS_FIN) && pick(2))
		ret_packet->ack = peer->fin_seq + 1;
	ret_packet->window = (uint16_t)pick(65536);
	ret_packet->payload_bytes = lengths[pick(6)];
	ret_packet->payload_captured_bytes = ret_packet->payload_bytes;
	if (pick(2)) {
		ret_packet->options = WF_TCP_OPT_TIMESTAMP;
		ret_packet->ts_val = near(self->ts_recent);
	}
}

/*
 * Accepted data in order advances the stream. A hole ends as a gap at random, and always if it is
 * so wide that 32-bit numbers would soon be ambiguous.
 */
static void advance(struct pair *pair, unsigned int dir, const struct wf_tcp_result *result)
{
	const struct wf_tcp_dir *self = &pair->tcp[0].dir[dir];
	int64_t end_off = result->off + result->len_bytes;

	pair->next_off[dir] += result->moved_bytes;
	if (result->verdict == WF_TCP_ACCEPT && result->off <= (int64_t)pair->next_off[dir] &&
	    end_off > (int64_t)pair->next_off[dir])
		pair->next_off[dir] = (uint64_t)end_off;
	end_off = wf_tcp_off(self, self->snd_nxt, pair->next_off[dir]);
	if (!wf_tcp_knows(self, WF_TCP_KNOWS_IRS) || end_off <= (int64_t)pair->next_off[dir])
		return;
	if (!pick(16) || end_off - (int64_t)pair->next_off[dir] > HOLE_BYTES_MAX) {
		pair->next_off[dir] = (uint64_t)end_off;
		wf_tcp_note_gap(&pair->tcp[0], dir);
		wf_tcp_note_gap(&pair->tcp[1], dir);
	}
}

static void assert_same_result(const struct wf_tcp_result *a, const struct wf_tcp_result *b)
{
	assert_int_equal(a->verdict, b->verdict);
	assert_int_equal(a->off, b->off);
	assert_int_equal(a->len_bytes, b->len_bytes);
	assert_int_equal(a->cut_bytes, b->cut_bytes);
	assert_int_equal(a->anomalies, b->anomalies);
	assert_int_equal(a->moved_bytes, b->moved_bytes);
	assert_int_equal(a->acked, b->acked);
	assert_int_equal(a->fin, b->fin);
	assert_int_equal(a->jumped, b->jumped);
}

static void step(struct pair *pair)
{
	unsigned int dir = pick(2);
	struct wf_tcp_result results[2];
	struct wf_packet packet;
	bool is_next;

	some_segment(&pair->tcp[0], dir, &packet);
	is_next = packet.seq == pair->tcp[0].dir[dir].snd_nxt &&
		  (packet.tcp_flags & ~WF_TCP_PSH) == WF_TCP_ACK;
	wf_tcp_track(&pair->tcp[0], dir, &packet, pair->next_off, &results[0]);
	packet.tcp_flags |= WF_TCP_URG;
	wf_tcp_track(&pair->tcp[1], dir, &packet, pair->next_off, &results[1]);
	assert_same_result(&results[0], &results[1]);
	assert_memory_equal(&pair->tcp[0], &pair->tcp[1], sizeof(pair->tcp[0]));
	pair->plain += is_next && results[0].verdict == WF_TCP_ACCEPT;
	advance(pair, dir, &results[0]);
}

TEST(tcp_expected_short_way_says_what_the_long_way_says)
{
	unsigned int plain = 0;

	srand(1);
	for (int connection = 0; connection < CONNECTIONS; connection++) {
		struct pair pair;

		begin(&pair);
		for (int i = 0; i < SEGMENTS; i++)
			step(&pair);
		plain += pair.plain;
	}
	assert_in_range(plain, CONNECTIONS * SEGMENTS / 10, CONNECTIONS * SEGMENTS);
}
