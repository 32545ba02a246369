/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * traffic_out.h - writes packets of known content to a capture file, a pipe, or an interface.
 *
 * Each frame costs a copy and a checksum. The clock advances by a random step per frame. For one
 * thread only; an error ends the program.
 */
#ifndef TESTS_BENCH_TRAFFIC_OUT_H
#define TESTS_BENCH_TRAFFIC_OUT_H

#include <stdint.h>
#include <stdio.h>

#include "fuzz/rng.h"

#define TCP_FIN 0x01u
#define TCP_SYN 0x02u
#define TCP_RST 0x04u
#define TCP_PSH 0x08u
#define TCP_ACK 0x10u

struct traffic_out {
	struct rng rng;
	int fd;
	uint64_t rate; /* packets per second on an interface; 0: output is a capture file */
	uint8_t *buf;  /* records as in the file: a 16-byte header, then the frame */
	size_t buf_used;
	size_t buf_max; /* the buffer is flushed before it exceeds this size */
	uint64_t start_ns;
	uint64_t sent_packets;
	uint64_t step_ns; /* mean time between two packets */
	uint64_t time_ns; /* time of the next packet */
	uint64_t packets;
	uint64_t bytes;
	uint64_t payload;
};

struct segment {
	uint32_t src, dst;
	uint16_t sport, dport;
	uint32_t seq, ack;
	uint32_t flags;
	const uint8_t *payload;
	uint32_t len;
};

/* One IPv4 fragment of TCP; @off_bytes is a multiple of 8. */
struct fragment {
	uint32_t src, dst;
	uint16_t id;
	uint16_t off_bytes;
	bool more;
	const uint8_t *bytes;
	uint32_t len;
};

/*
 * @to: a file, "-" for standard output, or "if:NAME" for an interface at @rate packets per second.
 */
void traffic_out_open(struct traffic_out *out, const char *to, uint64_t rate);
void traffic_out_segment(struct traffic_out *out, const struct segment *seg);
void traffic_out_fragment(struct traffic_out *out, const struct fragment *fragment);
void traffic_out_close(struct traffic_out *out);

/* Prints @what and the error, and ends the program. */
void traffic_die(const char *what);

#endif
