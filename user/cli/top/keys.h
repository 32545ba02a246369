/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keys.h - the table of keys, with the function and the help of each.
 */
#ifndef WF_CLI_TOP_KEYS_H
#define WF_CLI_TOP_KEYS_H

#include <stddef.h>

#include "cli/top/page.h"

enum wf_top_action {
	WF_TOP_QUIT,
	WF_TOP_BACK, /* leave the help or the details, or clear a message */
	WF_TOP_HELP,
	WF_TOP_OTHER_VIEW,
	WF_TOP_PAUSE,
	WF_TOP_MOVE, /* by one line (argument +-1) or one page (+-2), or to an end (+-3) */
	WF_TOP_DETAILS,
	WF_TOP_FILTER,
	WF_TOP_ORDER, /* argument: index of the order */
	WF_TOP_ORDER_NAME,
	WF_TOP_SET_VERDICT, /* argument: enum wf_top_verdict */
};

enum wf_top_verdict { WF_TOP_STEER = 0, WF_TOP_BYPASS };

/**
 * struct wf_top_key - a key
 * @name: its name in the help; NULL: the help of another key with the same action names this key
 */
struct wf_top_key {
	int key;
	const char *name;
	enum wf_top_action action;
	int argument;
	const char *help;
};

/* Return the entry of @key, a character or a KEY_ code of ncurses; NULL if it does nothing. */
const struct wf_top_key *wf_top_key_find(int key);

/* Add the help of each key to @page. */
void wf_top_keys_help(struct wf_top_page *page);

#endif
