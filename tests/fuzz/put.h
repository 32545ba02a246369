/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * put.h - writes header fields in network order, one behind the other, and computes the checksum of
 * RFC 1071.
 */
#ifndef TESTS_FUZZ_PUT_H
#define TESTS_FUZZ_PUT_H

#include <stddef.h>
#include <stdint.h>

/* put8(), put16() and put32() return a pointer to the position after the field. */
static inline uint8_t *put8(uint8_t *at, uint32_t value)
{
	*at = (uint8_t)value;
	return at + 1;
}

static inline uint8_t *put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
	return at + 2;
}

static inline uint8_t *put32(uint8_t *at, uint32_t value)
{
	return put16(put16(at, value >> 16), value & 0xffff);
}

static inline uint32_t sum16(const uint8_t *bytes, size_t len_bytes, uint32_t sum)
{
	uint64_t wide = sum;

	for (size_t i = 0; i + 1 < len_bytes; i += 2)
		wide += (uint32_t)bytes[i] << 8 | bytes[i + 1];
	if (len_bytes & 1)
		wide += (uint32_t)bytes[len_bytes - 1] << 8;
	while (wide >> 16)
		wide = (wide & 0xffff) + (wide >> 16);
	return (uint32_t)wide;
}

static inline uint16_t sum_fold(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

#endif
