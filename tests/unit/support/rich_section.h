/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rich_section.h - a pcapng section with every kind of block that the reader parses and one of an
 * unknown type, several time resolutions, and interfaces of several link types.
 */
#ifndef WF_UNIT_RICH_SECTION_H
#define WF_UNIT_RICH_SECTION_H

#include "unit/support/capture_reader.h"

enum { RICH_PACKETS = 7 };

void rich_put_section(struct capture_writer *writer);

/* Asserts that @result has the packets of the section, from index @first on. */
void rich_assert_section(const struct capture_result *result, unsigned int first);

/* Appends a block of an unknown type with @len bytes. */
void rich_put_unknown(struct capture_writer *writer, uint32_t len);

#endif
