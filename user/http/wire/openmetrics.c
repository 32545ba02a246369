// SPDX-License-Identifier: BSD-2-Clause
/*
 * openmetrics.c - rewrites the lines # HELP and # TYPE of counters.
 */
#include "http/wire/openmetrics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SUFFIX "_total"

bool wf_openmetrics_is_wanted(const char *accept)
{
	return strcasestr(accept, "application/openmetrics-text") != NULL;
}

/* Return the name of the family in "# HELP name ..." or "# TYPE name ..."; NULL for other lines. */
static const char *family_of(const char *line)
{
	return !strncmp(line, "# HELP ", 7) || !strncmp(line, "# TYPE ", 7) ? line + 7 : NULL;
}

static void write_line(FILE *out, const char *line, size_t chars)
{
	const char *family = family_of(line);
	size_t name_chars = family ? strcspn(family, " \n") : 0;
	size_t suffix_chars = strlen(SUFFIX);

	if (name_chars > suffix_chars &&
	    !memcmp(family + name_chars - suffix_chars, SUFFIX, suffix_chars)) {
		const char *rest = family + name_chars;

		fwrite(line, 1, (size_t)(rest - line) - suffix_chars, out);
		fwrite(rest, 1, chars - (size_t)(rest - line), out);
	} else {
		fwrite(line, 1, chars, out);
	}
	fputc('\n', out);
}

char *wf_openmetrics_new(const char *text, size_t *ret_bytes)
{
	char *converted = NULL;
	FILE *out = open_memstream(&converted, ret_bytes);
	int failed;

	if (!out)
		return NULL;
	while (*text) {
		size_t chars = strcspn(text, "\n");

		write_line(out, text, chars);
		text += chars + (text[chars] == '\n');
	}
	fputs("# EOF\n", out);
	failed = ferror(out);
	if (!fclose(out) && !failed)
		return converted;
	free(converted);
	return NULL;
}
