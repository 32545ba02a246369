// SPDX-License-Identifier: BSD-2-Clause
/*
 * traffic_out.c - makes headers and checksums, and writes the frames.
 */
#include "bench/support/traffic_out.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	BUF_BYTES = 4 << 20,
	RECORD_BYTES = 16,
	SENT_AT_ONCE = 64,
	ETHERNET = 14,
	IPV4 = 20,
	HEADERS = ETHERNET + IPV4 + 32, /* Ethernet, IPv4, and TCP with timestamps */
};

void traffic_die(const char *what)
{
	fprintf(stderr, "traffic: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* ---- output ---- */

static void flush_file(struct traffic_out *out)
{
	size_t done = 0;

	while (done < out->buf_used) {
		ssize_t wrote = write(out->fd, out->buf + done, out->buf_used - done);

		if (wrote < 0)
			traffic_die("write");
		done += (size_t)wrote;
	}
}

/* Sends the buffered frames to the interface; waits to keep the rate, or if the queue is full. */
static void flush_iface(struct traffic_out *out)
{
	struct mmsghdr messages[SENT_AT_ONCE];
	struct iovec frames[SENT_AT_ONCE];
	uint32_t len;
	int count = 0;
	int sent = 0;

	for (size_t at = 0; at < out->buf_used; at += RECORD_BYTES + len, count++) {
		memcpy(&len, out->buf + at + 8, sizeof(len));
		frames[count] = (struct iovec){out->buf + at + RECORD_BYTES, len};
		messages[count] =
			(struct mmsghdr){.msg_hdr = {.msg_iov = &frames[count], .msg_iovlen = 1}};
	}
	while (sent < count) {
		int got = sendmmsg(out->fd, messages + sent, (unsigned int)(count - sent), 0);

		if (got < 0 && errno != ENOBUFS && errno != EINTR)
			traffic_die("send");
		if (got < 0)
			usleep(1000);
		else
			sent += got;
	}
	out->sent_packets += (uint64_t)count;
	while (now_ns() < out->start_ns + out->sent_packets * 1000000000 / out->rate)
		usleep(100);
}

static void flush(struct traffic_out *out)
{
	if (out->rate)
		flush_iface(out);
	else
		flush_file(out);
	out->bytes += out->buf_used;
	out->buf_used = 0;
}

static int open_iface(const char *name)
{
	struct sockaddr_ll addr = {.sll_family = AF_PACKET,
				   .sll_ifindex = (int)if_nametoindex(name)};
	int fd = socket(AF_PACKET, SOCK_RAW, 0);

	if (fd < 0 || !addr.sll_ifindex || bind(fd, (struct sockaddr *)&addr, sizeof(addr)))
		traffic_die(name);
	return fd;
}

void traffic_out_open(struct traffic_out *out, const char *to, uint64_t rate)
{
	static const uint32_t header[6] = {0xa1b23c4d, 0x00040002, 0, 0, 262144, 1};
	bool is_iface = !strncmp(to, "if:", 3);

	out->time_ns = 1700000000000000000ull;
	out->buf = malloc(BUF_BYTES);
	if (!out->buf)
		traffic_die("buffer");
	out->buf_max = BUF_BYTES;
	if (is_iface) {
		out->fd = open_iface(to + 3);
		out->rate = rate ? rate : 100000;
		out->start_ns = now_ns();
		return;
	}
	out->fd = strcmp(to, "-") ? open(to, O_WRONLY | O_CREAT | O_TRUNC, 0644) : STDOUT_FILENO;
	if (out->fd < 0)
		traffic_die(to);
	memcpy(out->buf, header, sizeof(header));
	out->buf_used = sizeof(header);
}

void traffic_out_close(struct traffic_out *out)
{
	flush(out);
	if (close(out->fd))
		traffic_die("close");
	free(out->buf);
}

/* ---- frames ---- */

/* Sums little-endian 16-bit words: a one's complement sum does not depend on the byte order. */
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

/* Reserves room for a frame of @len bytes, writes its record header, and advances the clock. */
static uint8_t *begin_frame(struct traffic_out *out, uint32_t len)
{
	uint32_t record[4] = {(uint32_t)(out->time_ns / 1000000000),
			      (uint32_t)(out->time_ns % 1000000000), len, len};
	uint8_t *frame;

	if (out->buf_used + RECORD_BYTES + len > out->buf_max ||
	    (out->rate && out->packets % SENT_AT_ONCE == 0))
		flush(out);
	memcpy(out->buf + out->buf_used, record, RECORD_BYTES);
	frame = out->buf + out->buf_used + RECORD_BYTES;
	out->buf_used += RECORD_BYTES + len;
	out->packets++;
	out->time_ns += out->step_ns / 2 + rng_below(&out->rng, out->step_ns);
	return frame;
}

/* @frag: the header field with flags and fragment offset. */
static void put_ip(uint8_t *frame, uint32_t src, uint32_t dst, uint32_t id, uint32_t frag,
		   uint32_t len)
{
	uint8_t *ip = frame + ETHERNET;

	memcpy(frame, "\x02\0\0\0\0\x02\x02\0\0\0\0\x01\x08\0", ETHERNET);
	memset(ip, 0, IPV4);
	ip[0] = 0x45;
	put16(ip + 2, IPV4 + len);
	put16(ip + 4, id);
	put16(ip + 6, frag);
	ip[8] = 64;
	ip[9] = 6;
	put32(ip + 12, src);
	put32(ip + 16, dst);
	put_sum(ip + 10, sum_fold(sum_bytes(ip, IPV4, 0)));
}

static void put_tcp(uint8_t *tcp, const struct traffic_out *out, const struct segment *seg)
{
	memset(tcp, 0, 32);
	put16(tcp, seg->sport);
	put16(tcp + 2, seg->dport);
	put32(tcp + 4, seg->seq);
	put32(tcp + 8, seg->ack);
	tcp[12] = 0x80;
	tcp[13] = (uint8_t)seg->flags;
	put16(tcp + 14, 0xffff);
	put32(tcp + 20, 0x0101080a);
	put32(tcp + 24, (uint32_t)(out->time_ns / 1000000));
	if (seg->flags & TCP_SYN) { /* window scale 7 and padding in place of the timestamps */
		put32(tcp + 20, 0x01030307);
		memset(tcp + 24, 1, 8);
	}
}

void traffic_out_segment(struct traffic_out *out, const struct segment *seg)
{
	uint32_t id = (uint32_t)out->packets & 0xffff;
	uint8_t *frame = begin_frame(out, HEADERS + seg->len);
	uint64_t sum;

	put_ip(frame, seg->src, seg->dst, id, 0x4000, 32 + seg->len);
	put_tcp(frame + ETHERNET + IPV4, out, seg);
	if (seg->len)
		memcpy(frame + HEADERS, seg->payload, seg->len);
	sum = sum_bytes(frame + 26, 8, 0) + htons(6) + htons((uint16_t)(32 + seg->len));
	sum = sum_bytes(frame + 34, 32 + seg->len, sum);
	put_sum(frame + 34 + 16, sum_fold(sum));
	out->payload += seg->len;
}

void traffic_out_fragment(struct traffic_out *out, const struct fragment *fragment)
{
	uint8_t *frame = begin_frame(out, ETHERNET + IPV4 + fragment->len);

	put_ip(frame, fragment->src, fragment->dst, fragment->id,
	       (fragment->more ? 0x2000u : 0) | fragment->off_bytes / 8u, fragment->len);
	memcpy(frame + ETHERNET + IPV4, fragment->bytes, fragment->len);
}
