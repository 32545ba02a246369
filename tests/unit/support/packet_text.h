/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * packet_text.h - prints the packets of a pcapng file that weft has written, one on each line:
 *
 *   DIRECTION FLAGS seq ack [payload] [# comment]
 *
 * DIRECTION is > for segments from port 40000. A payload of more than 40 bytes is printed as its
 * length in parentheses. A section is the line "SECTION".
 */
#ifndef TESTS_UNIT_SUPPORT_PACKET_TEXT_H
#define TESTS_UNIT_SUPPORT_PACKET_TEXT_H

#include <stddef.h>
#include <stdint.h>

/* Prints the blocks in @bytes to @text, which has room for them. */
void packet_text(const uint8_t *bytes, size_t len, char *text);

#endif
