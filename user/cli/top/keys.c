// SPDX-License-Identifier: BSD-2-Clause
/*
 * keys.c - the table of keys.
 */
#include "cli/top/keys.h"

#include <curses.h>

enum { ESCAPE = 27 };

/* The argument of an order is its index in wf_top_orders; test_top checks that the keys agree. */
static const struct wf_top_key keys[] = {
	{'q', "q", WF_TOP_QUIT, 0, "quit"},
	{'?', "?", WF_TOP_HELP, 0, "this help, and back"},
	{'h', NULL, WF_TOP_HELP, 0, NULL},
	{'\t', "Tab, v", WF_TOP_OTHER_VIEW, 0,
	 "the other view: ledgers, workers, memory, subscriptions"},
	{'v', NULL, WF_TOP_OTHER_VIEW, 0, NULL},
	{'p', "p, Space", WF_TOP_PAUSE, 0, "pause, or continue"},
	{' ', NULL, WF_TOP_PAUSE, 0, NULL},
	{KEY_DOWN, "Up, Down", WF_TOP_MOVE, 1, "select a connection, or scroll (also k and j)"},
	{'j', NULL, WF_TOP_MOVE, 1, NULL},
	{KEY_UP, NULL, WF_TOP_MOVE, -1, NULL},
	{'k', NULL, WF_TOP_MOVE, -1, NULL},
	{KEY_NPAGE, "PgUp, PgDn", WF_TOP_MOVE, 2, "one page"},
	{KEY_PPAGE, NULL, WF_TOP_MOVE, -2, NULL},
	{KEY_HOME, "Home, End", WF_TOP_MOVE, -3, "the first line, the last line (also g and G)"},
	{'g', NULL, WF_TOP_MOVE, -3, NULL},
	{KEY_END, NULL, WF_TOP_MOVE, 3, NULL},
	{'G', NULL, WF_TOP_MOVE, 3, NULL},
	{'\n', "Enter", WF_TOP_DETAILS, 0, "details of the selected connection, and back"},
	{'\r', NULL, WF_TOP_DETAILS, 0, NULL},
	{KEY_ENTER, NULL, WF_TOP_DETAILS, 0, NULL},
	{'b', "b", WF_TOP_SET_VERDICT, WF_TOP_BYPASS,
	 "bypass: the kernel only counts the data of the connection"},
	{'r', "r", WF_TOP_SET_VERDICT, WF_TOP_STEER,
	 "resume: data of the connection is delivered again"},
	{'f', "f, /", WF_TOP_FILTER, 0,
	 "list only connections that match a filter (tcpdump's syntax)"},
	{'/', NULL, WF_TOP_FILTER, 0, NULL},
	{'s', "s", WF_TOP_ORDER_NAME, 0, "sort by an order given by name:"},
	{'B', "B", WF_TOP_ORDER, 0, "  bytes     bytes of both directions"},
	{'R', "R", WF_TOP_ORDER, 1, "  rate      bytes per second; only the connections used last"},
	{'P', "P", WF_TOP_ORDER, 2, "  packets   packets of both directions"},
	{'K', "K", WF_TOP_ORDER, 3, "  kept      bytes that bypassed weft in the kernel"},
	{'L', "L", WF_TOP_ORDER, 4, "  last      latest segment first"},
	{'A', "A", WF_TOP_ORDER, 5, "  age       oldest connection first"},
	{'N', "N", WF_TOP_ORDER, 6, "  address   client address; only those with the most bytes"},
	{ESCAPE, "Esc", WF_TOP_BACK, 0, "back to the list; in a line of text: cancel"},
};

const struct wf_top_key *wf_top_key_find(int key)
{
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (keys[i].key == key)
			return &keys[i];
	return NULL;
}

void wf_top_keys_help(struct wf_top_page *page)
{
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (keys[i].name)
			wf_top_page_add(page, WF_TOP_PLAIN, " %-11s %s", keys[i].name,
					keys[i].help);
}
