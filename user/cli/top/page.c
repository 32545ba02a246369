// SPDX-License-Identifier: BSD-2-Clause
/*
 * page.c - lines of text with a style.
 */
#include "cli/top/page.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void wf_top_page_init(struct wf_top_page *page, size_t columns)
{
	page->columns = columns < WF_TOP_COLUMNS_MAX ? columns : WF_TOP_COLUMNS_MAX;
	page->count = 0;
}

void wf_top_page_add(struct wf_top_page *page, enum wf_top_style style, const char *format, ...)
{
	char text[512];
	va_list args;

	if (page->count == WF_TOP_LINES_MAX)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	page->lines[page->count].style = style;
	wf_top_text(page->lines[page->count].text, page->columns + 1, text);
	page->count++;
}

/*
 * Return the number of characters of @text that fit in @columns. If @text is longer, it is cut at
 * the last space in the second half of the columns, if there is one.
 */
static size_t fitting(const char *text, size_t columns)
{
	size_t chars = strlen(text);

	if (chars <= columns)
		return chars;
	for (size_t i = columns; i > columns / 2; i--)
		if (text[i] == ' ')
			return i;
	return columns;
}

void wf_top_page_wrap(struct wf_top_page *page, enum wf_top_style style, const char *text,
		      size_t lines_max)
{
	const char *indent = "";

	do {
		size_t chars =
			--lines_max ? fitting(text, page->columns - strlen(indent)) : strlen(text);

		wf_top_page_add(page, style, "%s%.*s", indent, (int)chars, text);
		text += chars;
		text += *text == ' ';
		indent = "  ";
	} while (*text);
}

char *wf_top_text(char *buf, size_t size, const char *text)
{
	size_t used = 0;

	if (!text)
		text = "?";
	while (text[used] && used + 1 < size) {
		buf[used] = text[used] >= ' ' && text[used] <= '~' ? text[used] : '?';
		used++;
	}
	if (text[used] && used)
		buf[used - 1] = '~';
	buf[used] = '\0';
	return buf;
}

char *wf_top_text_of(char *buf, size_t size, const json_t *object, const char *key)
{
	return wf_top_text(buf, size, json_string_value(json_object_get(object, key)));
}

int64_t wf_top_number(const json_t *value)
{
	json_int_t number = json_integer_value(value);

	if (number < 0)
		return 0;
	return number < WF_TOP_NUMBER_MAX ? number : WF_TOP_NUMBER_MAX;
}

int64_t wf_top_number_of(const json_t *object, const char *key)
{
	return wf_top_number(json_object_get(object, key));
}
