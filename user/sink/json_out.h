/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * json_out.h - writes JSON lines into a buffer, in one pass, without allocating memory.
 *
 * jansson is not used here, because allocating a tree of objects per connection would cost more
 * than all other work for a short connection. Keys are constants of weft and are not escaped;
 * values are escaped.
 *
 * A line that does not fit is removed as a whole: see wf_json_line_end().
 */
#ifndef WF_SINK_JSON_OUT_H
#define WF_SINK_JSON_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wf_json {
	char *bytes; /* borrowed */
	size_t room;
	size_t len;	   /* bytes written, including the current line */
	size_t line_begin; /* offset of the current line */
	bool comma;	   /* a comma is needed before the next value */
	bool full;	   /* the current line did not fit */
};

/*
 * Begin and end a line, which is one object followed by a newline. Return: true if the line fits;
 * false if it did not fit and was removed.
 */
void wf_json_line_begin(struct wf_json *json);
bool wf_json_line_end(struct wf_json *json);

/* Write a value or begin an array or object. @key: NULL inside an array. */
void wf_json_object_begin(struct wf_json *json, const char *key);
void wf_json_object_end(struct wf_json *json);
void wf_json_array_begin(struct wf_json *json, const char *key);
void wf_json_array_end(struct wf_json *json);
void wf_json_u64(struct wf_json *json, const char *key, uint64_t value);
void wf_json_bool(struct wf_json *json, const char *key, bool value);
void wf_json_text(struct wf_json *json, const char *key, const char *value);

/* Write @bytes as lower-case hexadecimal digits. */
void wf_json_hex(struct wf_json *json, const char *key, const uint8_t *bytes, size_t len);

#endif
