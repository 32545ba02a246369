// SPDX-License-Identifier: BSD-2-Clause
/*
 * table.c - the lines of the table of connections, and of the details of one connection.
 *
 *   80 columns:   CLIENT (21) SERVER (21) STATE VERDICT RATE BYTES
 *   wider:        more columns as long as they fit; then wider addresses, for IPv6
 */
#include "cli/top/table.h"

#include <stdio.h>
#include <string.h>

#include "agent/report.h"

enum {
	ADDRESS_CHARS = 21,	/* an IPv4 address with a port */
	ADDRESS_CHARS_MAX = 47, /* an IPv6 address with a port */
	NUMBER_CHARS = 10,
	FIXED_CHARS = 2 * (ADDRESS_CHARS + 1) + 7 + 7 + 2 * (NUMBER_CHARS + 1),
};

/* Columns that are added on wider screens. */
static const char *const more[] = {"packets", "bypassed", "gaps", "held"};
enum { MORE_COUNT = sizeof(more) / sizeof(more[0]) };

static int64_t more_of(const struct wf_top_conn *conn, size_t column)
{
	int64_t sum = 0;

	for (int i = 0; i < WF_TOP_SIDES; i++) {
		const struct wf_top_conn_side *side = &conn->sides[i];
		const int64_t values[MORE_COUNT] = {side->packets, side->kept_bytes,
						    side->gap_bytes, side->held_bytes};

		sum += values[column];
	}
	return sum;
}

/* Widths and numbers of the columns of a page. */
struct layout {
	int address_chars;
	size_t more_count;
};

static struct layout layout_of(size_t columns)
{
	struct layout layout = {.address_chars = ADDRESS_CHARS};
	size_t used = FIXED_CHARS;

	while (layout.more_count < MORE_COUNT && used + NUMBER_CHARS + 1 <= columns) {
		used += NUMBER_CHARS + 1;
		layout.more_count++;
	}
	if (columns > used)
		layout.address_chars += (int)(columns - used) / 2;
	if (layout.address_chars > ADDRESS_CHARS_MAX)
		layout.address_chars = ADDRESS_CHARS_MAX;
	return layout;
}

static void add_head(struct wf_top_page *page, const struct layout *layout)
{
	char line[WF_TOP_COLUMNS_MAX + 1];
	int chars = snprintf(line, sizeof(line), "%-*s %-*s %-7s %-6s %*s %*s",
			     layout->address_chars, "client", layout->address_chars, "server",
			     "state", "data", NUMBER_CHARS, "bytes/s", NUMBER_CHARS, "bytes");

	for (size_t i = 0; i < layout->more_count; i++)
		chars += snprintf(line + chars, sizeof(line) - (size_t)chars, " %*s", NUMBER_CHARS,
				  more[i]);
	wf_top_page_add(page, WF_TOP_TITLE, "%-*s", (int)page->columns, line);
}

/* Return the state of @conn, with the name "estab" of ss(8) for "established". */
static const char *state_of(const struct wf_top_conn *conn)
{
	return strcmp(conn->state, "established") ? conn->state : "estab";
}

static void add_conn(struct wf_top_page *page, const struct layout *layout,
		     const struct wf_top_conn *conn, bool is_selected)
{
	char client[64], server[64], line[WF_TOP_COLUMNS_MAX + 1];
	char number[WF_REPORT_SHORT_BYTES], rate[WF_REPORT_SHORT_BYTES];
	size_t address_bytes = (size_t)layout->address_chars + 1;
	int chars = snprintf(
		line, sizeof(line), "%-*s %-*s %-7.7s %-6.6s %*s %*s", layout->address_chars,
		wf_top_text(client, address_bytes, conn->client), layout->address_chars,
		wf_top_text(server, address_bytes, conn->server), state_of(conn),
		wf_top_conn_verdict(conn), NUMBER_CHARS, wf_report_short((int64_t)conn->rate, rate),
		NUMBER_CHARS, wf_report_short(conn->bytes, number));

	for (size_t i = 0; i < layout->more_count; i++)
		chars += snprintf(line + chars, sizeof(line) - (size_t)chars, " %*s", NUMBER_CHARS,
				  wf_report_short(more_of(conn, i), number));
	wf_top_page_add(page, is_selected ? WF_TOP_SELECTED : WF_TOP_PLAIN, "%-*s",
			is_selected ? (int)page->columns : 0, line);
}

void wf_top_table_add(const struct wf_top_state *state, struct wf_top_page *page, size_t rows_max)
{
	const struct wf_top_conns *conns = &state->conns;
	struct layout layout = layout_of(page->columns);

	add_head(page, &layout);
	for (size_t i = state->first; i < conns->count && page->count < rows_max; i++)
		add_conn(page, &layout, &conns->list[i],
			 state->has_selected && conns->list[i].id == state->selected);
	if (!conns->count)
		wf_top_page_add(page, WF_TOP_PLAIN,
				*state->filter ? "no connection matches the filter"
					       : "no connections");
}

/* ---- details ---- */

static void add_side(struct wf_top_page *page, const char *name,
		     const struct wf_top_conn_side *side, bool is_tracked)
{
	const int64_t values[] = {side->packets,      side->bytes,     side->kept_bytes,
				  side->stream_bytes, side->gap_bytes, side->held_bytes};
	char numbers[6][WF_REPORT_SHORT_BYTES];

	for (size_t i = 0; i < 6; i++)
		if (i < 3 || is_tracked)
			wf_report_short(values[i], numbers[i]);
		else
			strcpy(numbers[i], "-");
	wf_top_page_add(page, WF_TOP_PLAIN, "%-10s %-6s%10s%10s%10s%10s%10s%10s", name,
			side->verdict, numbers[0], numbers[1], numbers[2], numbers[3], numbers[4],
			numbers[5]);
}

void wf_top_details_add(const struct wf_top_state *state, struct wf_top_page *page)
{
	int index = wf_top_conns_find(&state->conns, state->selected);
	const struct wf_top_conn *conn = index < 0 ? NULL : &state->conns.list[index];
	char rate[WF_REPORT_SHORT_BYTES];

	wf_top_page_add(page, WF_TOP_TITLE, "%-*s", (int)page->columns, "connection");
	if (!conn || !state->has_selected) {
		wf_top_page_add(page, WF_TOP_PLAIN,
				"the connection has ended, or is no longer in the list");
		return;
	}
	wf_top_page_add(page, WF_TOP_PLAIN, "client        %s", conn->client);
	wf_top_page_add(page, WF_TOP_PLAIN, "server        %s", conn->server);
	wf_top_page_add(page, WF_TOP_PLAIN, "seen          %s%s, worker %lld%s", conn->tenant,
			conn->interface, (long long)conn->worker,
			conn->is_tracked ? "" : ", which has forgotten it");
	wf_top_page_add(page, WF_TOP_PLAIN, "state         %s", conn->state);
	wf_top_page_add(page, WF_TOP_PLAIN, "first segment %s", conn->start);
	wf_top_page_add(page, WF_TOP_PLAIN, "last segment  %s", conn->last);
	wf_top_page_add(page, WF_TOP_PLAIN, "community id  %s", conn->community_id);
	wf_top_page_add(page, WF_TOP_PLAIN, "rate          %s bytes/s",
			wf_report_short((int64_t)conn->rate, rate));
	wf_top_page_add(page, WF_TOP_PLAIN, "%s", "");
	wf_top_page_add(page, WF_TOP_BOLD, "%-10s %-6s%10s%10s%10s%10s%10s%10s", "", "data",
			"packets", "bytes", "bypassed", "stream", "gaps", "held");
	add_side(page, "to server", &conn->sides[WF_TOP_TO_SERVER], conn->is_tracked);
	add_side(page, "to client", &conn->sides[WF_TOP_TO_CLIENT], conn->is_tracked);
}
