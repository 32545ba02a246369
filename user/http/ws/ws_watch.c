// SPDX-License-Identifier: BSD-2-Clause
/*
 * ws_watch.c - polls the agent for the changes of the watches of a WebSocket.
 *
 *   {"id":2,"change":{entry}}   {"id":2,"lost":true}   {"id":2,"error":"watch: why it has ended"}
 *
 * One message may have both "change" and "lost".
 */
#include "http/ws/ws_watch.h"

#include <stdio.h>

#define COMMAND "state_watch"

/* Send @request, which is taken. Return: the answer, owned by the caller; NULL: @ret_error. */
static json_t *ask(const struct wf_http_opts *opts, json_t *request,
		   struct wf_control_error *ret_error)
{
	json_t *answer;

	*ret_error = (struct wf_control_error){.text = "watch: out of memory"};
	answer = request ? opts->answer(COMMAND, request, ret_error, opts->answer_ctx) : NULL;
	json_decref(request);
	return answer;
}

int wf_ws_watches_add(struct wf_ws_watches *watches, const struct wf_http_opts *opts, uint32_t id,
		      const char *prefix, struct wf_control_error *ret_error)
{
	json_t *answer;

	if (watches->count == WF_HTTP_WATCHES_MAX) {
		snprintf(ret_error->text, sizeof(ret_error->text),
			 "watch: a WebSocket has at most %d watches", WF_HTTP_WATCHES_MAX);
		return -1;
	}
	answer = ask(opts,
		     json_pack("{sssssi}", "command", COMMAND, "prefix", prefix, "queue",
			       WF_HTTP_WATCH_CHANGES),
		     ret_error);
	if (!answer)
		return -1;
	watches->list[watches->count++] = (struct wf_ws_watch){
		.id = id, .number = json_integer_value(json_object_get(answer, "watch"))};
	json_decref(answer);
	return 0;
}

static size_t find(const struct wf_ws_watches *watches, uint32_t id)
{
	size_t i = 0;

	while (i < watches->count && watches->list[i].id != id)
		i++;
	return i;
}

bool wf_ws_watches_has(const struct wf_ws_watches *watches, uint32_t id)
{
	return find(watches, id) < watches->count;
}

void wf_ws_watches_remove(struct wf_ws_watches *watches, const struct wf_http_opts *opts,
			  uint32_t id)
{
	struct wf_ws_watch *watch = &watches->list[find(watches, id)];
	struct wf_control_error error;

	/* The answer is ignored: the request fails if the watch has already ended. */
	json_decref(ask(
		opts, json_pack("{sssIsb}", "command", COMMAND, "watch", watch->number, "close", 1),
		&error));
	*watch = watches->list[--watches->count];
}

void wf_ws_watches_clear(struct wf_ws_watches *watches, const struct wf_http_opts *opts)
{
	while (watches->count)
		wf_ws_watches_remove(watches, opts, watches->list[0].id);
}

/* Return the next message of @watch; NULL if there is none. *@ret_is_ended: the watch has ended. */
static json_t *take(const struct wf_ws_watch *watch, const struct wf_http_opts *opts,
		    bool *ret_is_ended)
{
	struct wf_control_error error;
	json_t *message = NULL;
	json_t *change;
	json_t *answer = ask(
		opts, json_pack("{sssIsi}", "command", COMMAND, "watch", watch->number, "limit", 1),
		&error);

	*ret_is_ended = !answer;
	if (!answer)
		return json_pack("{sIss}", "id", (json_int_t)watch->id, "error", error.text);
	change = json_array_get(json_object_get(answer, "changes"), 0);
	if (change)
		message = json_pack("{sIsO}", "id", (json_int_t)watch->id, "change", change);
	else if (json_is_true(json_object_get(answer, "lost")))
		message = json_pack("{sI}", "id", (json_int_t)watch->id);
	if (message && json_is_true(json_object_get(answer, "lost")))
		json_object_set_new(message, "lost", json_true());
	json_decref(answer);
	return message;
}

json_t *wf_ws_watches_take(struct wf_ws_watches *watches, const struct wf_http_opts *opts)
{
	for (size_t left = watches->count; left; left--) {
		size_t i = watches->next++ % watches->count;
		bool is_ended;
		json_t *message = take(&watches->list[i], opts, &is_ended);

		/*
		 * The failure may be temporary, and the watch still be in the store: remove it, so
		 * that it does not stay there until its TTL.
		 */
		if (is_ended)
			wf_ws_watches_remove(watches, opts, watches->list[i].id);
		if (message)
			return message;
	}
	return NULL;
}
