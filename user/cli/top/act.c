// SPDX-License-Identifier: BSD-2-Clause
/*
 * act.c - carries out the action of a key.
 */
#include "cli/top/act.h"

#include <curses.h>
#include <stdio.h>
#include <string.h>

#include "cli/top/refresh.h"

enum { ESCAPE = 27, DELETE = 127, CONTROL_H = 8, CONTROL_U = 21 };

/* ---- input of text ---- */

static void set_order(struct wf_top_state *state, size_t order)
{
	state->order = order;
	wf_top_set_filter(state, state->filter);
}

static void end_input(struct wf_top_state *state)
{
	enum wf_top_prompt prompt = state->prompt;
	int order;

	state->prompt = WF_TOP_NO_PROMPT;
	if (prompt == WF_TOP_FILTER_PROMPT) {
		wf_top_set_filter(state, state->input);
		return;
	}
	order = wf_top_order_find(state->input);
	if (order < 0)
		wf_top_say(state, true, "no order '%.40s'; ? lists them", state->input);
	else
		set_order(state, (size_t)order);
}

static void begin_input(struct wf_top_state *state, enum wf_top_prompt prompt)
{
	state->prompt = prompt;
	snprintf(state->input, sizeof(state->input), "%s",
		 prompt == WF_TOP_FILTER_PROMPT ? state->filter : "");
}

static void edit(struct wf_top_state *state, int key)
{
	size_t chars = strlen(state->input);

	if (key == ESCAPE) {
		state->prompt = WF_TOP_NO_PROMPT;
	} else if (key == '\n' || key == '\r' || key == KEY_ENTER) {
		end_input(state);
	} else if (key == CONTROL_U) {
		state->input[0] = '\0';
	} else if (key == KEY_BACKSPACE || key == DELETE || key == CONTROL_H) {
		if (chars)
			state->input[chars - 1] = '\0';
	} else if (key >= ' ' && key <= '~' && chars + 1 < sizeof(state->input)) {
		state->input[chars] = (char)key;
		state->input[chars + 1] = '\0';
	}
}

/* ---- moving ---- */

/* Return the index that WF_TOP_MOVE with @argument reaches from @from in a list of @count lines. */
static size_t moved(const struct wf_top_state *state, size_t from, int argument, size_t count)
{
	const long steps[] = {0, 1, (long)state->rows, (long)count};
	long step = steps[argument < 0 ? -argument : argument];
	long to = (long)from + (argument < 0 ? -step : step);

	if (to >= (long)count)
		to = (long)count - 1;
	return to < 0 ? 0 : (size_t)to;
}

static void move_selection(struct wf_top_state *state, int argument)
{
	const struct wf_top_conns *conns = &state->conns;
	int index = state->has_selected ? wf_top_conns_find(conns, state->selected) : -1;
	size_t to = index < 0 && (argument == 1 || argument == -1)
			    ? state->first
			    : moved(state, index < 0 ? state->first : (size_t)index, argument,
				    conns->count);

	if (!conns->count)
		return;
	state->has_selected = true;
	state->selected = conns->list[to].id;
	if (to < state->first)
		state->first = to;
	if (state->rows && to >= state->first + state->rows)
		state->first = to - state->rows + 1;
}

static void move_or_scroll(struct wf_top_state *state, int argument)
{
	if (state->view == WF_TOP_CONNECTIONS)
		move_selection(state, argument);
	else if (state->view == WF_TOP_INSIDE)
		state->first = moved(state, state->first, argument, state->lines);
}

/* ---- views ---- */

static void go_to(struct wf_top_state *state, enum wf_top_view view)
{
	state->view = view;
}

static void go_to_base(struct wf_top_state *state, enum wf_top_view base)
{
	if (state->base != base) {
		state->first = 0;
		state->base = base;
		wf_top_refresh(state);
	}
	state->view = base;
}

static void show_details(struct wf_top_state *state)
{
	if (state->view != WF_TOP_CONNECTIONS)
		go_to(state, state->base);
	else if (state->has_selected)
		go_to(state, WF_TOP_DETAILS_VIEW);
	else
		wf_top_say(state, true, "select a connection first, with Up and Down");
}

/* ---- keys ---- */

static void act(struct wf_top_state *state, const struct wf_top_key *key)
{
	switch (key->action) {
	case WF_TOP_QUIT:
		state->is_done = true;
		break;
	case WF_TOP_BACK:
		go_to(state, state->base);
		break;
	case WF_TOP_HELP:
		go_to(state, state->view == WF_TOP_HELP_VIEW ? state->base : WF_TOP_HELP_VIEW);
		break;
	case WF_TOP_OTHER_VIEW:
		go_to_base(state,
			   state->base == WF_TOP_INSIDE ? WF_TOP_CONNECTIONS : WF_TOP_INSIDE);
		break;
	case WF_TOP_PAUSE:
		state->is_paused = !state->is_paused;
		break;
	case WF_TOP_MOVE:
		move_or_scroll(state, key->argument);
		break;
	case WF_TOP_DETAILS:
		show_details(state);
		break;
	case WF_TOP_FILTER:
		go_to_base(state, WF_TOP_CONNECTIONS);
		begin_input(state, WF_TOP_FILTER_PROMPT);
		break;
	case WF_TOP_ORDER:
		go_to_base(state, WF_TOP_CONNECTIONS);
		set_order(state, (size_t)key->argument);
		break;
	case WF_TOP_ORDER_NAME:
		go_to_base(state, WF_TOP_CONNECTIONS);
		begin_input(state, WF_TOP_ORDER_PROMPT);
		break;
	case WF_TOP_SET_VERDICT:
		if (state->base == WF_TOP_CONNECTIONS && state->view != WF_TOP_HELP_VIEW)
			wf_top_set_verdict(state, (enum wf_top_verdict)key->argument);
		break;
	}
}

void wf_top_act(struct wf_top_state *state, int key)
{
	const struct wf_top_key *entry = wf_top_key_find(key);

	if (state->prompt) {
		edit(state, key);
		return;
	}
	state->message[0] = '\0';
	if (entry)
		act(state, entry);
}
