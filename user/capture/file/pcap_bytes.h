/* SPDX-License-Identifier: BSD-2-Clause */
/* pcap_bytes.h - reads integers of a capture file in the file's byte order. */
#ifndef WF_CAPTURE_FILE_PCAP_BYTES_H
#define WF_CAPTURE_FILE_PCAP_BYTES_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static inline uint16_t wf_pcap_u16(const uint8_t *bytes, bool swapped)
{
	uint16_t value;

	memcpy(&value, bytes, sizeof(value));
	return swapped ? __builtin_bswap16(value) : value;
}

static inline uint32_t wf_pcap_u32(const uint8_t *bytes, bool swapped)
{
	uint32_t value;

	memcpy(&value, bytes, sizeof(value));
	return swapped ? __builtin_bswap32(value) : value;
}

static inline uint64_t wf_pcap_u64(const uint8_t *bytes, bool swapped)
{
	uint64_t value;

	memcpy(&value, bytes, sizeof(value));
	return swapped ? __builtin_bswap64(value) : value;
}

#endif
