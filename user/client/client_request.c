// SPDX-License-Identifier: BSD-2-Clause
/*
 * client_request.c - writes and reads the small part of JSON that a client needs, so that the
 * library depends on the C library only.
 *
 * The reader uses the known members of the outermost object, and skips all other values. The line
 * ends with NUL, and the reader never reads beyond the NUL.
 */
#include "client/client_request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the request ---- */

/* Names by enum weft_event_type; NULL: WEFT_EVENT_DROP, which is sent without a request. */
static const char *const requested_names[WEFT_EVENT_TYPE_COUNT] = {
	[WEFT_EVENT_OPEN] = "open",   [WEFT_EVENT_DATA] = "data",	[WEFT_EVENT_GAP] = "gap",
	[WEFT_EVENT_CLOSE] = "close", [WEFT_EVENT_ANOMALY] = "anomaly",
};

static const char *const dir_names[WEFT_DIR_COUNT] = {"toserver", "toclient"};

static const char *const overflow_names[] = {
	[WEFT_OVERFLOW_BLOCK] = "block",
	[WEFT_OVERFLOW_DROP_OLDEST] = "drop-oldest",
	[WEFT_OVERFLOW_DROP_NEWEST] = "drop-newest",
	[WEFT_OVERFLOW_BLOCK_WITH_TIMEOUT] = "block-with-timeout",
	[WEFT_OVERFLOW_RESIZE] = "resize",
};

static void put_text(FILE *out, const char *key, const char *value)
{
	if (!value)
		return;
	fprintf(out, ",\"%s\":\"", key);
	for (; *value; value++) {
		unsigned char c = (unsigned char)*value;

		if (c < 0x20)
			fprintf(out, "\\u%04x", c);
		else
			fprintf(out, "%s%c", c == '"' || c == '\\' ? "\\" : "", c);
	}
	fputc('"', out);
}

static void put_number(FILE *out, const char *key, uint64_t value)
{
	if (value)
		fprintf(out, ",\"%s\":%llu", key, (unsigned long long)value);
}

/* Write the names of the bits of @mask as an array. */
static void put_mask(FILE *out, const char *key, uint32_t mask, const char *const *names,
		     unsigned int count)
{
	const char *comma = "";

	if (!mask)
		return;
	fprintf(out, ",\"%s\":[", key);
	for (unsigned int i = 0; i < count; i++) {
		if (!(mask & 1u << i) || !names[i])
			continue;
		fprintf(out, "%s\"%s\"", comma, names[i]);
		comma = ",";
	}
	fputc(']', out);
}

char *wf_client_request_new(const struct weft_client_opts *opts)
{
	uint32_t needed = WEFT_EVENT_BIT(WEFT_EVENT_OPEN) | WEFT_EVENT_BIT(WEFT_EVENT_CLOSE);
	char *text = NULL;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	if (!out)
		return NULL;
	fprintf(out, "{\"command\":\"subscribe\",\"version\":%d", WEFT_CLIENT_VERSION);
	put_text(out, "name", opts->name);
	put_text(out, "filter", opts->filter);
	put_mask(out, "events", opts->events ? opts->events | needed : 0, requested_names,
		 WEFT_EVENT_TYPE_COUNT);
	put_mask(out, "directions", opts->directions, dir_names, WEFT_DIR_COUNT);
	if (opts->transport == WEFT_CLIENT_SHM)
		fputs(",\"shm\":true", out);
	put_text(out, "overflow", overflow_names[opts->overflow]);
	put_number(out, "block_timeout_ms", opts->block_timeout_ms);
	put_number(out, "first_bytes", opts->first_bytes);
	put_number(out, "queue_bytes", opts->queue_bytes);
	put_number(out, "queue_bytes_max", opts->queue_bytes_max);
	put_number(out, "queue_events", opts->queue_events);
	put_number(out, "idle_ttl_ms", opts->idle_ttl_ms);
	fputs("}\n", out);
	if (!fclose(out))
		return text;
	free(text);
	return NULL;
}

/* ---- the response ---- */

static const char *skip_space(const char *pos)
{
	return pos + strspn(pos, " \t\r\n");
}

/* Return the value of at most 4 hexadecimal digits; fewer if the text ends before. */
static unsigned int hex_of(const char *digits)
{
	char text[5] = "";

	memcpy(text, digits, strnlen(digits, 4));
	return (unsigned int)strtoul(text, NULL, 16);
}

/*
 * Return the character that replaces the escape sequence whose backslash is at @pos: a space for
 * white space, '?' for a character that is not printable ASCII.
 */
static char unescaped(const char *pos)
{
	unsigned int code;

	switch (pos[1]) {
	case 'n':
	case 't':
	case 'r':
	case 'b':
	case 'f':
		return ' ';
	case 'u':
		code = hex_of(pos + 2);
		return code >= 0x20 && code < 0x7f ? (char)code : '?';
	default:
		return pos[1];
	}
}

/*
 * Read the string at @pos, its first quotation mark. @ret_text: its text, truncated to @text_bytes,
 * with '?' for characters that are not printable ASCII; may be NULL. Return: the position after the
 * string; NULL if it has no end.
 */
static const char *read_string(const char *pos, char *ret_text, size_t text_bytes)
{
	size_t len = 0;

	for (pos++; *pos && *pos != '"'; pos++) {
		char c = *pos;

		if (c == '\\') {
			c = unescaped(pos);
			if (!*++pos)
				return NULL;
			if (*pos == 'u')
				pos += strnlen(pos + 1, 4);
		}
		if (ret_text && len + 1 < text_bytes)
			ret_text[len++] = (char)(c >= 0x20 && c < 0x7f ? c : '?');
	}
	if (ret_text)
		ret_text[len] = '\0';
	return *pos ? pos + 1 : NULL;
}

/* Return the position after the value at @pos; NULL if the value has no end. */
static const char *skip_value(const char *pos)
{
	unsigned int depth = 0;

	while (*pos) {
		if (*pos == '"') {
			pos = read_string(pos, NULL, 0);
			if (!pos)
				return NULL;
			continue;
		}
		if (!depth && (*pos == ',' || *pos == '}'))
			return pos;
		if (*pos == '{' || *pos == '[')
			depth++;
		else if (*pos == '}' || *pos == ']')
			depth--;
		pos++;
	}
	return NULL;
}

static bool is_true(const char *pos)
{
	return !strncmp(pos, "true", 4);
}

static const char *read_member(const char *pos, struct wf_client_response *response)
{
	char key[16];

	if (*pos != '"')
		return NULL;
	pos = read_string(pos, key, sizeof(key));
	if (!pos)
		return NULL;
	pos = skip_space(pos);
	if (*pos != ':')
		return NULL;
	pos = skip_space(pos + 1);
	if (!strcmp(key, "ok"))
		response->is_ok = is_true(pos);
	else if (!strcmp(key, "usage"))
		response->is_usage = is_true(pos);
	else if (!strcmp(key, "error") && *pos == '"')
		pos = read_string(pos, response->error, sizeof(response->error));
	return pos ? skip_value(pos) : NULL;
}

bool wf_client_response_read(const char *line, struct wf_client_response *ret_response)
{
	const char *pos = skip_space(line);

	*ret_response = (struct wf_client_response){.error = ""};
	if (*pos != '{')
		return false;
	do {
		pos = read_member(skip_space(pos + 1), ret_response);
	} while (pos && *pos == ',');
	return pos != NULL;
}
