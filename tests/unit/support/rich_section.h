/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rich_section.h - a pcapng section of every block kind, several resolutions, interfaces of
 * several link types.
 */
#ifndef WF_UNIT_RICH_SECTION_H
#define WF_UNIT_RICH_SECTION_H

#include "unit/support/capture_reader.h"

enum { RICH_PACKETS = 7 };

void rich_put_section(struct capture_writer *writer);

/* Its packets are those of @result from @first on. */
void rich_assert_section(const struct capture_result *result, unsigned int first);

/* A block of a type that nobody knows, of @len bytes. */
void rich_put_unknown(struct capture_writer *writer, uint32_t len);

#endif
