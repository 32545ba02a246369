// SPDX-License-Identifier: BSD-2-Clause
/*
 * refresh.c - sends requests to the agent, and passes the responses to model.c and conns.c.
 */
#include "cli/top/refresh.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "agent/control/clock.h"
#include "cli/ask/ask.h"

void wf_top_say(struct wf_top_state *state, bool is_error, const char *format, ...)
{
	va_list args;

	state->is_error = is_error;
	va_start(args, format);
	vsnprintf(state->message, sizeof(state->message), format, args);
	va_end(args);
}

/*
 * Send @request and release it. Return: WF_EXIT_DONE, with *@ret_answer owned by the caller; on
 * failure, the exit status for it.
 */
static int ask(const struct wf_top_state *state, json_t *request, int stop_fd, json_t **ret_answer,
	       struct wf_control_error *ret_error)
{
	int status = wf_ask_quietly(state->options, request, stop_fd, ret_answer, ret_error);

	json_decref(request);
	return status;
}

static uint64_t now_ms(void)
{
	return wf_clock_now_ns() / 1000000;
}

static void take_stats(struct wf_top_state *state, const json_t *answer)
{
	wf_top_model_stats(&state->model, answer);
}

static void take_health(struct wf_top_state *state, const json_t *answer)
{
	wf_top_model_health(&state->model, answer);
}

static void take_workers(struct wf_top_state *state, const json_t *answer)
{
	wf_top_model_workers(&state->model, answer, now_ms());
}

static void take_memory(struct wf_top_state *state, const json_t *answer)
{
	wf_top_model_memory(&state->model, answer);
}

static void take_flows(struct wf_top_state *state, const json_t *answer)
{
	wf_top_conns_take(&state->conns, answer, state->order, now_ms());
}

json_t *wf_top_flows_request(const char *filter, size_t order)
{
	return json_pack("{sssssssi}", "command", "flows", "sort", wf_top_orders[order].agent,
			 "filter", filter, "count", WF_TOP_CONNS_MAX);
}

/*
 * Send @request, release it, and call @fn with the answer. Return: false if there is no answer:
 * state->is_gone or state->is_stale is then set.
 */
static bool take(struct wf_top_state *state, json_t *request,
		 void (*fn)(struct wf_top_state *state, const json_t *answer))
{
	struct wf_control_error error;
	json_t *answer;

	if (ask(state, request, state->wake_fd, &answer, &error)) {
		state->is_stale = error.err == -ECANCELED;
		if (!state->is_stale) {
			state->is_gone = true;
			wf_top_text(state->gone, sizeof(state->gone), error.text);
		}
		return false;
	}
	state->is_gone = false;
	state->is_stale = false;
	fn(state, answer);
	json_decref(answer);
	return true;
}

void wf_top_refresh(struct wf_top_state *state)
{
	bool has_answer = take(state, json_pack("{ss}", "command", "stats"), take_stats) &&
			  take(state, json_pack("{ss}", "command", "health"), take_health);

	if (has_answer && state->base == WF_TOP_CONNECTIONS)
		take(state, wf_top_flows_request(state->filter, state->order), take_flows);
	else if (has_answer)
		has_answer = take(state, json_pack("{ss}", "command", "workers"), take_workers) &&
			     take(state, json_pack("{ss}", "command", "memory"), take_memory);
}

void wf_top_set_filter(struct wf_top_state *state, const char *filter)
{
	struct wf_control_error error;
	json_t *answer;

	if (ask(state, wf_top_flows_request(filter, state->order), state->stop_fd, &answer,
		&error)) {
		wf_top_say(state, true, "%s", error.text);
		return;
	}
	snprintf(state->filter, sizeof(state->filter), "%s", filter);
	state->first = 0;
	take_flows(state, answer);
	json_decref(answer);
}

void wf_top_set_verdict(struct wf_top_state *state, enum wf_top_verdict verdict)
{
	int index = state->has_selected ? wf_top_conns_find(&state->conns, state->selected) : -1;
	const struct wf_top_conn *conn = &state->conns.list[index < 0 ? 0 : index];
	bool is_bypass = verdict == WF_TOP_BYPASS;
	struct wf_control_error error;
	json_t *answer;

	if (index < 0) {
		wf_top_say(state, true, "select a connection first, with Up and Down");
		return;
	}
	if (ask(state,
		json_pack("{sssssssisssi}", "command", "flow", "verdict",
			  is_bypass ? "shunt" : "steer", "src_ip", conn->src_ip, "src_port",
			  conn->src_port, "dest_ip", conn->dest_ip, "dest_port", conn->dest_port),
		state->stop_fd, &answer, &error)) {
		wf_top_say(state, true, "%s", error.text);
		return;
	}
	json_decref(answer);
	wf_top_say(state, false, "%s: %s > %s", is_bypass ? "bypassed (r resumes)" : "resumed",
		   conn->client, conn->server);
	take(state, wf_top_flows_request(state->filter, state->order), take_flows);
}
