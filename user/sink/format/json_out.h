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
#ifndef WF_SINK_FORMAT_JSON_OUT_H
#define WF_SINK_FORMAT_JSON_OUT_H

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

/* Begin a line, which is one object followed by a newline. */
void wf_json_line_begin(struct wf_json *json);

/* End the line. Return: true if it fits in the buffer; false if it did not fit and was removed. */
bool wf_json_line_end(struct wf_json *json);

/* Begin an object. @key: NULL inside an array, here and in the functions below. */
void wf_json_object_begin(struct wf_json *json, const char *key);

/* End the innermost open object. */
void wf_json_object_end(struct wf_json *json);

/* Begin an array. */
void wf_json_array_begin(struct wf_json *json, const char *key);

/* End the innermost open array. */
void wf_json_array_end(struct wf_json *json);

/* Each of these functions writes one value of the type that its name states. */
void wf_json_u64(struct wf_json *json, const char *key, uint64_t value);
void wf_json_bool(struct wf_json *json, const char *key, bool value);
void wf_json_text(struct wf_json *json, const char *key, const char *value);

/* Write @bytes as lower-case hexadecimal digits. */
void wf_json_hex(struct wf_json *json, const char *key, const uint8_t *bytes, size_t len);

/* Write @bytes in base64 (RFC 4648, 4). */
void wf_json_base64(struct wf_json *json, const char *key, const uint8_t *bytes, size_t len);

#endif
