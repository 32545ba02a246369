// SPDX-License-Identifier: BSD-2-Clause
/*
 * suggest.c - suggests the shortest name that begins with the wanted one or, if there is none, the
 * name with the smallest edit distance (insert, delete, replace, swap of neighbours).
 *
 * Bound: names longer than NAME_MAX_CHARS are never suggested, so that the rows of edit_distance()
 * fit on the stack.
 */
#include "config/suggest.h"

#include <stdio.h>
#include <string.h>

enum {
	NAME_MAX_CHARS = 63,
	LONGER_MIN_CHARS = 3, /* a shorter beginning would suggest nearly any name */
};

static size_t min3(size_t a, size_t b, size_t c)
{
	size_t ab = a < b ? a : b;

	return ab < c ? ab : c;
}

static size_t edit_distance(const char *a, const char *b)
{
	size_t rows[3][NAME_MAX_CHARS + 1];
	size_t a_chars = strlen(a);
	size_t b_chars = strlen(b);

	for (size_t j = 0; j <= b_chars; j++)
		rows[0][j] = j;

	for (size_t i = 1; i <= a_chars; i++) {
		size_t *row = rows[i % 3];
		const size_t *above = rows[(i + 2) % 3];
		const size_t *above2 = rows[(i + 1) % 3];

		row[0] = i;
		for (size_t j = 1; j <= b_chars; j++) {
			row[j] = min3(above[j] + 1, row[j - 1] + 1,
				      above[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    above2[j - 2] + 1 < row[j])
				row[j] = above2[j - 2] + 1;
		}
	}
	return rows[a_chars % 3][b_chars];
}

void wf_suggest_init(struct wf_suggest *suggest, const char *wanted)
{
	/*
	 * A name is suggested only if its distance is at most a third of the length of @wanted,
	 * plus 1.
	 */
	*suggest = (struct wf_suggest){.wanted = wanted, .distance = strlen(wanted) / 3 + 2};
}

/* Suggest @name, which begins with the wanted name, unless a shorter one was found. */
static void offer_longer(struct wf_suggest *suggest, const char *name)
{
	if (suggest->is_longer && strlen(suggest->nearest) <= strlen(name))
		return;
	suggest->nearest = name;
	suggest->is_longer = true;
}

void wf_suggest_offer(struct wf_suggest *suggest, const char *name)
{
	size_t wanted_chars = strlen(suggest->wanted);
	size_t distance;

	if (wanted_chars > NAME_MAX_CHARS || strlen(name) > NAME_MAX_CHARS)
		return;
	if (wanted_chars >= LONGER_MIN_CHARS && !strncmp(name, suggest->wanted, wanted_chars)) {
		offer_longer(suggest, name);
		return;
	}
	if (suggest->is_longer)
		return;

	distance = edit_distance(suggest->wanted, name);
	if (distance < suggest->distance && distance < strlen(name)) {
		suggest->nearest = name;
		suggest->distance = distance;
	}
}

const char *wf_suggest_text(const struct wf_suggest *suggest, char *buf, size_t buf_bytes)
{
	buf[0] = '\0';
	if (suggest->nearest)
		snprintf(buf, buf_bytes, "; did you mean '%s'?", suggest->nearest);
	return buf;
}
