// SPDX-License-Identifier: BSD-2-Clause
/*
 * traffic.c - writes capture files with known traffic, and the lengths and checksums of their
 * streams.
 *
 *   traffic KIND FILE.pcap|-|if:NAME TRUTH.tsv [--scale X] [--seed N] [--rate PACKETS]
 *
 *   bulk       16 flows, full segments in order             1.06 M packets, 1.1 GB
 *   web        200,000 short flows, many at the same time    4.3 M packets, 2.9 GB
 *   lossy      4,016 flows: 3 % reordered, 1 % duplicates, overlaps   1.4 M packets
 *   tiny       50,000 flows at the same time, segments of 1 to 100 bytes, some reordered
 *   lossy-rtt, tiny-rtt   3 % of the segments are lost and sent again 20 to 60 segments later
 *   syn-flood  5.6 M SYNs from random sources, and 1,000 real flows
 *   holes      2,000 flows; 2 % of the segments are never captured
 *   open-close 500,000 flows without data, 500 at the same time: 4.0 M packets
 *   open-10k, open-1m   1,000,000 short flows, 10,000 or all of them open at the same time
 *
 *   attack-syns       5 M SYNs from random sources
 *   attack-flows      1 M established connections without data
 *   attack-holes      20,000 connections with holes and endless data behind: 1.1 GB
 *   attack-tiny       10 M out-of-order segments of one byte in 10,000 connections
 *   attack-fragments  2 M fragments of datagrams that stay incomplete
 *   attack-reuse      1 M connections on 1,000 four-tuples
 *
 * See support/traffic_attack.h. After the first fifth of each attack, 1,000 real flows run at the
 * same time. On an interface, at most --rate packets per second are sent (default 100,000).
 *
 * TRUTH.tsv has one line for each direction that carried bytes:
 *   src sport dst dport use bytes sha256
 * The last two columns describe the captured bytes, each once and in order, as in a stream file.
 *
 * Payload is taken from one random pool, so a frame costs a copy, a checksum and its part of a
 * SHA-256. The program has one thread; the same seed gives the same traffic.
 */
#include <arpa/inet.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "bench/support/traffic_attack.h"
#include "bench/support/traffic_out.h"
#include "fuzz/rng.h"

enum {
	POOL_BYTES = 8 << 20,
	LEGIT_PACKETS = 28,	 /* mean packets of a real flow during an attack */
	ATTACK_LEAD_DIVISOR = 5, /* 1/5 of an attack precedes the real flows */
};

struct kind {
	const char *name;
	uint32_t flows;
	uint32_t at_once;
	uint32_t opening_max;	   /* maximum number of handshakes at the same time; 0: no limit */
	uint32_t burst;		   /* maximum number of consecutive packets of one flow */
	uint64_t request_bytes[2]; /* minimum, maximum */
	uint64_t response_bytes[2];
	uint32_t segment_bytes[2];
	uint32_t reordered_permille;
	/* number of segments that overtake a reordered one; default 1 to 3 */
	uint32_t late_segments[2];
	uint32_t duplicate_permille;
	uint32_t overlap_permille;
	uint32_t missing_permille;
	uint32_t step_ns;
	const char *attack; /* attack during the flows; see traffic_attack.h */
	uint64_t attack_packets;
	uint32_t attack_flows; /* number of flows that the attack uses at the same time */
};

/*
 * A lost segment is sent again after a round-trip time; 20 to 60 other segments are sent meanwhile.
 */
#define RESENT_LATER .reordered_permille = 30, .late_segments = {20, 60}

/*
 * Flows of few bytes, in kinds that differ in the number of flows at the same time only. A
 * handshake takes 3 to 12 ms, as over a network. If its three segments were spread over the life of
 * a flow, handshakes would be open at the same time rather than connections.
 */
#define SHORT_FLOWS                                                                   \
	.flows = 1000000, .burst = 1, .opening_max = 1000, .request_bytes = {1, 200}, \
	.response_bytes = {200, 1000}, .segment_bytes = {200, 400}, .step_ns = 1000

/* The real flows during an attack: short, some segments reordered, 200 at the same time. */
#define BESIDE_ATTACK                                                           \
	.flows = 1000, .at_once = 200, .burst = 2, .request_bytes = {200, 700}, \
	.response_bytes = {400, 27000}, .segment_bytes = {1448, 1448}, .reordered_permille = 20

static const struct kind kinds[] = {
	{.name = "bulk",
	 .flows = 16,
	 .at_once = 16,
	 .burst = 16,
	 .request_bytes = {200, 200},
	 .response_bytes = {63700000, 63900000},
	 .segment_bytes = {1448, 1448},
	 .step_ns = 1000},
	{.name = "web",
	 .flows = 200000,
	 .at_once = 500,
	 .burst = 4,
	 .request_bytes = {200, 700},
	 .response_bytes = {400, 27000},
	 .segment_bytes = {1448, 1448},
	 .step_ns = 1500},
	{.name = "lossy",
	 .flows = 4016,
	 .at_once = 400,
	 .burst = 4,
	 .request_bytes = {300, 4000},
	 .response_bytes = {200000, 300000},
	 .segment_bytes = {700, 1448},
	 .reordered_permille = 30,
	 .duplicate_permille = 10,
	 .overlap_permille = 10,
	 .step_ns = 2000},
	{.name = "tiny",
	 .flows = 50000,
	 .at_once = 50000,
	 .burst = 1,
	 .request_bytes = {1, 100},
	 .response_bytes = {2600, 3400},
	 .segment_bytes = {1, 100},
	 .reordered_permille = 50,
	 .step_ns = 800},
	{.name = "syn-flood",
	 .flows = 1000,
	 .at_once = 200,
	 .burst = 2,
	 .request_bytes = {200, 700},
	 .response_bytes = {400, 27000},
	 .segment_bytes = {1448, 1448},
	 .step_ns = 1000,
	 .attack = "syns",
	 .attack_packets = 5600000},
	{.name = "holes",
	 .flows = 2000,
	 .at_once = 400,
	 .burst = 4,
	 .request_bytes = {300, 4000},
	 .response_bytes = {200000, 300000},
	 .segment_bytes = {1448, 1448},
	 .missing_permille = 20,
	 .step_ns = 4000},
	{.name = "open-close", .flows = 500000, .at_once = 500, .burst = 1, .step_ns = 1000},
	{.name = "open-10k", SHORT_FLOWS, .at_once = 10000},
	{.name = "open-1m", SHORT_FLOWS, .at_once = 1000000},
	{.name = "lossy-rtt",
	 RESENT_LATER,
	 .flows = 8000,
	 .at_once = 8000,
	 .burst = 4,
	 .request_bytes = {300, 4000},
	 .response_bytes = {60000, 90000},
	 .segment_bytes = {100, 1448},
	 .step_ns = 500},
	{.name = "tiny-rtt",
	 RESENT_LATER,
	 .flows = 20000,
	 .at_once = 20000,
	 .burst = 1,
	 .request_bytes = {1, 100},
	 .response_bytes = {2600, 3400},
	 .segment_bytes = {1, 100},
	 .step_ns = 500},
	{.name = "attack-syns",
	 BESIDE_ATTACK,
	 .step_ns = 1000,
	 .attack = "syns",
	 .attack_packets = 5000000},
	{.name = "attack-flows",
	 BESIDE_ATTACK,
	 .step_ns = 1000,
	 .attack = "flows",
	 .attack_packets = 3000000},
	{.name = "attack-holes",
	 BESIDE_ATTACK,
	 .step_ns = 4000,
	 .attack = "holes",
	 .attack_packets = 860000,
	 .attack_flows = 20000},
	{.name = "attack-tiny",
	 BESIDE_ATTACK,
	 .step_ns = 300,
	 .attack = "tiny",
	 .attack_packets = 10030000,
	 .attack_flows = 10000},
	{.name = "attack-fragments",
	 BESIDE_ATTACK,
	 .step_ns = 2000,
	 .attack = "fragments",
	 .attack_packets = 2000000},
	{.name = "attack-reuse",
	 BESIDE_ATTACK,
	 .step_ns = 1000,
	 .attack = "reuse",
	 .attack_packets = 5000000},
};

enum phase {
	PH_SYN = 0,
	PH_SYN_ACK,
	PH_ACK,
	PH_REQUEST,
	PH_RESPONSE,
	PH_FIN_SERVER,
	PH_FIN_CLIENT,
	PH_LAST_ACK,
	PH_DONE,
};

struct piece {
	uint64_t off;
	uint32_t len;
	uint32_t wait; /* number of data segments to send before the reordered one */
};

/* One direction of a flow; index [0] is the client's. */
struct half {
	uint32_t addr;
	uint16_t port;
	uint32_t isn;
	uint64_t total;
	uint64_t off;	/* next byte to send */
	uint64_t whole; /* all bytes below this offset were sent */
	uint64_t captured;
	uint32_t pool_off;
	struct piece late; /* reordered segment that is sent later; len 0: none */
	EVP_MD_CTX *sha;   /* owned until the flow ends */
};

struct flow {
	enum phase phase;
	uint32_t unacked;
	struct half half[2];
};

struct traffic {
	const struct kind *kind;
	struct rng rng;
	const uint8_t *pool;
	struct traffic_out out;
	struct attack attack;
	uint64_t attack_left;	     /* number of packets that the attack still has to send */
	uint64_t attacks_per_packet; /* attack packets per packet of the real flows */
	FILE *truth;
};

/* ---- flows ---- */

static void attack(struct traffic *traffic, uint64_t packets)
{
	for (; packets && traffic->attack_left; packets--, traffic->attack_left--)
		attack_next(&traffic->attack);
}

/* Sends [@off, @off + @len) of a half's stream; the sequence number of offset 0 is ISN + 1. */
static void send_at(struct traffic *traffic, struct flow *flow, int from, uint64_t off,
		    uint32_t len, uint32_t flags)
{
	struct half *half = &flow->half[from];
	struct half *peer = &flow->half[!from];
	struct segment seg = {
		.src = half->addr,
		.dst = peer->addr,
		.sport = half->port,
		.dport = peer->port,
		.seq = half->isn + (flags & TCP_SYN ? 0 : 1 + (uint32_t)off),
		.flags = flags,
		.payload = traffic->pool + (half->pool_off + off) % (POOL_BYTES / 2),
		.len = len,
	};

	if (flags & TCP_ACK)
		seg.ack = peer->isn + 1 + (uint32_t)peer->whole;
	if (flow->phase >= PH_FIN_CLIENT && !from)
		seg.ack++;
	if (flow->phase >= PH_LAST_ACK && from)
		seg.ack++;
	attack(traffic, traffic->attacks_per_packet);
	traffic_out_segment(&traffic->out, &seg);
}

static bool roll(struct traffic *traffic, uint32_t permille)
{
	return permille && rng_below(&traffic->rng, 1000) < permille;
}

static void send_late(struct traffic *traffic, struct flow *flow, int from)
{
	struct half *half = &flow->half[from];
	struct piece piece = half->late;

	if (!piece.len)
		return;
	half->late.len = 0;
	send_at(traffic, flow, from, piece.off, piece.len, TCP_ACK);
	half->whole = half->off;
}

static uint32_t late_by(struct traffic *traffic)
{
	const uint32_t *late = traffic->kind->late_segments;

	return (uint32_t)(late[1] ? rng_range(&traffic->rng, late[0], late[1])
				  : rng_range(&traffic->rng, 1, 3));
}

/* Sends the next segment of a half, possibly reordered, repeated, overlapping or missing. */
static void send_data(struct traffic *traffic, struct flow *flow, int from)
{
	const struct kind *kind = traffic->kind;
	struct half *half = &flow->half[from];
	uint32_t len =
		(uint32_t)rng_range(&traffic->rng, kind->segment_bytes[0], kind->segment_bytes[1]);
	uint64_t off = half->off;
	uint32_t back;

	if (len > half->total - off)
		len = (uint32_t)(half->total - off);
	half->off += len;
	if (roll(traffic, kind->missing_permille) && half->off < half->total) {
		half->whole = half->off;
		return;
	}
	EVP_DigestUpdate(half->sha, traffic->pool + (half->pool_off + off) % (POOL_BYTES / 2), len);
	half->captured += len;
	if (!half->late.len && half->off < half->total && roll(traffic, kind->reordered_permille)) {
		half->late = (struct piece){off, len, late_by(traffic)};
		return;
	}
	send_at(traffic, flow, from, off, len, TCP_ACK | (half->off == half->total ? TCP_PSH : 0));
	if (!half->late.len)
		half->whole = half->off;
	if (roll(traffic, kind->duplicate_permille))
		send_at(traffic, flow, from, off, len, TCP_ACK);
	if (roll(traffic, kind->overlap_permille)) {
		back = (uint32_t)rng_below(&traffic->rng, off < 700 ? off + 1 : 700);
		send_at(traffic, flow, from, off - back, back + len / 2, TCP_ACK);
	}
	if (half->late.len && !--half->late.wait)
		send_late(traffic, flow, from);
}

/*
 * Sends the next data segment of a half; or, after two segments and at the end of the data, the
 * acknowledgement of the other half.
 */
static void step_data(struct traffic *traffic, struct flow *flow, int from)
{
	struct half *half = &flow->half[from];

	if (flow->unacked >= 2 || half->off == half->total) {
		if (half->off == half->total)
			send_late(traffic, flow, from);
		flow->unacked = 0;
		send_at(traffic, flow, !from, flow->half[!from].off, 0, TCP_ACK);
		if (half->off == half->total)
			flow->phase++;
		return;
	}
	send_data(traffic, flow, from);
	flow->unacked++;
}

static void step(struct traffic *traffic, struct flow *flow)
{
	switch (flow->phase) {
	case PH_SYN:
		send_at(traffic, flow, 0, 0, 0, TCP_SYN);
		flow->phase = PH_SYN_ACK;
		break;
	case PH_SYN_ACK:
		send_at(traffic, flow, 1, 0, 0, TCP_SYN | TCP_ACK);
		flow->phase = PH_ACK;
		break;
	case PH_ACK:
		send_at(traffic, flow, 0, 0, 0, TCP_ACK);
		flow->phase = PH_REQUEST;
		break;
	case PH_REQUEST:
		step_data(traffic, flow, 0);
		break;
	case PH_RESPONSE:
		step_data(traffic, flow, 1);
		break;
	case PH_FIN_SERVER:
		send_at(traffic, flow, 1, flow->half[1].total, 0, TCP_FIN | TCP_ACK);
		flow->phase = PH_FIN_CLIENT;
		break;
	case PH_FIN_CLIENT:
		send_at(traffic, flow, 0, flow->half[0].total, 0, TCP_FIN | TCP_ACK);
		flow->phase = PH_LAST_ACK;
		break;
	case PH_LAST_ACK:
		send_at(traffic, flow, 1, flow->half[1].total + 1, 0, TCP_ACK);
		flow->phase = PH_DONE;
		break;
	case PH_DONE:
		break;
	}
}

static void begin(struct traffic *traffic, struct flow *flow, uint32_t index)
{
	const struct kind *kind = traffic->kind;

	memset(flow, 0, sizeof(*flow));
	flow->half[0].addr = 0x0a000001 + (index >> 5);
	flow->half[0].port = (uint16_t)(2048 + (index & 31) * 1777);
	flow->half[1].addr = 0xac100001 + index % 251;
	flow->half[1].port = index % 3 ? 443 : 80;
	flow->half[0].total =
		rng_range(&traffic->rng, kind->request_bytes[0], kind->request_bytes[1]);
	flow->half[1].total =
		rng_range(&traffic->rng, kind->response_bytes[0], kind->response_bytes[1]);
	for (int from = 0; from < 2; from++) {
		flow->half[from].isn = (uint32_t)rng_next(&traffic->rng);
		flow->half[from].pool_off = (uint32_t)rng_below(&traffic->rng, POOL_BYTES / 2);
		flow->half[from].sha = EVP_MD_CTX_new();
		EVP_DigestInit_ex(flow->half[from].sha, EVP_sha256(), NULL);
	}
}

static void print_addr(char *text, uint32_t addr)
{
	addr = htonl(addr);
	inet_ntop(AF_INET, &addr, text, INET_ADDRSTRLEN);
}

static void write_truth(struct traffic *traffic, struct flow *flow)
{
	char src[INET_ADDRSTRLEN];
	char dst[INET_ADDRSTRLEN];

	for (int from = 0; from < 2; from++) {
		struct half *half = &flow->half[from];
		uint8_t digest[EVP_MAX_MD_SIZE];
		unsigned int digest_bytes;

		EVP_DigestFinal_ex(half->sha, digest, &digest_bytes);
		EVP_MD_CTX_free(half->sha);
		if (!half->captured)
			continue;
		print_addr(src, half->addr);
		print_addr(dst, flow->half[!from].addr);
		fprintf(traffic->truth, "%s\t%u\t%s\t%u\t1\t%llu\t", src, half->port, dst,
			flow->half[!from].port, (unsigned long long)half->captured);
		for (unsigned int i = 0; i < digest_bytes; i++)
			fprintf(traffic->truth, "%02x", digest[i]);
		fputc('\n', traffic->truth);
	}
}

/*
 * The active flows: first the open ones, then those in their handshake. Unless a kind limits
 * handshakes, all of them count as open.
 */
struct crowd {
	struct flow *slots;
	uint32_t open;
	uint32_t opening;
	uint32_t started;
	uint32_t flows;	  /* number of flows that are started in all */
	uint32_t at_once; /* maximum number of active flows */
	bool was_full;	  /* at_once flows were active */
};

static void begin_flows(struct traffic *traffic, struct crowd *crowd)
{
	uint32_t opening_max = traffic->kind->opening_max;

	while (crowd->started < crowd->flows && crowd->open + crowd->opening < crowd->at_once &&
	       (!opening_max || crowd->opening < opening_max)) {
		begin(traffic, &crowd->slots[crowd->open + crowd->opening], crowd->started++);
		if (opening_max)
			crowd->opening++;
		else
			crowd->open++;
	}
	crowd->was_full |= crowd->open + crowd->opening == crowd->at_once;
}

/*
 * Chooses the flow that sends next. Until all flows that may be active at once are open, only
 * handshakes continue. Later, so that about opening_max of them are in progress, they send as often
 * as there are handshakes in the traffic: 3 of 12 packets.
 */
static uint32_t choose(struct traffic *traffic, const struct crowd *crowd)
{
	if (crowd->opening &&
	    (!crowd->open || !crowd->was_full ||
	     rng_below(&traffic->rng, 4ull * traffic->kind->opening_max) < crowd->opening))
		return crowd->open + (uint32_t)rng_below(&traffic->rng, crowd->opening);
	return (uint32_t)rng_below(&traffic->rng, crowd->open);
}

/* Moves the flow in @slot, whose handshake is complete, to the open ones. */
static void note_open(struct crowd *crowd, uint32_t slot)
{
	struct flow flow = crowd->slots[slot];

	crowd->slots[slot] = crowd->slots[crowd->open];
	crowd->slots[crowd->open] = flow;
	crowd->open++;
	crowd->opening--;
}

static void end_flow(struct traffic *traffic, struct crowd *crowd, uint32_t slot)
{
	write_truth(traffic, &crowd->slots[slot]);
	crowd->open--;
	crowd->slots[slot] = crowd->slots[crowd->open];
	crowd->slots[crowd->open] = crowd->slots[crowd->open + crowd->opening];
	begin_flows(traffic, crowd);
}

/* Keeps kind->at_once flows active; repeatedly chooses one at random and sends a burst of it. */
static void generate(struct traffic *traffic, uint32_t flows)
{
	const struct kind *kind = traffic->kind;
	struct crowd crowd = {.flows = flows};

	crowd.at_once = flows < kind->at_once ? flows : kind->at_once;
	crowd.slots = calloc(crowd.at_once, sizeof(*crowd.slots));
	if (!crowd.slots)
		traffic_die("flows");
	begin_flows(traffic, &crowd);
	while (crowd.open + crowd.opening) {
		uint32_t slot = choose(traffic, &crowd);
		struct flow *flow = &crowd.slots[slot];
		uint64_t burst = rng_range(&traffic->rng, 1, kind->burst);

		while (burst-- && flow->phase != PH_DONE)
			step(traffic, flow);
		if (flow->phase == PH_DONE) {
			end_flow(traffic, &crowd, slot);
		} else if (slot >= crowd.open && flow->phase > PH_ACK) {
			note_open(&crowd, slot);
			begin_flows(traffic, &crowd);
		}
	}
	free(crowd.slots);
}

static const struct kind *find_kind(const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(kinds[i].name, name))
			return &kinds[i];
	fprintf(stderr, "traffic: no kind '%s'\n", name);
	exit(2);
}

static void open_output(struct traffic *traffic, const char *to, uint64_t rate, const char *truth)
{
	uint8_t *pool = malloc(POOL_BYTES);

	traffic->truth = fopen(truth, "w");
	if (!traffic->truth || !pool)
		traffic_die(truth);
	/*
	 * The second half repeats the first, so that a slice may start anywhere in the first half.
	 */
	rng_fill(&traffic->rng, pool, POOL_BYTES / 2);
	memcpy(pool + POOL_BYTES / 2, pool, POOL_BYTES / 2);
	traffic->pool = pool;
	traffic->out.step_ns = traffic->kind->step_ns;
	traffic_out_open(&traffic->out, to, rate);
}

static void prepare_attack(struct traffic *traffic)
{
	const struct kind *kind = traffic->kind;

	if (!kind->attack)
		return;
	traffic->attack = (struct attack){
		.step_fn = attack_find(kind->attack),
		.flows = kind->attack_flows,
		.out = &traffic->out,
		.pool = traffic->pool,
	};
	traffic->attack_left = kind->attack_packets;
	traffic->attacks_per_packet =
		kind->attack_packets / ((uint64_t)kind->flows * LEGIT_PACKETS) + 1;
}

/* Scales the traffic: for bulk the bytes per flow, else the numbers of flows and attack packets. */
static void scale_kind(struct kind *kind, double scale)
{
	if (!strcmp(kind->name, "bulk")) {
		for (int i = 0; i < 2; i++)
			kind->response_bytes[i] =
				(uint64_t)((double)kind->response_bytes[i] * scale) + 1;
		return;
	}
	kind->flows = (uint32_t)((double)kind->flows * scale);
	kind->flows = kind->flows ? kind->flows : 1;
	kind->attack_packets = (uint64_t)((double)kind->attack_packets * scale);
	kind->attack_flows = (uint32_t)((double)kind->attack_flows * scale);
}

int main(int argc, char **argv)
{
	struct traffic traffic = {0};
	uint64_t seed = 1;
	uint64_t rate = 0;
	struct kind kind;

	if (argc < 4) {
		fprintf(stderr, "usage: traffic KIND FILE.pcap|-|if:NAME TRUTH.tsv "
				"[--scale X] [--seed N] [--rate PACKETS]\n");
		return 2;
	}
	kind = *find_kind(argv[1]);
	for (int i = 4; i + 1 < argc; i += 2) {
		if (!strcmp(argv[i], "--scale"))
			scale_kind(&kind, strtod(argv[i + 1], NULL));
		else if (!strcmp(argv[i], "--seed"))
			seed = strtoull(argv[i + 1], NULL, 0);
		else if (!strcmp(argv[i], "--rate"))
			rate = strtoull(argv[i + 1], NULL, 0);
	}
	traffic.kind = &kind;
	rng_seed(&traffic.rng, seed, 0);
	rng_seed(&traffic.out.rng, seed, 1);
	open_output(&traffic, argv[2], rate, argv[3]);
	prepare_attack(&traffic);
	attack(&traffic, kind.attack_packets / ATTACK_LEAD_DIVISOR);
	generate(&traffic, kind.flows);
	attack(&traffic, UINT64_MAX);
	traffic_out_close(&traffic.out);
	if (fclose(traffic.truth))
		traffic_die(argv[3]);
	free((void *)traffic.pool);
	fprintf(stderr, "%s: %u flows, %llu packets, %llu payload bytes, %llu file bytes\n",
		kind.name, kind.flows, (unsigned long long)traffic.out.packets,
		(unsigned long long)traffic.out.payload, (unsigned long long)traffic.out.bytes);
	return 0;
}
