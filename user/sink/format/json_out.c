// SPDX-License-Identifier: BSD-2-Clause
/*
 * json_out.c - writes JSON (RFC 8259) front to back.
 */
#include "sink/format/json_out.h"

#include <string.h>

#include "sink/format/text_out.h"

static const char hex_digits[] = "0123456789abcdef";

static void put(struct wf_json *json, const char *bytes, size_t len)
{
	if (json->full || json->room - json->len < len) {
		json->full = true;
		return;
	}
	memcpy(json->bytes + json->len, bytes, len);
	json->len += len;
}

static void put_char(struct wf_json *json, char c)
{
	put(json, &c, 1);
}

static void put_escaped(struct wf_json *json, const char *text)
{
	put_char(json, '"');
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\') {
			put_char(json, '\\');
			put_char(json, (char)c);
		} else if (c < 0x20) {
			char code[6] = {
				'\\', 'u', '0', '0', hex_digits[c >> 4], hex_digits[c & 15]};

			put(json, code, sizeof(code));
		} else {
			put_char(json, (char)c);
		}
	}
	put_char(json, '"');
}

static void begin_value(struct wf_json *json, const char *key)
{
	if (json->comma)
		put_char(json, ',');
	json->comma = true;
	if (!key)
		return;
	put_char(json, '"');
	put(json, key, strlen(key));
	put(json, "\":", 2);
}

void wf_json_line_begin(struct wf_json *json)
{
	json->line_begin = json->len;
	json->comma = false;
	json->full = false;
	put_char(json, '{');
}

bool wf_json_line_end(struct wf_json *json)
{
	put(json, "}\n", 2);
	if (json->full)
		json->len = json->line_begin;
	return !json->full;
}

void wf_json_object_begin(struct wf_json *json, const char *key)
{
	begin_value(json, key);
	put_char(json, '{');
	json->comma = false;
}

void wf_json_object_end(struct wf_json *json)
{
	put_char(json, '}');
	json->comma = true;
}

void wf_json_array_begin(struct wf_json *json, const char *key)
{
	begin_value(json, key);
	put_char(json, '[');
	json->comma = false;
}

void wf_json_array_end(struct wf_json *json)
{
	put_char(json, ']');
	json->comma = true;
}

void wf_json_u64(struct wf_json *json, const char *key, uint64_t value)
{
	char digits[WF_TEXT_U64_BYTES];
	const char *end = wf_text_put_u64(digits, value);

	begin_value(json, key);
	put(json, digits, (size_t)(end - digits));
}

void wf_json_bool(struct wf_json *json, const char *key, bool value)
{
	begin_value(json, key);
	put(json, value ? "true" : "false", value ? 4 : 5);
}

void wf_json_text(struct wf_json *json, const char *key, const char *value)
{
	begin_value(json, key);
	put_escaped(json, value);
}

void wf_json_hex(struct wf_json *json, const char *key, const uint8_t *bytes, size_t len)
{
	begin_value(json, key);
	put_char(json, '"');
	for (size_t i = 0; i < len; i++) {
		put_char(json, hex_digits[bytes[i] >> 4]);
		put_char(json, hex_digits[bytes[i] & 15]);
	}
	put_char(json, '"');
}

void wf_json_base64(struct wf_json *json, const char *key, const uint8_t *bytes, size_t len)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	begin_value(json, key);
	put_char(json, '"');
	for (size_t i = 0; i < len; i += 3) {
		size_t left = len - i;
		uint32_t group = (uint32_t)bytes[i] << 16 |
				 (left > 1 ? (uint32_t)bytes[i + 1] << 8 : 0) |
				 (left > 2 ? bytes[i + 2] : 0);
		char code[4] = {
			digits[group >> 18],
			digits[group >> 12 & 63],
			left > 1 ? digits[group >> 6 & 63] : '=',
			left > 2 ? digits[group & 63] : '=',
		};

		put(json, code, sizeof(code));
	}
	put_char(json, '"');
}
