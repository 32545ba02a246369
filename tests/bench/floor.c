// SPDX-License-Identifier: BSD-2-Clause
/*
 * floor.c - measures the lower bound of replay: reads the mapped file with as little work as
 * possible.
 *
 *   floor headers FILE   reads every header field of every frame
 *   floor memcpy FILE    does the same and copies every payload once
 *
 * The file must be written by traffic.c: Ethernet, IPv4, TCP, in nanosecond pcap format.
 */
#include <fcntl.h>
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
};

/* Sums of all read fields; without a use of them the compiler would remove the reads. */
struct totals {
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

static void walk(const uint8_t *file, size_t bytes, uint8_t *buffer, struct totals *totals)
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
		if (buffer) {
			memcpy(buffer, payload, len);
			totals->mixed += buffer[len / 2];
		}
		at += record[2];
	}
}

int main(int argc, char **argv)
{
	struct totals totals = {0};
	uint8_t *buffer = NULL;
	struct stat stat;
	void *file;
	int fd;

	if (argc != 3) {
		fprintf(stderr, "usage: floor headers|memcpy FILE\n");
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
	walk(file, (size_t)stat.st_size, buffer, &totals);
	printf("packets %llu bytes %llu mixed %llx\n", (unsigned long long)totals.packets,
	       (unsigned long long)totals.payload_bytes, (unsigned long long)totals.mixed);
	free(buffer);
	munmap(file, (size_t)stat.st_size);
	close(fd);
	return 0;
}
