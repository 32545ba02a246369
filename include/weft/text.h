/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * text.h - addresses and connections as text, as weft's own outputs print them.
 */
#ifndef WEFT_TEXT_H
#define WEFT_TEXT_H

#include <stdint.h>

#include <weft/api.h>
#include <weft/flow.h>

WEFT_BEGIN_DECLS

/* Sizes of the texts below with their NUL. */
#define WEFT_ADDR_TEXT_BYTES	     46
#define WEFT_FLOW_TEXT_BYTES	     110
#define WEFT_COMMUNITY_ID_TEXT_BYTES 31

/**
 * weft_addr_text() - write an address as inet_ntop(3) does; IPv4 (::ffff:10.0.0.1) as 10.0.0.1
 * @addr:     16 bytes in network order, such as weft_flow.src_addr
 * @ret_text: WEFT_ADDR_TEXT_BYTES bytes
 *
 * Return: @ret_text. Thread: any. Memory: none.
 */
char *weft_addr_text(const uint8_t *addr, char *ret_text);

/**
 * weft_flow_text() - write the four-tuple of a connection, the client first
 * @ret_text: WEFT_FLOW_TEXT_BYTES bytes; "10.0.0.1:50112 > 10.0.0.2:443", IPv6 addresses in
 * brackets
 *
 * Return: @ret_text. Thread: any. Memory: none.
 */
char *weft_flow_text(const struct weft_flow *flow, char *ret_text);

/**
 * weft_community_id() - write the Community ID of a connection, which is the same in every tool
 * @ret_text: WEFT_COMMUNITY_ID_TEXT_BYTES bytes
 *
 * Version 1 with seed 0: "1:" and the base64 form of the SHA-1 of endpoints, protocol and ports.
 * Return: @ret_text. Thread: any. Memory: libcrypto may allocate some, outside the limit of a
 * handle. Source: github.com/corelight/community-id-spec.
 */
char *weft_community_id(const struct weft_flow *flow, char *ret_text);

WEFT_END_DECLS

#endif
