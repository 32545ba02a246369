// SPDX-License-Identifier: BSD-2-Clause
/*
 * draw.c - the whole screen as a page: the head, the view, and a footer with the message or the
 * text that the user edits (at most FOOTER_LINES), or else one line with the most important keys.
 */
#include "cli/top/draw.h"

#include <stdio.h>

#include "cli/top/head.h"
#include "cli/top/inside.h"
#include "cli/top/table.h"

enum { FOOTER_LINES = 4 };
enum { CONNS_LINES = 2 }; /* the line with filter and order, and the head of the table */

/* Set the numbers of visible and of all lines, and move state->first to a line that exists. */
static void set_scroll(struct wf_top_state *state, size_t rows, size_t lines)
{
	state->rows = rows;
	state->lines = lines;
	if (state->first + rows > lines)
		state->first = lines > rows ? lines - rows : 0;
}

static void draw_connections(struct wf_top_state *state, struct wf_top_page *page, size_t rows)
{
	const struct wf_top_conns *conns = &state->conns;

	set_scroll(state, rows - page->count - CONNS_LINES, conns->count);
	wf_top_page_add(page, WF_TOP_PLAIN,
			"connections %zu-%zu of %zu listed, %lld in all, by %s%s%s",
			conns->count ? state->first + 1 : 0,
			state->first + state->rows < conns->count ? state->first + state->rows
								  : conns->count,
			conns->count, (long long)conns->total, wf_top_orders[state->order].name,
			*state->filter ? ", filter: " : "", state->filter);
	wf_top_table_add(state, page, rows);
}

/* Add the lines of the second view, from state->first to the last one that fits. */
static void draw_inside(struct wf_top_state *state, struct wf_top_page *page, size_t rows)
{
	static struct wf_top_page lines;

	wf_top_page_init(&lines, page->columns);
	wf_top_inside_add(&state->model, &lines);
	set_scroll(state, rows - page->count, lines.count);
	for (size_t i = state->first; i < lines.count && page->count < rows; i++)
		page->lines[page->count++] = lines.lines[i];
}

static void draw_help(struct wf_top_page *page)
{
	wf_top_page_add(page, WF_TOP_TITLE, "%-*s", (int)page->columns, "keys of weft top");
	wf_top_keys_help(page);
	wf_top_page_add(page, WF_TOP_PLAIN, " Losses are red if they grew in the last 10 s.");
}

/* Add the line of text that the user edits, or the message, if there is one. */
static void add_message(const struct wf_top_state *state, struct wf_top_page *page)
{
	static const char *const asks[] = {
		[WF_TOP_FILTER_PROMPT] = "filter (tcpdump's syntax, empty: all)",
		[WF_TOP_ORDER_PROMPT] = "sort by bytes, rate, packets, kept, last, age or address",
	};
	char text[WF_TOP_FILTER_BYTES + 80];

	if (state->prompt) {
		snprintf(text, sizeof(text), "%s: %s_", asks[state->prompt], state->input);
		wf_top_page_wrap(page, WF_TOP_BOLD, text, FOOTER_LINES);
	} else if (*state->message) {
		wf_top_page_wrap(page, state->is_error ? WF_TOP_BAD : WF_TOP_BOLD, state->message,
				 FOOTER_LINES);
	}
}

/* Add a line that names the most important keys. */
static void add_hints(const struct wf_top_state *state, struct wf_top_page *page)
{
	static const char *const hints[] = {
		[WF_TOP_CONNECTIONS] =
			"?: help  q: quit  Tab: other view  f: filter  s: sort  Enter: details",
		[WF_TOP_INSIDE] = "?: help  q: quit  Tab: connections  Up, Down: scroll",
		[WF_TOP_HELP_VIEW] = "Esc: back  q: quit",
		[WF_TOP_DETAILS_VIEW] = "Esc: back  b: bypass  r: resume  q: quit",
	};
	size_t last = state->first + state->rows;

	if (state->view == WF_TOP_INSIDE)
		wf_top_page_add(page, WF_TOP_PLAIN, "%s  (lines %zu-%zu of %zu)",
				hints[state->view], state->first + 1,
				last < state->lines ? last : state->lines, state->lines);
	else
		wf_top_page_add(page, WF_TOP_PLAIN, "%s", hints[state->view]);
}

/* Draw the head and the view in @rows lines. */
static void draw_view(struct wf_top_state *state, struct wf_top_page *page, size_t rows)
{
	if (state->view == WF_TOP_HELP_VIEW) {
		draw_help(page);
		return;
	}
	wf_top_head_add(state, page);
	if (state->view == WF_TOP_CONNECTIONS)
		draw_connections(state, page, rows);
	else if (state->view == WF_TOP_INSIDE)
		draw_inside(state, page, rows);
	else
		wf_top_details_add(state, page);
}

void wf_top_draw(struct wf_top_state *state, struct wf_top_page *page, size_t columns, size_t rows)
{
	static struct wf_top_page footer;
	size_t body;

	wf_top_page_init(page, columns);
	if (columns < WF_TOP_COLUMNS_MIN || rows < WF_TOP_ROWS_MIN) {
		wf_top_page_add(page, WF_TOP_BAD, "too small: %zux%zu; needs %dx%d", columns, rows,
				WF_TOP_COLUMNS_MIN, WF_TOP_ROWS_MIN);
		return;
	}
	if (rows > WF_TOP_LINES_MAX)
		rows = WF_TOP_LINES_MAX;
	wf_top_page_init(&footer, columns);
	add_message(state, &footer);
	body = rows - (footer.count ? footer.count : 1);
	draw_view(state, page, body);
	if (page->count > body)
		page->count = body;
	while (page->count < body)
		wf_top_page_add(page, WF_TOP_PLAIN, "%s", "");
	if (!footer.count)
		add_hints(state, &footer);
	for (size_t i = 0; i < footer.count; i++)
		page->lines[page->count++] = footer.lines[i];
}
