// SPDX-License-Identifier: BSD-2-Clause
/*
 * tun_receiver.c - sends overlapping segments to the kernel's own TCP, and compares the received
 * bytes with weft's.
 *
 *   this program ── raw segments ──> TUN device ──> kernel TCP ──> listening socket
 *        └──────── the same segments ──> wf_stream, policy linux ──┐       │
 *                                                    compare <─────┴───────┘
 *
 * Each case is a connection: first a hole, then the segments (all out of order), then data that
 * fills all holes. The program runs in an unnamed network namespace, which ends with the process.
 *
 *   tun_receiver pairs|triplets SCALE        every order of endpoints, SCALE bytes apart
 *   tun_receiver random COUNT SEED           4 to 12 segments of up to 70 bytes
 *
 * One decision of the kernel is not visible from outside. If a segment begins exactly at the end of
 * a held segment, the kernel appends its bytes to the held buffer, but only if the buffer has room
 * and the search in the kernel's tree meets that buffer first. weft assumes that both are true (see
 * user/reassembly/README.md). A difference counts as explained if some outcome of these decisions
 * gives the kernel's bytes and another outcome gives weft's bytes; otherwise it is unexplained.
 *
 * The program prints both counts, and the first 20 unexplained differences. Exit status: 0 if
 * there is no unexplained difference; 1 if there is one; 77 if the test can't run here.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "memory/arena.h"
#include "memory/page.h"
#include "memory/page_pool.h"
#include "memory/slab.h"
#include "metrics/metrics.h"
#include "reassembly/stream_insert.h"
#include "reassembly/stream_pop.h"

enum {
	PLACES = 6,
	SPANS = PLACES * (PLACES - 1) / 2,
	SEGMENTS_MAX = 12,
	STREAM_BYTES = 16384,
	HOLE = 3,
	PORT = 7777,
	SHOWN_MAX = 20,
	PUTS_MAX = SEGMENTS_MAX * 2 + 1, /* including the segments that fill holes */
	CELLS_MAX = PUTS_MAX * 2,
};

struct segment {
	uint32_t off;
	uint32_t end_off;
};

struct conversation {
	struct segment segments[SEGMENTS_MAX];
	uint32_t count;
	uint32_t end_off;
};

static int tun_fd;
static int listen_fd;
static uint16_t next_port = 1024;
static struct wf_stream_env env;
static struct wf_arena *arena;
static struct wf_metrics metrics;
static unsigned long cases;
static unsigned long explained;
static unsigned long unexplained;

static void die(const char *what)
{
	fprintf(stderr, "tun_receiver: %s: %s\n", what, strerror(errno));
	exit(77);
}

/* ---- the kernel's side ---- */

static void set_address(const char *ifname)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct ifreq ifr = {0};
	struct sockaddr_in *addr = (struct sockaddr_in *)&ifr.ifr_addr;

	snprintf(ifr.ifr_name, IFNAMSIZ, "%s", ifname);
	addr->sin_family = AF_INET;
	inet_pton(AF_INET, "10.7.0.1", &addr->sin_addr);
	if (ioctl(fd, SIOCSIFADDR, &ifr))
		die("address");
	inet_pton(AF_INET, "255.255.255.0", &addr->sin_addr);
	if (ioctl(fd, SIOCSIFNETMASK, &ifr))
		die("netmask");
	ifr.ifr_flags = IFF_UP | IFF_RUNNING;
	if (ioctl(fd, SIOCSIFFLAGS, &ifr))
		die("link up");
	close(fd);
}

static void open_tun(void)
{
	struct ifreq ifr = {.ifr_flags = IFF_TUN | IFF_NO_PI};

	if (unshare(CLONE_NEWNET))
		die("network namespace");
	tun_fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
	if (tun_fd < 0)
		die("/dev/net/tun");
	strcpy(ifr.ifr_name, "wfpolicy");
	if (ioctl(tun_fd, TUNSETIFF, &ifr))
		die("TUN device");
	set_address(ifr.ifr_name);
}

static void open_listener(void)
{
	struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons(PORT)};

	listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	inet_pton(AF_INET, "10.7.0.1", &addr.sin_addr);
	if (bind(listen_fd, (struct sockaddr *)&addr, sizeof(addr)) || listen(listen_fd, 16))
		die("listen");
}

static uint32_t add_words(uint32_t sum, const void *bytes, size_t len)
{
	const uint8_t *at = bytes;

	for (size_t i = 0; i < len; i++)
		sum += i % 2 ? at[i] : (uint32_t)at[i] << 8;
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

struct peer {
	uint16_t port;
	uint32_t isn;
	uint32_t ack; /* next byte expected from the server */
};

struct frame {
	struct iphdr ip;
	struct tcphdr tcp;
	uint8_t payload[STREAM_BYTES];
} __attribute__((packed));

static void send_segment(const struct peer *peer, uint32_t seq, bool syn, const uint8_t *bytes,
			 uint32_t len)
{
	static struct frame frame;
	uint32_t tcp_len = (uint32_t)sizeof(frame.tcp) + len;
	uint32_t sum = IPPROTO_TCP + tcp_len;

	memset(&frame, 0, sizeof(frame.ip) + sizeof(frame.tcp));
	frame.ip.version = 4;
	frame.ip.ihl = 5;
	frame.ip.ttl = 64;
	frame.ip.protocol = IPPROTO_TCP;
	frame.ip.tot_len = htons((uint16_t)(sizeof(frame.ip) + tcp_len));
	inet_pton(AF_INET, "10.7.0.2", &frame.ip.saddr);
	inet_pton(AF_INET, "10.7.0.1", &frame.ip.daddr);
	frame.ip.check = fold(add_words(0, &frame.ip, sizeof(frame.ip)));
	frame.tcp.source = htons(peer->port);
	frame.tcp.dest = htons(PORT);
	frame.tcp.seq = htonl(seq);
	frame.tcp.ack_seq = htonl(peer->ack);
	frame.tcp.doff = 5;
	frame.tcp.syn = syn;
	frame.tcp.ack = !syn;
	frame.tcp.window = htons(65535);
	if (len)
		memcpy(frame.payload, bytes, len);
	sum = add_words(sum, &frame.ip.saddr, 8);
	frame.tcp.check = fold(add_words(sum, &frame.tcp, tcp_len));
	if (write(tun_fd, &frame, sizeof(frame.ip) + tcp_len) < 0)
		die("write to the TUN device");
}

/* Read all packets that the kernel sent. Return: true if one is a SYN-ACK for @peer. */
static bool drain_tun(struct peer *peer)
{
	static struct frame frame;
	bool found = false;

	while (read(tun_fd, &frame, sizeof(frame)) >=
	       (ssize_t)(sizeof(frame.ip) + sizeof(frame.tcp))) {
		if (frame.ip.version != 4 || frame.ip.protocol != IPPROTO_TCP || !frame.tcp.syn ||
		    frame.tcp.dest != htons(peer->port))
			continue;
		peer->ack = ntohl(frame.tcp.seq) + 1;
		found = true;
	}
	return found;
}

static int connect_peer(struct peer *peer)
{
	int fd = -1;

	peer->port = next_port++;
	if (next_port == 65000)
		next_port = 1024;
	/* In some connections the sequence number wraps within the data. */
	peer->isn = (uint32_t)-1 - (peer->port % 64);
	drain_tun(peer);
	send_segment(peer, peer->isn, true, NULL, 0);
	if (!drain_tun(peer))
		die("no SYN-ACK");
	send_segment(peer, peer->isn + 1, false, NULL, 0);
	fd = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK);
	if (fd < 0)
		die("accept");
	return fd;
}

/* ---- both sides ---- */

struct play {
	struct peer peer;
	int fd;
	struct wf_stream stream;
	uint8_t ours[STREAM_BYTES];
	uint32_t ours_len;

	struct sent {
		struct segment at;
		uint8_t letter;
	} sent[PUTS_MAX];
	uint32_t sent_count;
};

static void take_chunk(struct play *play, const struct wf_chunk *chunk)
{
	memcpy(play->ours + chunk->off, chunk->bytes, chunk->len_bytes);
	play->ours_len = (uint32_t)(chunk->off + chunk->len_bytes);
}

/* @bytes must stay valid until the conversation ends, like those of a mapped file. */
static void put(struct play *play, uint32_t off, const uint8_t *bytes, uint32_t len)
{
	const struct wf_stream_segment segment = {
		.off = off,
		.bytes = bytes,
		.len_bytes = len,
		.captured_bytes = len,
		.policy = WEFT_OVERLAP_LINUX,
	};
	struct wf_insert_info info;
	struct wf_chunk chunk;

	play->sent[play->sent_count++] = (struct sent){{off, off + len}, bytes[0]};
	send_segment(&play->peer, play->peer.isn + 1 + off, false, bytes, len);
	if (wf_stream_insert(&play->stream, &env, &segment, &info) == WF_STREAM_IN_ORDER)
		take_chunk(play, &info.chunk);
	while (wf_stream_pop(&play->stream, &env, UINT64_MAX, &chunk)) {
		take_chunk(play, &chunk);
		wf_page_put(chunk.page);
	}
}

/* Send the bytes that no segment covers, from the lowest offset up. */
static void fill_holes(struct play *play, const struct conversation *conv)
{
	static uint8_t covered[STREAM_BYTES];
	static uint8_t dots[STREAM_BYTES];

	memset(covered, 0, sizeof(covered));
	memset(dots, '.', sizeof(dots));
	for (uint32_t i = 0; i < conv->count; i++)
		memset(covered + conv->segments[i].off, 1,
		       conv->segments[i].end_off - conv->segments[i].off);
	for (uint32_t off = 0; off < conv->end_off;) {
		uint32_t end_off = off;

		while (end_off < conv->end_off && !covered[end_off])
			end_off++;
		if (end_off > off)
			put(play, off, dots, end_off - off);
		off = end_off > off ? end_off : off + 1;
	}
}

/* ---- search for an outcome of coalescing that explains a difference ---- */

/*
 * A cell is the stream between two neighbouring endpoints; within it all bytes of one segment are
 * equal.
 */
struct cells {
	uint32_t ends[CELLS_MAX];
	uint32_t count;
};

/* The kernel's state, in cells: held buffers, ordered by start, and delivered data. */
struct queue {
	struct buffer {
		uint32_t start;
		uint32_t end;
		uint8_t letters[CELLS_MAX];
	} waiting[PUTS_MAX];
	uint32_t count;
	uint32_t next;
	uint8_t delivered[CELLS_MAX];
};

static int compare_ends(const void *a, const void *b)
{
	const uint32_t *x = a;
	const uint32_t *y = b;

	return (*x > *y) - (*x < *y);
}

static void find_cells(const struct play *play, struct cells *cells)
{
	uint32_t kept = 0;

	cells->count = 0;
	for (uint32_t i = 0; i < play->sent_count; i++) {
		cells->ends[cells->count++] = play->sent[i].at.off;
		cells->ends[cells->count++] = play->sent[i].at.end_off;
	}
	qsort(cells->ends, cells->count, sizeof(cells->ends[0]), compare_ends);
	for (uint32_t i = 0; i < cells->count; i++) {
		if (cells->ends[i] && (!kept || cells->ends[i] != cells->ends[kept - 1]))
			cells->ends[kept++] = cells->ends[i];
	}
	cells->count = kept;
}

/* Return: index of the cell that begins at @off. */
static uint32_t cell_at(const struct cells *cells, uint32_t off)
{
	uint32_t i = 0;

	while (off && cells->ends[i] != off)
		i++;
	return off ? i + 1 : 0;
}

static void queue_remove(struct queue *queue, uint32_t at)
{
	queue->count--;
	memmove(&queue->waiting[at], &queue->waiting[at + 1],
		(queue->count - at) * sizeof(queue->waiting[0]));
}

static void queue_deliver(struct queue *queue)
{
	while (queue->count && queue->waiting[0].start <= queue->next) {
		for (; queue->next < queue->waiting[0].end; queue->next++)
			queue->delivered[queue->next] = queue->waiting[0].letters[queue->next];
		queue_remove(queue, 0);
	}
}

/* Hold @buffer, unless a buffer that begins no later contains it; remove the buffers inside it. */
static void queue_insert(struct queue *queue, const struct buffer *buffer)
{
	uint32_t at = 0;

	for (uint32_t i = 0; buffer->start > queue->next && i < queue->count; i++) {
		if (queue->waiting[i].start <= buffer->start &&
		    buffer->end <= queue->waiting[i].end)
			return;
	}
	for (uint32_t i = queue->count; i-- > 0;) {
		if (buffer->start <= queue->waiting[i].start &&
		    queue->waiting[i].end <= buffer->end)
			queue_remove(queue, i);
	}
	while (at < queue->count && queue->waiting[at].start < buffer->start)
		at++;
	memmove(&queue->waiting[at + 1], &queue->waiting[at],
		(queue->count - at) * sizeof(queue->waiting[0]));
	queue->waiting[at] = *buffer;
	queue->count++;
	queue_deliver(queue);
}

static bool is_kernels(const struct cells *cells, const struct queue *queue, const uint8_t *kernel)
{
	for (uint32_t i = 0; i < cells->count; i++) {
		if (queue->delivered[i] != kernel[cells->ends[i] - 1])
			return false;
	}
	return true;
}

/* Try every outcome for the segments from @at on. The recursion is at most PUTS_MAX deep. */
static bool can_explain(const struct play *play, const struct cells *cells,
			const struct queue *before, uint32_t at, const uint8_t *kernel)
{
	struct buffer buffer = {0};
	struct queue queue;

	if (at == play->sent_count)
		return is_kernels(cells, before, kernel);
	buffer.start = cell_at(cells, play->sent[at].at.off);
	buffer.end = cell_at(cells, play->sent[at].at.end_off);
	memset(buffer.letters + buffer.start, play->sent[at].letter, buffer.end - buffer.start);

	for (uint32_t i = 0; buffer.start > before->next && i < before->count; i++) {
		if (before->waiting[i].end != buffer.start)
			continue;
		queue = *before;
		queue.waiting[i].end = buffer.end;
		memcpy(queue.waiting[i].letters + buffer.start, buffer.letters + buffer.start,
		       buffer.end - buffer.start);
		if (can_explain(play, cells, &queue, at + 1, kernel))
			return true;
	}
	queue = *before;
	queue_insert(&queue, &buffer);
	return can_explain(play, cells, &queue, at + 1, kernel);
}

static bool is_explained(const struct play *play, const struct conversation *conv,
			 const uint8_t *kernel, ssize_t kernel_len)
{
	const struct queue empty = {0};
	struct cells cells;

	if (kernel_len != conv->end_off || play->ours_len != conv->end_off)
		return false;
	find_cells(play, &cells);
	return can_explain(play, &cells, &empty, 0, kernel) &&
	       can_explain(play, &cells, &empty, 0, play->ours);
}

static void show(const struct conversation *conv, const struct play *play, const uint8_t *kernel,
		 ssize_t kernel_len)
{
	uint32_t at = 0;

	while (at < conv->end_off && at < kernel_len && kernel[at] == play->ours[at])
		at++;
	printf("differs at %u (kernel %zd bytes, weft %u):", at, kernel_len, play->ours_len);
	for (uint32_t i = 0; i < conv->count; i++)
		printf(" %c=%u..%u", 'A' + (int)i, conv->segments[i].off,
		       conv->segments[i].end_off);
	printf(" kernel %c weft %c\n", at < kernel_len ? kernel[at] : '?', play->ours[at]);
}

static void converse(const struct conversation *conv)
{
	static uint8_t bytes[SEGMENTS_MAX][STREAM_BYTES];
	static uint8_t kernel[STREAM_BYTES];
	static struct play play;
	const struct linger at_once = {.l_onoff = 1};
	ssize_t kernel_len;

	memset(&play, 0, sizeof(play));
	play.fd = connect_peer(&play.peer);
	for (uint32_t i = 0; i < conv->count; i++) {
		const struct segment *segment = &conv->segments[i];

		memset(bytes[i], 'A' + (int)i, sizeof(bytes[i]));
		put(&play, segment->off, bytes[i], segment->end_off - segment->off);
	}
	fill_holes(&play, conv);
	kernel_len = recv(play.fd, kernel, sizeof(kernel), 0);
	cases++;
	if (kernel_len != conv->end_off || play.ours_len != conv->end_off ||
	    memcmp(kernel, play.ours, conv->end_off)) {
		if (is_explained(&play, conv, kernel, kernel_len))
			explained++;
		else if (unexplained++ < SHOWN_MAX)
			show(conv, &play, kernel, kernel_len);
	}
	setsockopt(play.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	close(play.fd);
	wf_stream_clear(&play.stream, &env, true);
}

/* ---- the cases ---- */

static void add_segment(struct conversation *conv, uint32_t off, uint32_t end_off)
{
	conv->segments[conv->count++] = (struct segment){off, end_off};
	if (end_off > conv->end_off)
		conv->end_off = end_off;
}

static void play_all(int count, uint32_t scale)
{
	struct segment spans[SPANS];
	uint32_t total = 1;
	int n = 0;

	for (uint32_t off = 0; off < PLACES; off++) {
		for (uint32_t end_off = off + 1; end_off < PLACES; end_off++)
			spans[n++] = (struct segment){HOLE + off * scale, HOLE + end_off * scale};
	}
	for (int i = 0; i < count; i++)
		total *= SPANS;
	for (uint32_t i = 0; i < total; i++) {
		struct conversation conv = {0};
		uint32_t rest = i;

		for (int j = 0; j < count; j++, rest /= SPANS)
			add_segment(&conv, spans[rest % SPANS].off, spans[rest % SPANS].end_off);
		converse(&conv);
	}
}

static void play_random(unsigned long count, unsigned int seed)
{
	while (count--) {
		struct conversation conv = {0};
		int segments = 4 + rand_r(&seed) % (SEGMENTS_MAX - 3);
		bool aligned = rand_r(&seed) % 2;

		while (segments--) {
			uint32_t off = (uint32_t)rand_r(&seed) % 120;
			uint32_t len = 1 + (uint32_t)rand_r(&seed) % 64;

			if (aligned) {
				off -= off % 10;
				len = (len + 9) / 10 * 10;
			}
			add_segment(&conv, HOLE + off, HOLE + off + len);
		}
		converse(&conv);
	}
}

static void open_stream_env(void)
{
	const struct wf_page_pool_opts pool = {
		.small_bytes = WEFT_PAGE_SMALL_BYTES,
		.medium_bytes = WEFT_PAGE_MEDIUM_BYTES,
		.large_bytes = WEFT_PAGE_LARGE_BYTES,
	};

	env.metrics = &metrics;
	env.pages_max = WEFT_STREAM_PAGES_MAX;
	if (wf_arena_new(16 << 20, &arena) ||
	    wf_page_pool_new(arena, &pool, &metrics, &env.pages) ||
	    wf_slab_new(arena, WF_EXTENT_BYTES, 100000, &env.extents))
		die("memory");
}

int main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[1] : "";
	unsigned long number = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;

	open_stream_env();
	open_tun();
	open_listener();
	if (!strcmp(what, "pairs"))
		play_all(2, (uint32_t)number);
	else if (!strcmp(what, "triplets"))
		play_all(3, (uint32_t)number);
	else if (!strcmp(what, "random") && argc > 3)
		play_random(number, (unsigned int)strtoul(argv[3], NULL, 10));
	else
		return 2;
	printf("cases %lu equal %lu explained %lu unexplained %lu\n", cases,
	       cases - explained - unexplained, explained, unexplained);
	wf_slab_free(env.extents);
	wf_page_pool_free(env.pages);
	wf_arena_free(arena);
	return unexplained != 0;
}
