/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sha1.h - the SHA-1 of a few bytes (RFC 3174), for Community IDs. Not for anything that must
 * withstand an attacker.
 *
 * Why not a library: the code is shorter than the set-up of one, and libweft needs no other
 * function of it. Thread: any.
 */
#ifndef WF_PACKET_SHA1_H
#define WF_PACKET_SHA1_H

#include <stddef.h>
#include <stdint.h>

enum { WF_SHA1_BYTES = 20, WF_SHA1_SHORT_MAX = 55 };

/* Hash @len bytes, at most WF_SHA1_SHORT_MAX, which fit in one block with their length. */
void wf_sha1_short(const uint8_t *bytes, size_t len, uint8_t ret_digest[WF_SHA1_BYTES]);

#endif
