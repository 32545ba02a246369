/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ack.h - acknowledgements of JetStream, and the subjects to which they are sent.
 */
#ifndef WF_SINK_NATS_ACK_H
#define WF_SINK_NATS_ACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sink/nats/window.h"

enum {
	WF_ACK_INBOX_BYTES = 48, /* with its '\0' */
	WF_ACK_SUBJECT_BYTES = WF_ACK_INBOX_BYTES + 32,
	WF_ACK_REASON_BYTES = 160,
};

enum wf_ack_kind {
	WF_ACK_STORED = 0, /* the stream has stored the message, now or earlier */
	WF_ACK_REJECTED,   /* the message was not stored, and may be sent again */
	WF_ACK_REFUSED,	   /* the message will never be stored */
};

/**
 * struct wf_ack - the answer to a message
 * @code:	error code of JetStream; 0: none
 * @reason:	error of a message that was not stored
 */
struct wf_ack {
	enum wf_ack_kind kind;
	unsigned int code;
	char reason[WF_ACK_REASON_BYTES];
};

/* Write a new subject below which answers arrive: _INBOX. and 32 random hexadecimal digits. */
void wf_ack_inbox_new(char ret_inbox[WF_ACK_INBOX_BYTES]);

/* Write the subject for the answer to the message @id. */
void wf_ack_subject(const char *inbox, struct wf_window_id id,
		    char ret_subject[WF_ACK_SUBJECT_BYTES]);

/* Read the id from a subject below @inbox. Return: false if it has no such form. */
bool wf_ack_subject_parse(const char *subject, const char *inbox, struct wf_window_id *ret_id);

/* Read the body of an answer. Anything that is not an answer of JetStream counts as a rejection. */
void wf_ack_parse(const char *body, size_t len, struct wf_ack *ret_ack);

#endif
