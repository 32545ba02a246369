/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * text_out.h - appends to a text without a format string, for texts that are written for each
 * message or event: a number takes a tenth of the time of snprintf().
 *
 * Each function writes at @end, without a terminating '\0', and returns the new end. The caller's
 * buffer is large enough for all that it appends.
 */
#ifndef WF_SINK_FORMAT_TEXT_OUT_H
#define WF_SINK_FORMAT_TEXT_OUT_H

#include <stdint.h>
#include <string.h>

enum { WF_TEXT_U64_BYTES = 20 }; /* maximum number of decimal digits of a 64-bit number */

static inline char *wf_text_put(char *end, const char *text)
{
	size_t len = strlen(text);

	memcpy(end, text, len);
	return end + len;
}

/* Append the decimal digits of @value, at most WF_TEXT_U64_BYTES. */
static inline char *wf_text_put_u64(char *end, uint64_t value)
{
	char digits[WF_TEXT_U64_BYTES];
	size_t pos = sizeof(digits);

	do {
		digits[--pos] = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	memcpy(end, digits + pos, sizeof(digits) - pos);
	return end + sizeof(digits) - pos;
}

/* Append @value as 16 hexadecimal digits. */
static inline char *wf_text_put_hex64(char *end, uint64_t value)
{
	for (int shift = 60; shift >= 0; shift -= 4)
		*end++ = "0123456789abcdef"[value >> shift & 15];
	return end;
}

#endif
