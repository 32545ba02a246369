// SPDX-License-Identifier: BSD-2-Clause
/*
 * floor.c - measures the lower bound of replay: reads the mapped file with as little work as
 * possible.
 *
 *   floor headers FILE   reads every header field of every frame
 *   floor memcpy FILE    does the same and copies every payload once
 *   floor flow FILE      reads the headers and finds the connection of every segment
 *
 * "flow" is the least that any program that follows connections has to do: 16 segments at a time,
 * it prefetches a slot of 64 bytes per segment and then counts the segment there. It has no
 * reassembly, timers or events, and removes nothing. A SYN without ACK uses a slot of 32 bytes in a
 * table of limited size, which later SYNs overwrite.
 *
 * The file must be written by traffic.c: Ethernet, IPv4, TCP, in nanosecond pcap format.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	RECORD_BYTES = 16,
	BUFFER_BYTES = 1 << 16,
	BATCH = 16,
	SYN_SLOTS = 1 << 16,
	FLOW_SLOTS_MIN = 1 << 16,
};

struct totals {
	/* sum of all fields that are read; printed, so that the compiler keeps the reads */
	uint64_t mixed;
	uint64_t payload_bytes;
	uint64_t packets;
};

static uint32_t get16(const uint8_t *at)
{
	return (uint32_t)at[0] << 8 | at[1];
}

static uint32_t get32(const uint8_t *at)
{
	return get16(at) << 16 | get16(at + 2);
}

/* Return: length of the payload. @ret_payload: pointer to the payload. */
static uint32_t read_headers(const uint8_t *frame, uint32_t len, struct totals *totals,
			     const uint8_t **ret_payload)
{
	const uint8_t *ip = frame + 14;
	const uint8_t *tcp = ip + (ip[0] & 15) * 4;
	const uint8_t *payload = tcp + (tcp[12] >> 4) * 4;
	uint32_t total = get16(ip + 2);

	totals->mixed += get16(frame + 12) + get16(ip + 4) + get16(ip + 6) + ip[8] + ip[9] +
			 get16(ip + 10) + get32(ip + 12) + get32(ip + 16);
	totals->mixed += get16(tcp) + get16(tcp + 2) + get32(tcp + 4) + get32(tcp + 8) + tcp[13] +
			 get16(tcp + 14) + get16(tcp + 16) + get16(tcp + 18);
	for (const uint8_t *option = tcp + 20; option < payload; option += 4)
		totals->mixed += get32(option);
	*ret_payload = payload;
	return (uint32_t)(ip + (total < len ? total : len) - payload);
}

/* ---- connections ---- */

/* Endpoints of a connection: address in the upper 32 bits of 48, port in the lower 16. */
struct ends {
	uint64_t low;
	uint64_t high;
};

struct syn_slot {
	struct ends ends;
	uint32_t seq;
	uint32_t packets;
	uint64_t time;
};

struct flow_slot {
	struct ends ends; /* high 0: the slot is free */
	uint32_t next_seq[2];
	uint32_t packets[2];
	uint64_t bytes[2];
	uint64_t time;
	uint64_t flags;
};
_Static_assert(sizeof(struct syn_slot) == 32 && sizeof(struct flow_slot) == 64,
	       "as the description says");

struct segment {
	struct ends ends;
	uint64_t hash;
	uint64_t time;
	uint32_t seq;
	uint32_t len;
	uint8_t flags;
	bool is_from_high;
};

struct flows {
	struct syn_slot *syns;	 /* owned */
	struct flow_slot *slots; /* owned; open addressing, at most half full */
	uint64_t mask;
	uint64_t used;
	struct segment batch[BATCH];
	unsigned int count;
};

static void *table_new(uint64_t slots, size_t slot_bytes)
{
	void *table = aligned_alloc(64, slots * slot_bytes);

	if (!table) {
		perror("floor");
		exit(1);
	}
	memset(table, 0, slots * slot_bytes);
	return table;
}

static uint64_t hash_of(const struct ends *ends)
{
	uint64_t hash = (ends->low * 0x9e3779b97f4a7c15 ^ ends->high) * 0xc2b2ae3d27d4eb4f;

	return hash ^ hash >> 29;
}

static struct flow_slot *find(const struct flows *flows, const struct ends *ends, uint64_t hash)
{
	uint64_t at = hash & flows->mask;

	while (flows->slots[at].ends.high &&
	       (flows->slots[at].ends.low != ends->low || flows->slots[at].ends.high != ends->high))
		at = (at + 1) & flows->mask;
	return &flows->slots[at];
}

static void grow(struct flows *flows)
{
	struct flow_slot *old = flows->slots;
	uint64_t old_mask = flows->mask;

	flows->mask = flows->mask * 2 + 1;
	flows->slots = table_new(flows->mask + 1, sizeof(*flows->slots));
	for (uint64_t i = 0; i <= old_mask; i++)
		if (old[i].ends.high)
			*find(flows, &old[i].ends, hash_of(&old[i].ends)) = old[i];
	free(old);
}

static bool is_syn(const struct segment *segment)
{
	return (segment->flags & 0x12) == 0x02;
}

static void count_syn(struct flows *flows, const struct segment *segment)
{
	struct syn_slot *slot = &flows->syns[segment->hash & (SYN_SLOTS - 1)];

	slot->ends = segment->ends;
	slot->seq = segment->seq;
	slot->time = segment->time;
	slot->packets++;
}

static void count_segment(struct flows *flows, const struct segment *segment)
{
	struct flow_slot *slot = find(flows, &segment->ends, segment->hash);
	int from = segment->is_from_high;

	if (!slot->ends.high) {
		slot->ends = segment->ends;
		flows->used++;
	}
	slot->next_seq[from] = segment->seq + segment->len;
	slot->packets[from]++;
	slot->bytes[from] += segment->len;
	slot->flags |= segment->flags;
	slot->time = segment->time;
	if (flows->used * 2 > flows->mask)
		grow(flows);
}

static void count_batch(struct flows *flows)
{
	for (unsigned int i = 0; i < flows->count; i++)
		if (is_syn(&flows->batch[i]))
			count_syn(flows, &flows->batch[i]);
		else
			count_segment(flows, &flows->batch[i]);
	flows->count = 0;
}

static void push(struct flows *flows, const uint8_t *frame, uint64_t time, uint32_t len)
{
	const uint8_t *ip = frame + 14;
	const uint8_t *tcp = ip + (ip[0] & 15) * 4;
	uint64_t from = (uint64_t)get32(ip + 12) << 16 | get16(tcp);
	uint64_t to = (uint64_t)get32(ip + 16) << 16 | get16(tcp + 2);
	struct segment *segment = &flows->batch[flows->count++];

	*segment = (struct segment){
		.ends = {.low = from < to ? from : to, .high = from < to ? to : from},
		.time = time,
		.seq = get32(tcp + 4),
		.len = len,
		.flags = tcp[13],
		.is_from_high = from > to,
	};
	segment->hash = hash_of(&segment->ends);
	if (is_syn(segment))
		__builtin_prefetch(&flows->syns[segment->hash & (SYN_SLOTS - 1)], 1);
	else
		__builtin_prefetch(&flows->slots[segment->hash & flows->mask], 1);
	if (flows->count == BATCH)
		count_batch(flows);
}

/* ---- the file ---- */

/* @buffer: each payload is copied to it; NULL: no copy. @flows: NULL: connections are not found. */
static void walk(const uint8_t *file, size_t bytes, uint8_t *buffer, struct flows *flows,
		 struct totals *totals)
{
	const uint8_t *at = file + 24;
	const uint8_t *end = file + bytes;

	while (end - at >= RECORD_BYTES) {
		const uint8_t *payload;
		uint32_t record[4];
		uint32_t len;

		memcpy(record, at, sizeof(record));
		at += RECORD_BYTES;
		if (record[2] > (size_t)(end - at))
			break;
		len = read_headers(at, record[2], totals, &payload);
		totals->mixed += record[0] + record[1];
		totals->payload_bytes += len;
		totals->packets++;
		if (flows)
			push(flows, at, record[0] * 1000000000ull + record[1], len);
		if (buffer) {
			memcpy(buffer, payload, len);
			totals->mixed += buffer[len / 2];
		}
		at += record[2];
	}
	if (flows)
		count_batch(flows);
}

static void walk_flows(const uint8_t *file, size_t bytes, struct totals *totals)
{
	struct flows flows = {
		.syns = table_new(SYN_SLOTS, sizeof(*flows.syns)),
		.slots = table_new(FLOW_SLOTS_MIN, sizeof(*flows.slots)),
		.mask = FLOW_SLOTS_MIN - 1,
	};

	walk(file, bytes, NULL, &flows, totals);
	printf("connections %llu ", (unsigned long long)flows.used);
	free(flows.syns);
	free(flows.slots);
}

static bool is_mode(const char *mode)
{
	return !strcmp(mode, "headers") || !strcmp(mode, "memcpy") || !strcmp(mode, "flow");
}

int main(int argc, char **argv)
{
	struct totals totals = {0};
	uint8_t *buffer = NULL;
	struct stat stat;
	void *file;
	int fd;

	if (argc != 3 || !is_mode(argv[1])) {
		fprintf(stderr, "usage: floor headers|memcpy|flow FILE\n");
		return 2;
	}
	fd = open(argv[2], O_RDONLY);
	if (fd < 0 || fstat(fd, &stat)) {
		perror(argv[2]);
		return 1;
	}
	file = mmap(NULL, (size_t)stat.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (file == MAP_FAILED) {
		perror("mmap");
		return 1;
	}
	madvise(file, (size_t)stat.st_size, MADV_SEQUENTIAL);
	if (!strcmp(argv[1], "memcpy"))
		buffer = malloc(BUFFER_BYTES);
	if (!strcmp(argv[1], "flow"))
		walk_flows(file, (size_t)stat.st_size, &totals);
	else
		walk(file, (size_t)stat.st_size, buffer, NULL, &totals);
	printf("packets %llu bytes %llu mixed %llx\n", (unsigned long long)totals.packets,
	       (unsigned long long)totals.payload_bytes, (unsigned long long)totals.mixed);
	free(buffer);
	munmap(file, (size_t)stat.st_size);
	close(fd);
	return 0;
}
