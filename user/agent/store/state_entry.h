/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * state_entry.h - members of requests about the state store, and entries of it as JSON.
 *
 *   entry: {"key", "version", "time", "value"}, or {"key", "version", "time", "deleted": true}
 *
 * Functions that read a member report in @ret_error why it is wrong.
 */
#ifndef WF_AGENT_STORE_STATE_ENTRY_H
#define WF_AGENT_STORE_STATE_ENTRY_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "agent/request.h"
#include "state/record.h"

enum {
	WF_STATE_JSON_MAX_BYTES = 65536, /* length of a value as compact JSON */
	WF_STATE_JSON_MAX_DEPTH = 64,	 /* nesting depth of arrays and objects */
};

/* Return the member "key"; NULL if it is missing or not valid. */
const char *wf_state_read_key(const json_t *request, struct wf_control_error *ret_error);

/*
 * Return the text member @name, at most as long as a key, or "" if it is missing; NULL if it is
 * not valid.
 */
const char *wf_state_read_text(const json_t *request, const char *name,
			       struct wf_control_error *ret_error);

/*
 * Read the member @name, a number from @min to @max; if it is missing, *@ret_number stays as it is.
 * Return: false if it is not valid.
 */
bool wf_state_read_number(const json_t *request, const char *name, int64_t min, int64_t max,
			  uint64_t *ret_number, struct wf_control_error *ret_error);

/*
 * Return the member "value" as compact JSON, freed by the caller with free(); NULL if it is
 * missing, too long or nested too deep, or if there is no memory.
 */
char *wf_state_read_value(const json_t *request, struct wf_control_error *ret_error);

/* Return an entry, owned by the caller; NULL if there is no memory. */
json_t *wf_state_entry_new(const struct wf_record *record);

/*
 * Report that a call of the store failed with @err. @key: the key, or the name of what was
 * requested. Return: NULL.
 */
json_t *wf_state_refuse(struct wf_control_error *ret_error, const char *key, int err);

#endif
