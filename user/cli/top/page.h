/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * page.h - the contents of the screen as lines of text with a style, independent of the terminal.
 *
 * A line is never wider than its page; a '~' at its end shows that text was cut. Text from the
 * agent is shown as printable ASCII characters, so that it can't control the terminal.
 */
#ifndef WF_CLI_TOP_PAGE_H
#define WF_CLI_TOP_PAGE_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

enum wf_top_style {
	WF_TOP_PLAIN = 0,
	WF_TOP_BOLD,
	WF_TOP_TITLE,	 /* the head of a table */
	WF_TOP_SELECTED, /* the selected connection */
	WF_TOP_GOOD,
	WF_TOP_WARN, /* something was lost, or will be */
	WF_TOP_BAD,  /* something is being lost, or does not work */
};

enum { WF_TOP_COLUMNS_MAX = 250, WF_TOP_LINES_MAX = 512 };

struct wf_top_line {
	enum wf_top_style style;
	char text[WF_TOP_COLUMNS_MAX + 1];
};

/** struct wf_top_page - lines of at most @columns characters; lines beyond the maximum are left out
 */
struct wf_top_page {
	size_t columns;
	size_t count;
	struct wf_top_line lines[WF_TOP_LINES_MAX];
};

void wf_top_page_init(struct wf_top_page *page, size_t columns);

/* Add a line. */
void wf_top_page_add(struct wf_top_page *page, enum wf_top_style style, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Add @text in as many lines as it needs, at most @lines_max; all but the first are indented. */
void wf_top_page_wrap(struct wf_top_page *page, enum wf_top_style style, const char *text,
		      size_t lines_max);

/*
 * Copy @text to @buf as printable ASCII characters, at most @size bytes with the NUL; NULL becomes
 * "?". Text that is too long ends with '~'. Return: @buf.
 */
char *wf_top_text(char *buf, size_t size, const char *text);

/* Copy the member @key of @object as wf_top_text() does. */
char *wf_top_text_of(char *buf, size_t size, const json_t *object, const char *key);

/*
 * Return the number @value, limited to 0 to WF_TOP_NUMBER_MAX, so that the sum of a few numbers
 * does not overflow; 0 if @value is NULL or not an integer.
 */
int64_t wf_top_number(const json_t *value);
#define WF_TOP_NUMBER_MAX (INT64_C(1) << 60)

/* Return the member @key of @object as wf_top_number() does. */
int64_t wf_top_number_of(const json_t *object, const char *key);

#endif
