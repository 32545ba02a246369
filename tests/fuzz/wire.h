/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wire.h - builds complete Ethernet frames with one TCP segment; all checksums are correct, except
 * for a TCP checksum that the caller wants wrong.
 *
 * For tests only. It shares no code with the decoder on purpose: writer and reader must agree by
 * the standards alone.
 */
#ifndef TESTS_FUZZ_WIRE_H
#define TESTS_FUZZ_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define WIRE_FIN 0x01u
#define WIRE_SYN 0x02u
#define WIRE_RST 0x04u
#define WIRE_PSH 0x08u
#define WIRE_ACK 0x10u
#define WIRE_URG 0x20u
#define WIRE_ECE 0x40u
#define WIRE_CWR 0x80u
#define WIRE_AE	 0x100u

enum {
	WIRE_SACKS_MAX = 3,
	WIRE_OPTIONS_MAX = 40,
	WIRE_HEADERS_MAX = 14 + 8 + 40 + 60,
	WIRE_FRAGMENTS_MAX = 6,
	WIRE_FRAGMENT_HEADERS_MAX = 14 + 8 + 40 + 8,
};

struct wire_segment {
	uint8_t ip_version;
	uint8_t src[16]; /* an IPv4 address uses the first four bytes */
	uint8_t dst[16];
	uint16_t sport;
	uint16_t dport;
	uint16_t vlan[2]; /* 0: no tag */
	uint16_t ip_id;
	uint32_t seq;
	uint32_t ack;
	uint16_t flags;
	uint16_t window;
	uint16_t urgent;
	uint16_t mss;	/* 0: the option is absent */
	int16_t wscale; /* negative: the option is absent */
	bool sack_ok;
	bool timestamps;
	bool fast_open;	   /* add a TCP Fast Open cookie option */
	bool bad_checksum; /* the TCP checksum is wrong */
	uint32_t ts_val;
	uint32_t ts_ecr;
	uint8_t sacks;
	uint32_t sack[WIRE_SACKS_MAX][2];
	const uint8_t *more_options; /* further options, copied unchanged */
	uint32_t more_options_bytes; /* limited by the room that wire_options_bytes() leaves */
	const uint8_t *payload;
	uint32_t payload_bytes;
};

/* Returns the length of the options without @more_options and padding. */
uint32_t wire_options_bytes(const struct wire_segment *segment);

/*
 * Writes the frame to @frame, which has room for WIRE_HEADERS_MAX bytes and the payload. Return:
 * length of the frame.
 */
size_t wire_build(uint8_t *frame, const struct wire_segment *segment);

/*
 * Cuts the datagram in @frame, made by wire_build(), into at most WIRE_FRAGMENTS_MAX fragments of
 * about @piece_bytes, and writes them one after the other to @out (at least @len bytes, and
 * WIRE_FRAGMENT_HEADERS_MAX bytes per fragment). @id: identification for IPv6; an IPv4 datagram has
 * one already. Return: number of fragments; their lengths are in @ret_lens.
 */
uint32_t wire_fragment(const uint8_t *frame, uint32_t len, uint32_t piece_bytes, uint32_t id,
		       uint8_t *out, uint32_t ret_lens[WIRE_FRAGMENTS_MAX]);

/*
 * Write the header, or a packet, of a capture file in nanosecond pcap format. Return: 0 or a
 * negative errno.
 */
int wire_pcap_start(FILE *file);
int wire_pcap_add(FILE *file, uint64_t time_ns, const uint8_t *frame, uint32_t len_bytes);

#endif
