// SPDX-License-Identifier: BSD-2-Clause
/*
 * ack.c - acknowledgements of JetStream, and the subjects to which they are sent.
 *
 * The answer to a stored message is a short JSON object: {"stream":"WEFT","seq":17}. It is searched
 * for "seq", because a tree of objects for each message would cost more than publishing it. Answers
 * with an error are parsed as JSON.
 */
#include "sink/nats/ack.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "sink/format/text_out.h"

enum {
	ANSWER_BYTES_MAX = 512,
	/* error codes of JetStream for a message that it will never store */
	CODE_MESSAGE_TOO_LONG = 10054,
	CODE_HEADERS_TOO_LONG = 10097,
};

void wf_ack_inbox_new(char ret_inbox[WF_ACK_INBOX_BYTES])
{
	uint64_t random[2] = {0};

	getrandom(random, sizeof(random), 0);
	snprintf(ret_inbox, WF_ACK_INBOX_BYTES, "_INBOX.%016" PRIx64 "%016" PRIx64, random[0],
		 random[1]);
}

void wf_ack_subject(const char *inbox, struct wf_window_id id,
		    char ret_subject[WF_ACK_SUBJECT_BYTES])
{
	char *end = wf_text_put(wf_text_put(ret_subject, inbox), ".");

	end = wf_text_put(wf_text_put_u64(end, id.slot), ".");
	*wf_text_put_u64(end, id.use) = '\0';
}

/* Read a number that @end follows. Return: the position after @end; NULL if there is none. */
static const char *parse_u32(const char *text, char end, uint32_t *ret_value)
{
	unsigned long value;
	char *rest;

	if (*text < '0' || *text > '9')
		return NULL;
	value = strtoul(text, &rest, 10);
	if (*rest != end || value > UINT32_MAX)
		return NULL;
	*ret_value = (uint32_t)value;
	return rest + 1;
}

bool wf_ack_subject_parse(const char *subject, const char *inbox, struct wf_window_id *ret_id)
{
	size_t len = strlen(inbox);
	const char *rest;

	if (strncmp(subject, inbox, len) || subject[len] != '.')
		return false;
	rest = parse_u32(subject + len + 1, '.', &ret_id->slot);
	return rest && parse_u32(rest, '\0', &ret_id->use);
}

/* Return true if the object @text, which has no error, has a positive number after "seq":. */
static bool has_seq(const char *text)
{
	const char *seq = strstr(text, "\"seq\":");
	size_t digits;

	if (!seq || *text != '{')
		return false;
	seq += strlen("\"seq\":");
	seq += strspn(seq, " ");
	digits = strspn(seq, "0123456789");
	return *seq != '0' && digits && (seq[digits] == ',' || seq[digits] == '}');
}

static void parse_error(const char *text, struct wf_ack *ack)
{
	json_t *answer = json_loads(text, 0, NULL);
	const json_t *error = json_object_get(answer, "error");
	const char *description = json_string_value(json_object_get(error, "description"));

	ack->code = (unsigned int)json_integer_value(json_object_get(error, "err_code"));
	if (ack->code == CODE_MESSAGE_TOO_LONG || ack->code == CODE_HEADERS_TOO_LONG)
		ack->kind = WF_ACK_REFUSED;
	snprintf(ack->reason, sizeof(ack->reason), "%s",
		 description ? description : "the answer is not one of JetStream");
	json_decref(answer);
}

void wf_ack_parse(const char *body, size_t len, struct wf_ack *ret_ack)
{
	char text[ANSWER_BYTES_MAX];

	*ret_ack = (struct wf_ack){.kind = WF_ACK_REJECTED};
	if (len >= sizeof(text))
		len = sizeof(text) - 1;
	memcpy(text, body, len);
	text[len] = '\0';
	if (!strstr(text, "\"error\"") && has_seq(text))
		ret_ack->kind = WF_ACK_STORED;
	else
		parse_error(text, ret_ack);
}
