// SPDX-License-Identifier: BSD-2-Clause
/*
 * traffic.c - writes capture files of known traffic, and the truth about them.
 *
 *   traffic KIND FILE.pcap TRUTH.tsv [--scale X] [--seed N]
 *
 *   bulk       16 flows, full segments in order             1.06 M packets, 1.1 GB
 *   web        200,000 flows, short, many at once           4.3 M packets, 2.9 GB
 *   lossy      4,016 flows: 3 % reordered, 1 % twice, overlaps       1.4 M packets
 *   tiny       50,000 flows at once, segments of 1 to 100 bytes, some reordered
 *   syn-flood  5.6 M SYNs from random sources, and 1,000 real flows among them
 *   holes      2,000 flows; 2 % of the segments are missing for good
 *
 * The truth has one line for each direction that carried bytes:
 *   src sport dst dport use bytes sha256
 * of the bytes that were captured, in order, once: what a stream file holds.
 *
 * Payload is cut from one random pool, so a frame costs a copy, a checksum and
 * its share of a SHA-256. One thread, deterministic by seed.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/sha.h>

#include "fuzz/rng.h"

enum {
	POOL_BYTES = 8 << 20,
	OUT_BYTES = 4 << 20,
	HEADERS = 14 + 20 + 32, /* Ethernet, IPv4, TCP with timestamps */
	SEGMENT_MAX = 1448,
};

#define TCP_FIN 0x01u
#define TCP_SYN 0x02u
#define TCP_PSH 0x08u
#define TCP_ACK 0x10u

struct kind {
	const char *name;
	uint32_t flows;
	uint32_t at_once;
	uint32_t burst;		   /* packets of one flow in a row, at most */
	uint64_t request_bytes[2]; /* from, to */
	uint64_t response_bytes[2];
	uint32_t segment_bytes[2];
	uint32_t reordered_permille;
	uint32_t duplicate_permille;
	uint32_t overlap_permille;
	uint32_t missing_permille;
	uint32_t syns_per_packet; /* strangers' SYNs between two packets */
	uint32_t step_ns;
};

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
	 .syns_per_packet = 233,
	 .step_ns = 1000},
	{.name = "holes",
	 .flows = 2000,
	 .at_once = 400,
	 .burst = 4,
	 .request_bytes = {300, 4000},
	 .response_bytes = {200000, 300000},
	 .segment_bytes = {1448, 1448},
	 .missing_permille = 20,
	 .step_ns = 4000},
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
	uint32_t wait; /* data segments of this flow until it is sent */
};

/* One direction of a flow; [0] is the client's. */
struct half {
	uint32_t addr;
	uint16_t port;
	uint32_t isn;
	uint64_t total;
	uint64_t off;	/* next byte to send */
	uint64_t whole; /* all below has passed */
	uint64_t captured;
	uint32_t pool_off;
	struct piece late; /* overtaken, len 0: none */
	SHA256_CTX sha;
};

struct flow {
	enum phase phase;
	uint32_t unacked;
	struct half half[2];
};

struct traffic {
	const struct kind *kind;
	struct rng rng;
	uint8_t *pool;
	int fd;
	uint8_t *out;
	size_t out_used;
	FILE *truth;
	uint64_t time_ns;
	uint64_t packets;
	uint64_t bytes;
	uint64_t payload;
};

static void die(const char *what)
{
	fprintf(stderr, "traffic: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* ---- output ---- */

static void flush(struct traffic *traffic)
{
	size_t done = 0;

	while (done < traffic->out_used) {
		ssize_t wrote = write(traffic->fd, traffic->out + done, traffic->out_used - done);

		if (wrote < 0)
			die("write");
		done += (size_t)wrote;
	}
	traffic->bytes += done;
	traffic->out_used = 0;
}

/* Little-endian 16-bit words: one's complement sums don't mind the byte order. */
static uint64_t sum_bytes(const uint8_t *bytes, size_t len, uint64_t sum)
{
	uint64_t word;

	for (; len >= 8; len -= 8, bytes += 8) {
		memcpy(&word, bytes, 8);
		sum += (word & 0xffffffff) + (word >> 32);
	}
	if (len) {
		word = 0;
		memcpy(&word, bytes, len);
		sum += (word & 0xffffffff) + (word >> 32);
	}
	return sum;
}

static uint16_t sum_fold(uint64_t sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value & 0xffff);
}

static void put_sum(uint8_t *at, uint16_t sum)
{
	memcpy(at, &sum, 2);
}

struct segment {
	uint32_t src, dst;
	uint16_t sport, dport;
	uint32_t seq, ack;
	uint32_t flags;
	const uint8_t *payload;
	uint32_t len;
};

static void put_headers(uint8_t *frame, const struct traffic *traffic, const struct segment *seg)
{
	uint8_t *ip = frame + 14;
	uint8_t *tcp = ip + 20;

	memcpy(frame, "\x02\0\0\0\0\x02\x02\0\0\0\0\x01\x08\0", 14);
	memset(ip, 0, 52);
	ip[0] = 0x45;
	put16(ip + 2, 52 + seg->len);
	put16(ip + 4, (uint32_t)traffic->packets);
	ip[6] = 0x40;
	ip[8] = 64;
	ip[9] = 6;
	put32(ip + 12, seg->src);
	put32(ip + 16, seg->dst);
	put_sum(ip + 10, sum_fold(sum_bytes(ip, 20, 0)));
	put16(tcp, seg->sport);
	put16(tcp + 2, seg->dport);
	put32(tcp + 4, seg->seq);
	put32(tcp + 8, seg->ack);
	tcp[12] = 0x80;
	tcp[13] = (uint8_t)seg->flags;
	put16(tcp + 14, 0xffff);
	put32(tcp + 20, 0x0101080a);
	put32(tcp + 24, (uint32_t)(traffic->time_ns / 1000000));
	if (seg->flags & TCP_SYN) { /* window scale 7 and padding in place of the timestamps */
		put32(tcp + 20, 0x01030307);
		memset(tcp + 24, 1, 8);
	}
}

static void emit(struct traffic *traffic, const struct segment *seg)
{
	uint32_t len = HEADERS + seg->len;
	uint32_t record[4] = {(uint32_t)(traffic->time_ns / 1000000000),
			      (uint32_t)(traffic->time_ns % 1000000000), len, len};
	uint8_t *frame;
	uint64_t sum;

	if (traffic->out_used + sizeof(record) + len > OUT_BYTES)
		flush(traffic);
	memcpy(traffic->out + traffic->out_used, record, sizeof(record));
	frame = traffic->out + traffic->out_used + sizeof(record);
	put_headers(frame, traffic, seg);
	if (seg->len)
		memcpy(frame + HEADERS, seg->payload, seg->len);
	sum = sum_bytes(frame + 26, 8, 0) + htons(6) + htons((uint16_t)(32 + seg->len));
	sum = sum_bytes(frame + 34, 32 + seg->len, sum);
	put_sum(frame + 34 + 16, sum_fold(sum));
	traffic->out_used += sizeof(record) + len;
	traffic->packets++;
	traffic->payload += seg->len;
	traffic->time_ns +=
		traffic->kind->step_ns / 2 + rng_below(&traffic->rng, traffic->kind->step_ns);
}

/* ---- flows ---- */

static void strangers(struct traffic *traffic)
{
	for (uint32_t i = 0; i < traffic->kind->syns_per_packet; i++) {
		uint64_t random = rng_next(&traffic->rng);
		struct segment seg = {.src = 0xc0000000 | (uint32_t)(random & 0x0fffffff),
				      .dst = 0xac100001,
				      .sport = (uint16_t)(random >> 32),
				      .dport = 80,
				      .seq = (uint32_t)(random >> 16),
				      .flags = TCP_SYN};

		emit(traffic, &seg);
	}
}

/* Send [@off, @off + @len) of a half's stream; data and FIN follow the SYN's number. */
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
	if (traffic->kind->syns_per_packet)
		strangers(traffic);
	emit(traffic, &seg);
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

/* The next segment of a half, with whatever happens to it on the way. */
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
	SHA256_Update(&half->sha, traffic->pool + (half->pool_off + off) % (POOL_BYTES / 2), len);
	half->captured += len;
	if (!half->late.len && half->off < half->total && roll(traffic, kind->reordered_permille)) {
		half->late = (struct piece){off, len, (uint32_t)rng_range(&traffic->rng, 1, 3)};
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

/* One packet (or what replaces it) of a flow in the request or response. */
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
		SHA256_Init(&flow->half[from].sha);
	}
}

static void print_addr(char *text, uint32_t addr)
{
	addr = htonl(addr);
	inet_ntop(AF_INET, &addr, text, INET_ADDRSTRLEN);
}

static void tell(struct traffic *traffic, struct flow *flow)
{
	char src[INET_ADDRSTRLEN];
	char dst[INET_ADDRSTRLEN];

	for (int from = 0; from < 2; from++) {
		struct half *half = &flow->half[from];
		uint8_t digest[SHA256_DIGEST_LENGTH];

		if (!half->captured)
			continue;
		SHA256_Final(digest, &half->sha);
		print_addr(src, half->addr);
		print_addr(dst, flow->half[!from].addr);
		fprintf(traffic->truth, "%s\t%u\t%s\t%u\t1\t%llu\t", src, half->port, dst,
			flow->half[!from].port, (unsigned long long)half->captured);
		for (int i = 0; i < SHA256_DIGEST_LENGTH; i++)
			fprintf(traffic->truth, "%02x", digest[i]);
		fputc('\n', traffic->truth);
	}
}

/* Keep @at_once flows going, a burst of one at random each time. */
static void generate(struct traffic *traffic, uint32_t flows)
{
	const struct kind *kind = traffic->kind;
	uint32_t active = flows < kind->at_once ? flows : kind->at_once;
	struct flow *slots = calloc(active, sizeof(*slots));
	uint32_t started = 0;

	if (!slots)
		die("flows");
	for (; started < active; started++)
		begin(traffic, &slots[started], started);
	while (active) {
		uint32_t slot = (uint32_t)rng_below(&traffic->rng, active);
		struct flow *flow = &slots[slot];
		uint64_t burst = rng_range(&traffic->rng, 1, kind->burst);

		while (burst-- && flow->phase != PH_DONE)
			step(traffic, flow);
		if (flow->phase != PH_DONE)
			continue;
		tell(traffic, flow);
		if (started < flows)
			begin(traffic, flow, started++);
		else
			*flow = slots[--active];
	}
	free(slots);
}

static const struct kind *find_kind(const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(kinds[i].name, name))
			return &kinds[i];
	fprintf(stderr, "traffic: no kind '%s'\n", name);
	exit(2);
}

static void open_output(struct traffic *traffic, const char *pcap, const char *truth)
{
	static const uint32_t header[6] = {0xa1b23c4d, 0x00040002, 0, 0, 262144, 1};

	traffic->fd = open(pcap, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	traffic->truth = fopen(truth, "w");
	traffic->out = malloc(OUT_BYTES);
	traffic->pool = malloc(POOL_BYTES);
	if (traffic->fd < 0 || !traffic->truth || !traffic->out || !traffic->pool)
		die(pcap);
	/* The second half repeats the first: a slice may run over the middle. */
	rng_fill(&traffic->rng, traffic->pool, POOL_BYTES / 2);
	memcpy(traffic->pool + POOL_BYTES / 2, traffic->pool, POOL_BYTES / 2);
	memcpy(traffic->out, header, sizeof(header));
	traffic->out_used = sizeof(header);
}

/* Scale what makes the file large: bytes of the few bulk flows, else the number of flows. */
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
}

int main(int argc, char **argv)
{
	struct traffic traffic = {.time_ns = 1700000000000000000ull};
	uint64_t seed = 1;
	struct kind kind;

	if (argc < 4) {
		fprintf(stderr, "usage: traffic KIND FILE.pcap TRUTH.tsv [--scale X] [--seed N]\n");
		return 2;
	}
	kind = *find_kind(argv[1]);
	for (int i = 4; i + 1 < argc; i += 2) {
		if (!strcmp(argv[i], "--scale"))
			scale_kind(&kind, strtod(argv[i + 1], NULL));
		else if (!strcmp(argv[i], "--seed"))
			seed = strtoull(argv[i + 1], NULL, 0);
	}
	traffic.kind = &kind;
	rng_seed(&traffic.rng, seed, 0);
	open_output(&traffic, argv[2], argv[3]);
	generate(&traffic, kind.flows);
	flush(&traffic);
	if (close(traffic.fd) || fclose(traffic.truth))
		die(argv[2]);
	free(traffic.out);
	free(traffic.pool);
	printf("%s: %u flows, %llu packets, %llu payload bytes, %llu file bytes\n", kind.name,
	       kind.flows, (unsigned long long)traffic.packets, (unsigned long long)traffic.payload,
	       (unsigned long long)traffic.bytes);
	return 0;
}
