// SPDX-License-Identifier: BSD-2-Clause
/*
 * defrag_kernel.c - compares weft's IP defragmentation with the running kernel's.
 *
 *   defrag_kernel CASES SEED
 *
 * The program makes its own network namespace with a TUN device. It writes fragments into the
 * device, and reads from a raw socket the datagrams that the kernel rebuilt. After each fragment,
 * the kernel and weft must agree whether a datagram was completed, and on its bytes. The cases are
 * random: any order, duplicates, overlaps of all kinds, different ends, empty fragments, odd
 * lengths, ECN. Each fragment has different bytes, so the result shows which fragment's bytes were
 * used.
 *
 * ipfrag_max_dist is not compared: it depends on the number of other datagrams from the same host.
 */
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "packet/frame.h"
#include "decode/checksum.h"
#include "decode/decode.h"
#include "decode/defrag.h"
#include "memory/arena.h"
#include "memory/page.h"
#include "memory/page_pool.h"
#include "metrics/metrics.h"

enum {
	PROTO = 47, /* IP protocol GRE: decode accepts it, and no upper header is checked */
	PIECES_MAX = 64,
	UNITS_MAX = 12, /* maximum length of a datagram, in units of 8 bytes */
	PACKET_BYTES_MAX = 4096,
};

struct piece {
	uint32_t off_bytes;
	uint32_t len_bytes;
	bool more;
	uint8_t ecn;
};

struct bench {
	int tun;
	int raw[2]; /* sockets for IPv4 and IPv6 */
	struct wf_arena *arena;
	struct wf_page_pool *pages;
	struct wf_defrag *defrag;
	uint64_t random;
	uint32_t id;
	unsigned int rebuilt;
};

static struct wf_metrics metrics;

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static uint32_t random_below(struct bench *bench, uint32_t below)
{
	bench->random ^= bench->random << 13;
	bench->random ^= bench->random >> 7;
	bench->random ^= bench->random << 17;
	return (uint32_t)(bench->random >> 20) % below;
}

static void run(const char *command)
{
	if (system(command)) {
		fprintf(stderr, "failed: %s\n", command);
		exit(2);
	}
}

static void open_kernel(struct bench *bench)
{
	struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};

	if (unshare(CLONE_NEWNET))
		die("unshare");
	bench->tun = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
	if (bench->tun < 0)
		die("/dev/net/tun");
	strcpy(request.ifr_name, "weft0");
	if (ioctl(bench->tun, TUNSETIFF, &request))
		die("TUNSETIFF");
	run("ip link set lo up && ip link set weft0 up mtu 65535");
	run("ip addr add 10.9.0.1/24 dev weft0 && ip addr add fd09::1/64 dev weft0 nodad");
	run("sysctl -qw net.ipv4.ipfrag_high_thresh=268435456 net.ipv4.ipfrag_max_dist=0 "
	    "net.ipv6.ip6frag_high_thresh=268435456");
	bench->raw[0] = socket(AF_INET, SOCK_RAW | SOCK_NONBLOCK, PROTO);
	bench->raw[1] = socket(AF_INET6, SOCK_RAW | SOCK_NONBLOCK, PROTO);
	if (bench->raw[0] < 0 || bench->raw[1] < 0)
		die("raw socket");
}

static void open_ours(struct bench *bench)
{
	struct wf_page_pool_opts pool_opts = {
		.small_bytes = 256,
		.medium_bytes = 1500,
		.large_bytes = 9000,
	};
	struct wf_defrag_opts opts = {
		.metrics = &metrics,
		.seed = 1,
		.datagrams_max = 4096,
		.fragments_max = 65536,
		.per_datagram_max = 256,
		.timeout_ms = WEFT_FRAGMENT_TIMEOUT_MS,
	};

	if (wf_arena_new(64u << 20, &bench->arena) ||
	    wf_page_pool_new(bench->arena, &pool_opts, &metrics, &bench->pages))
		die("arena");
	opts.arena = bench->arena;
	opts.pages = bench->pages;
	if (wf_defrag_new(&opts, &bench->defrag))
		die("defrag");
}

/* ---- cases ---- */

static uint32_t add_partition(struct bench *bench, struct piece *pieces)
{
	uint32_t units = 2 + random_below(bench, UNITS_MAX - 1), at = 0, count = 0;
	uint32_t tail_bytes = 1 + random_below(bench, 8);

	while (at < units) {
		/* A fragment must be shorter than the datagram. */
		uint32_t take = 1 + random_below(bench, units - at - (at ? 0 : 1));
		bool last = at + take == units;

		pieces[count++] = (struct piece){
			.off_bytes = at * 8,
			.len_bytes = take * 8 - (last ? 8 - tail_bytes : 0),
			.more = !last,
		};
		at += take;
	}
	return count;
}

/* Make a piece that duplicates or overlaps an existing piece, or has a wrong length or end. */
static struct piece odd_piece(struct bench *bench, const struct piece *pieces, uint32_t count)
{
	struct piece piece = pieces[random_below(bench, count)];

	switch (random_below(bench, 8)) {
	case 0: /* duplicate */
	case 1:
		break;
	case 2: /* shifted copy */
		piece.off_bytes += 8 * random_below(bench, 3);
		break;
	case 3: /* copy that begins earlier */
		if (piece.off_bytes) {
			piece.off_bytes -= 8;
			piece.len_bytes += 8;
		}
		break;
	case 4: /* copy that is shorter or longer */
		piece.len_bytes = 8 * (1 + random_below(bench, UNITS_MAX));
		break;
	case 5: /* length not a multiple of 8 */
		piece.len_bytes += random_below(bench, 8);
		break;
	case 6: /* copy with the end at another offset or without an end */
		piece.more = !piece.more;
		break;
	default: /* random piece */
		piece.off_bytes = 8 * random_below(bench, UNITS_MAX);
		piece.len_bytes = random_below(bench, 8 * UNITS_MAX);
		piece.more = random_below(bench, 4);
		break;
	}
	if (!piece.off_bytes && !piece.more)
		piece.more = true; /* without the flag and offset it would not be a fragment */
	return piece;
}

static void shuffle(struct bench *bench, struct piece *pieces, uint32_t count)
{
	uint32_t swaps = random_below(bench, 3) ? random_below(bench, count + 1) : 0;

	while (swaps--) {
		uint32_t a = random_below(bench, count), b = random_below(bench, count);
		struct piece piece = pieces[a];

		pieces[a] = pieces[b];
		pieces[b] = piece;
	}
}

static uint32_t make_case(struct bench *bench, struct piece *pieces)
{
	uint32_t count = add_partition(bench, pieces);
	uint32_t odd = random_below(bench, 4);

	/* Send every fourth datagram twice, on average: after a drop, the copy may be completed. */
	if (random_below(bench, 4) == 0) {
		memcpy(pieces + count, pieces, count * sizeof(*pieces));
		count *= 2;
	}
	while (odd--) {
		pieces[count] = odd_piece(bench, pieces, count);
		count++;
	}
	shuffle(bench, pieces, count);
	if (random_below(bench, 8) == 0)
		for (uint32_t i = 0; i < count; i++)
			pieces[i].ecn = (uint8_t)random_below(bench, 4);
	return count;
}

/* ---- one fragment ---- */

static uint32_t build4(const struct bench *bench, const struct piece *piece, uint8_t *ip)
{
	uint16_t words[] = {htobe16((uint16_t)(20 + piece->len_bytes)),
			    htobe16((uint16_t)bench->id),
			    htobe16((uint16_t)(piece->off_bytes / 8 | (piece->more ? 0x2000 : 0)))};
	uint16_t sum;

	memset(ip, 0, 20);
	ip[0] = 0x45;
	ip[1] = piece->ecn;
	memcpy(ip + 2, words, sizeof(words));
	ip[8] = 64;
	ip[9] = PROTO;
	inet_pton(AF_INET, "10.9.0.2", ip + 12);
	inet_pton(AF_INET, "10.9.0.1", ip + 16);
	sum = (uint16_t)~wf_checksum_fold(wf_checksum_words(ip, 5));
	memcpy(ip + 10, &sum, sizeof(sum));
	return 20;
}

static uint32_t build6(const struct bench *bench, const struct piece *piece, uint8_t *ip)
{
	uint16_t payload = htobe16((uint16_t)(8 + piece->len_bytes));
	uint16_t field = htobe16((uint16_t)(piece->off_bytes | (piece->more ? 1 : 0)));
	uint32_t id = htobe32(bench->id);

	memset(ip, 0, 48);
	ip[0] = 0x60;
	ip[1] = (uint8_t)(piece->ecn << 4);
	memcpy(ip + 4, &payload, sizeof(payload));
	ip[6] = 44;
	ip[7] = 64;
	inet_pton(AF_INET6, "fd09::2", ip + 8);
	inet_pton(AF_INET6, "fd09::1", ip + 24);
	ip[40] = PROTO;
	memcpy(ip + 42, &field, sizeof(field));
	memcpy(ip + 44, &id, sizeof(id));
	return 48;
}

/* Return: length of the rebuilt datagram's payload; -1 if no datagram was completed. */
static int give_kernel(struct bench *bench, const uint8_t *ip, uint32_t bytes, bool ip6,
		       uint8_t *ret_payload)
{
	uint8_t packet[PACKET_BYTES_MAX];
	ssize_t got;

	if (write(bench->tun, ip, bytes) != (ssize_t)bytes)
		die("write");
	while (read(bench->tun, packet, sizeof(packet)) > 0)
		; /* skip ICMP errors, neighbour and router solicitations */
	got = recv(bench->raw[ip6], packet, sizeof(packet), 0);
	if (got < 0 && errno != EAGAIN)
		die("recv");
	if (got < 0)
		return -1;
	got -= ip6 ? 0 : 20; /* an IPv6 raw socket does not return the IP header */
	memcpy(ret_payload, packet + (ip6 ? 0 : 20), (size_t)got);
	return (int)got;
}

static int give_ours(struct bench *bench, const uint8_t *ip, uint32_t bytes, bool ip6,
		     uint8_t *ret_payload)
{
	struct wf_decoder decoder = {.checksum = WEFT_CHECKSUM_VERIFY};
	struct wf_page *page = wf_page_pool_take(bench->pages, bytes ? bytes : 1);
	struct wf_frame frame, rebuilt;
	struct wf_packet packet;
	int result = -1;

	if (!page || wf_page_copy_in(page, 0, ip, bytes))
		die("page");
	frame = (struct wf_frame){
		.bytes = wf_page_bytes(page),
		.time_ns = wf_clock_monotonic_ns(),
		.cap_bytes = bytes,
		.wire_bytes = bytes,
		.link = WEFT_LINK_RAW,
		.page = page,
	};
	if (wf_decode(&decoder, &frame, &packet) == WF_DECODE_FRAGMENT &&
	    wf_defrag_add(bench->defrag, &packet, &rebuilt)) {
		uint32_t header_bytes = ip6 ? 40 : 20;

		result = (int)(rebuilt.cap_bytes - header_bytes);
		memcpy(ret_payload, rebuilt.bytes + header_bytes, (size_t)result);
		wf_page_put(rebuilt.page);
	}
	wf_page_put(page);
	return result;
}

static bool run_piece(struct bench *bench, const struct piece *piece, bool ip6)
{
	uint8_t ip[PACKET_BYTES_MAX], theirs[PACKET_BYTES_MAX], ours[PACKET_BYTES_MAX];
	uint32_t bytes = ip6 ? build6(bench, piece, ip) : build4(bench, piece, ip);
	int their_bytes, our_bytes;

	for (uint32_t i = 0; i < piece->len_bytes; i++)
		ip[bytes++] = (uint8_t)random_below(bench, 256);
	their_bytes = give_kernel(bench, ip, bytes, ip6, theirs);
	our_bytes = give_ours(bench, ip, bytes, ip6, ours);
	if (their_bytes >= 0)
		bench->rebuilt++;
	if (their_bytes == our_bytes && (our_bytes < 0 || !memcmp(ours, theirs, (size_t)our_bytes)))
		return true;
	printf("# kernel: %d bytes, ours: %d (-1: none)\n", their_bytes, our_bytes);
	return false;
}

static bool run_case(struct bench *bench, bool ip6)
{
	struct piece pieces[PIECES_MAX];
	uint32_t count = make_case(bench, pieces);

	bench->id++;
	for (uint32_t i = 0; i < count; i++) {
		if (run_piece(bench, &pieces[i], ip6))
			continue;
		for (uint32_t k = 0; k <= i; k++)
			printf("#   %u..%u%s ecn %u\n", pieces[k].off_bytes,
			       pieces[k].off_bytes + pieces[k].len_bytes,
			       pieces[k].more ? " more" : " last", pieces[k].ecn);
		return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	struct bench bench = {.random = 88172645463325252ull};
	unsigned int cases = argc > 1 ? (unsigned int)atoi(argv[1]) : 10000;
	int failed = 0;

	bench.random ^= argc > 2 ? strtoull(argv[2], NULL, 0) << 1 : 0;
	open_kernel(&bench);
	open_ours(&bench);
	for (int ip6 = 0; ip6 < 2; ip6++) {
		bool same = true;

		bench.rebuilt = 0;
		for (unsigned int i = 0; i < cases && same; i++)
			same = run_case(&bench, ip6);
		if (!bench.rebuilt)
			same = false; /* no datagram was compared */
		printf("%s - defragmentation of IPv%d equals this kernel's, %u cases, %u rebuilt\n",
		       same ? "ok" : "not ok", ip6 ? 6 : 4, cases, bench.rebuilt);
		failed |= !same;
	}
	wf_defrag_free(bench.defrag);
	wf_page_pool_free(bench.pages);
	wf_arena_free(bench.arena);
	return failed;
}
