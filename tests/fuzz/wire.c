// SPDX-License-Identifier: BSD-2-Clause
/* wire.c - writes the headers from the link layer up to TCP, byte by byte. */
#include "fuzz/wire.h"

#include <errno.h>
#include <string.h>

#include "fuzz/put.h"

/* Writes the options that have a meaning, without padding. */
static uint8_t *put_known_options(uint8_t *at, const struct wire_segment *segment)
{
	if (segment->mss)
		at = put16(put16(at, 0x0204), segment->mss);
	if (segment->wscale >= 0)
		at = put8(put8(put8(at, 3), 3), (uint32_t)segment->wscale);
	if (segment->sack_ok)
		at = put16(at, 0x0402);
	if (segment->timestamps)
		at = put32(put32(put16(at, 0x080a), segment->ts_val), segment->ts_ecr);
	if (segment->fast_open)
		at = put32(put32(put16(at, 0x220a), 0x5eed5eed), 0xc00c1e00);
	if (segment->sacks) {
		at = put8(put8(at, 5), 2 + 8u * segment->sacks);
		for (uint32_t i = 0; i < segment->sacks; i++)
			at = put32(put32(at, segment->sack[i][0]), segment->sack[i][1]);
	}
	return at;
}

static uint8_t *put_options(uint8_t *start, const struct wire_segment *segment)
{
	uint8_t *at = put_known_options(start, segment);

	if (segment->more_options_bytes)
		memcpy(at, segment->more_options, segment->more_options_bytes);
	at += segment->more_options_bytes;
	while ((at - start) % 4)
		at = put8(at, 1);
	return at;
}

static uint8_t *put_ethernet(uint8_t *at, const struct wire_segment *segment)
{
	memcpy(at, "\x02\0\0\0\0\x02\x02\0\0\0\0\x01", 12);
	at += 12;
	if (segment->vlan[1])
		at = put16(put16(at, 0x88a8), segment->vlan[0]);
	if (segment->vlan[0])
		at = put16(put16(at, 0x8100),
			   segment->vlan[1] ? segment->vlan[1] : segment->vlan[0]);
	return put16(at, segment->ip_version == 4 ? 0x0800 : 0x86dd);
}

static uint8_t *put_ip(uint8_t *at, const struct wire_segment *segment, uint32_t tcp_bytes)
{
	uint8_t *ip = at;

	if (segment->ip_version == 6) {
		at = put32(at, 0x60000000);
		at = put8(put8(put16(at, tcp_bytes), 6), 64);
		memcpy(at, segment->src, 16);
		memcpy(at + 16, segment->dst, 16);
		return at + 32;
	}
	at = put16(put16(at, 0x4500), 20 + tcp_bytes);
	at = put16(put16(at, segment->ip_id), 0x4000);
	at = put16(put8(put8(at, 64), 6), 0);
	memcpy(at, segment->src, 4);
	memcpy(at + 4, segment->dst, 4);
	put16(ip + 10, sum_fold(sum16(ip, 20, 0)));
	return at + 8;
}

static uint16_t tcp_sum(const struct wire_segment *segment, const uint8_t *tcp, uint32_t tcp_bytes)
{
	size_t addr_bytes = segment->ip_version == 4 ? 4 : 16;
	uint32_t sum = 6 + tcp_bytes;

	sum = sum16(segment->src, addr_bytes, sum);
	sum = sum16(segment->dst, addr_bytes, sum);
	return sum_fold(sum16(tcp, tcp_bytes, sum));
}

uint32_t wire_options_bytes(const struct wire_segment *segment)
{
	uint8_t options[WIRE_OPTIONS_MAX];

	return (uint32_t)(put_known_options(options, segment) - options);
}

size_t wire_build(uint8_t *frame, const struct wire_segment *segment)
{
	uint8_t options[WIRE_OPTIONS_MAX];
	uint32_t options_bytes = (uint32_t)(put_options(options, segment) - options);
	uint32_t tcp_bytes = 20 + options_bytes + segment->payload_bytes;
	uint8_t *tcp = put_ip(put_ethernet(frame, segment), segment, tcp_bytes);
	uint8_t *at;

	at = put16(put16(tcp, segment->sport), segment->dport);
	at = put32(put32(at, segment->seq), segment->ack);
	at = put16(at, (5 + options_bytes / 4) << 12 | segment->flags);
	at = put16(put16(put16(at, segment->window), 0), segment->urgent);
	memcpy(at, options, options_bytes);
	at += options_bytes;
	if (segment->payload_bytes)
		memcpy(at, segment->payload, segment->payload_bytes);
	put16(tcp + 16, tcp_sum(segment, tcp, tcp_bytes) ^ (segment->bad_checksum ? 0x5a5a : 0));
	return (size_t)(at + segment->payload_bytes - frame);
}

/* Writes the headers of one fragment after the link header. Return: the position of its data. */
static uint8_t *put_fragment(uint8_t *ip, const uint8_t *whole, uint32_t off, uint32_t bytes,
			     bool more, uint32_t id)
{
	if (whole[0] >> 4 == 4) {
		memcpy(ip, whole, 20);
		put16(ip + 2, 20 + bytes);
		put16(ip + 6, off / 8 | (more ? 0x2000 : 0));
		put16(ip + 10, 0);
		put16(ip + 10, sum_fold(sum16(ip, 20, 0)));
		return ip + 20;
	}
	memcpy(ip, whole, 40);
	put16(ip + 4, 8 + bytes);
	ip[6] = 44;
	put32(put16(put8(put8(ip + 40, 6), 0), off | more), id);
	return ip + 48;
}

uint32_t wire_fragment(const uint8_t *frame, uint32_t len, uint32_t piece_bytes, uint32_t id,
		       uint8_t *out, uint32_t ret_lens[WIRE_FRAGMENTS_MAX])
{
	uint32_t link = 14;
	uint32_t header;
	uint32_t count = 0;
	uint32_t total;

	while (frame[link - 2] == 0x81 || frame[link - 2] == 0x88)
		link += 4;
	header = link + (frame[link] >> 4 == 4 ? 20 : 40);
	total = len - header;
	if (frame[link] >> 4 == 6 && piece_bytes < 20)
		piece_bytes = 20; /* must hold the TCP header (RFC 8200, 4.5) */
	if (piece_bytes * WIRE_FRAGMENTS_MAX < total)
		piece_bytes = total / WIRE_FRAGMENTS_MAX + 1;
	piece_bytes = (piece_bytes + 7) / 8 * 8;
	for (uint32_t off = 0; off < total; off += piece_bytes) {
		uint32_t bytes = total - off < piece_bytes ? total - off : piece_bytes;
		uint8_t *data;

		memcpy(out, frame, link);
		data = put_fragment(out + link, frame + link, off, bytes, off + bytes < total, id);
		memcpy(data, frame + header + off, bytes);
		ret_lens[count++] = (uint32_t)(data + bytes - out);
		out = data + bytes;
	}
	return count;
}

int wire_pcap_start(FILE *file)
{
	const uint32_t header[6] = {0xa1b23c4d, 0x00040002, 0, 0, 262144, 1};

	return fwrite(header, sizeof(header), 1, file) == 1 ? 0 : -EIO;
}

int wire_pcap_add(FILE *file, uint64_t time_ns, const uint8_t *frame, uint32_t len_bytes)
{
	const uint32_t record[4] = {(uint32_t)(time_ns / 1000000000),
				    (uint32_t)(time_ns % 1000000000), len_bytes, len_bytes};

	if (fwrite(record, sizeof(record), 1, file) != 1)
		return -EIO;
	return fwrite(frame, len_bytes, 1, file) == 1 ? 0 : -EIO;
}
