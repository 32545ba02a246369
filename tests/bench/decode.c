// SPDX-License-Identifier: BSD-2-Clause
/*
 * decode.c - measures the cost of decoding, and of the checksum alone; prints one figure with its
 * unit per line.
 *
 *   decode          64 frames of 64 flows, at most 97 kB, so that they stay in the CPU's caches
 *
 * "hashed" frames carry their flow hash, as in live capture; "ignore" and "auto" are checksum
 * modes. Each figure is the best of RUNS runs, in CPU time.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "packet/frame.h"
#include "decode/checksum.h"
#include "decode/decode.h"

enum {
	FRAMES = 64,
	ROUNDS = 2000,
	RUNS = 15,
	FRAME_ROOM_BYTES = 2048,
	HEADERS_BYTES = 14 + 20 + 32,
};

static uint8_t room[FRAMES][FRAME_ROOM_BYTES];
static struct wf_frame frames[FRAMES];
static struct wf_decoder decoder = {.secret = {{1, 2, 3, 4}}};
static volatile uint64_t sink;

/* Builds frames with Ethernet, IPv4 and TCP with timestamps. */
static void build(uint32_t payload_bytes)
{
	static const uint8_t eth_ip[] = {2, 0, 0, 0, 0, 1,  2, 0, 0, 0,	 0, 2, 8, 0,  0x45, 0, 0,
					 0, 0, 1, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0,    0, 2};
	static const uint8_t options[] = {1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2};

	for (uint32_t i = 0; i < FRAMES; i++) {
		uint16_t total = htobe16((uint16_t)(52 + payload_bytes)), sum;
		uint8_t *at = room[i], *tcp = at + 34;
		uint64_t pseudo;

		memset(at, 0x5a, FRAME_ROOM_BYTES);
		memcpy(at, eth_ip, sizeof(eth_ip));
		memcpy(at + 16, &total, sizeof(total));
		at[28] = (uint8_t)(i * 7);
		at[32] = (uint8_t)(i * 13);
		sum = (uint16_t)~wf_checksum_fold(wf_checksum_words(at + 14, 5));
		memcpy(at + 24, &sum, sizeof(sum));
		tcp[12] = 0x80;
		tcp[13] = 0x10;
		memset(tcp + 16, 0, 2);
		memcpy(tcp + 20, options, sizeof(options));
		pseudo = wf_checksum_words(at + 26, 2) + htobe32(32 + payload_bytes) + htobe32(6);
		sum = (uint16_t)~wf_checksum_fold(pseudo +
						  wf_checksum_sum(tcp, 32 + payload_bytes));
		memcpy(tcp + 16, &sum, sizeof(sum));
		frames[i] = (struct wf_frame){.bytes = at,
					      .cap_bytes = HEADERS_BYTES + payload_bytes,
					      .wire_bytes = HEADERS_BYTES + payload_bytes};
	}
}

static void run_decode(void)
{
	struct wf_packet packet;

	for (uint32_t i = 0; i < FRAMES; i++) {
		if (wf_decode(&decoder, &frames[i], &packet) != WF_DECODE_TCP)
			abort();
		sink += packet.seq;
	}
}

static void run_steer(void)
{
	for (uint32_t i = 0; i < FRAMES; i++)
		sink += wf_decode_steer_hash(&decoder, &frames[i], NULL);
}

static void run_sum(void)
{
	for (uint32_t i = 0; i < FRAMES; i++)
		sink += wf_checksum_sum(frames[i].bytes, frames[i].cap_bytes);
}

/* Returns the nanoseconds per frame of the fastest run. */
static double measure(void (*fn)(void))
{
	double best = 1e9;

	for (int run = 0; run < RUNS; run++) {
		uint64_t begin_ns = wf_clock_ns(CLOCK_PROCESS_CPUTIME_ID);
		double each_ns;

		for (int round = 0; round < ROUNDS; round++)
			fn();
		each_ns = (double)(wf_clock_ns(CLOCK_PROCESS_CPUTIME_ID) - begin_ns) / ROUNDS /
			  FRAMES;
		best = each_ns < best ? each_ns : best;
	}
	return best;
}

static void set_flags(uint16_t flags)
{
	for (uint32_t i = 0; i < FRAMES; i++)
		frames[i].flags = flags;
}

int main(void)
{
	static const uint32_t sizes[] = {0, 100, 1448};

	for (unsigned int i = 0; i < 3; i++) {
		build(sizes[i]);
		for (int hashed = 1; hashed >= 0; hashed--) {
			const char *how = hashed ? "_hashed" : "";

			set_flags(hashed ? WF_FRAME_HASHED : 0);
			decoder.checksum = WEFT_CHECKSUM_IGNORE;
			printf("decode_ignore%s_%u_bytes %.1f ns\n", how, sizes[i],
			       measure(run_decode));
			decoder.checksum = WEFT_CHECKSUM_AUTO;
			printf("decode_auto%s_%u_bytes %.1f ns\n", how, sizes[i],
			       measure(run_decode));
		}
		set_flags(0);
		printf("steer_hash_%u_bytes %.1f ns\n", sizes[i], measure(run_steer));
		printf("checksum_%u_bytes %.1f GB/s\n", HEADERS_BYTES + sizes[i],
		       (HEADERS_BYTES + sizes[i]) / measure(run_sum));
	}
	return 0;
}
