/* SPDX-License-Identifier: BSD-2-Clause */
/* sha256.h - computes SHA-256 (FIPS 180-4), with which tests compare streams. */
#ifndef TESTS_UNIT_SUPPORT_SHA256_H
#define TESTS_UNIT_SUPPORT_SHA256_H

#include <stddef.h>
#include <stdint.h>

struct sha256 {
	uint32_t state[8];
	uint64_t len_bytes;
	uint8_t block[64];
};

void sha256_init(struct sha256 *sum);
void sha256_add(struct sha256 *sum, const void *bytes, size_t len_bytes);

/* Write 64 hexadecimal digits and a terminating zero. @sum must not be used afterwards. */
void sha256_hex(struct sha256 *sum, char ret_hex[65]);

#endif
