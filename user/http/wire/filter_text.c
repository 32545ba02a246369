// SPDX-License-Identifier: BSD-2-Clause
/*
 * filter_text.c - checks the words of a filter expression.
 */
#include "http/wire/filter_text.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "http/wire/limits.h"

#define DIGITS	   "0123456789"
#define HEX	   DIGITS "abcdefABCDEF"
#define SEPARATORS " \t()!&|"

/*
 * Return true if @word has only characters of a number, an address, a prefix or a range of ports. A
 * word with a colon is an IPv6 address or prefix.
 */
static bool is_numeric(const char *word, size_t chars)
{
	const char *allowed = memchr(word, ':', chars) ? HEX ":./" : DIGITS "./-";

	return strspn(word, allowed) >= chars;
}

static bool is_keyword(const char *word, size_t chars)
{
	static const char *const keywords[] = {"src",	    "dst",   "host", "net", "port",
					       "portrange", "mask",  "tcp",  "ip",  "ip6",
					       "vlan",	    "proto", "and",  "or",  "not"};

	for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++)
		if (strlen(keywords[i]) == chars && !memcmp(keywords[i], word, chars))
			return true;
	return false;
}

int wf_filter_text_check(const char *text, char *ret_why, size_t why_bytes)
{
	if (strlen(text) > WF_HTTP_FILTER_CHARS) {
		snprintf(ret_why, why_bytes, "longer than %d characters", WF_HTTP_FILTER_CHARS);
		return -EINVAL;
	}
	for (size_t chars; *text; text += chars) {
		text += strspn(text, SEPARATORS);
		chars = strcspn(text, SEPARATORS);
		if (!chars || is_numeric(text, chars) || is_keyword(text, chars))
			continue;
		snprintf(
			ret_why, why_bytes,
			"'%.*s' is neither a keyword about addresses and ports nor a number; names "
			"are not resolved here",
			chars > 40 ? 40 : (int)chars, text);
		return -EINVAL;
	}
	return 0;
}
