/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * token.h - makes the token, a secret that a request needs to change something, and the file that
 * contains it.
 */
#ifndef WF_HTTP_WIRE_TOKEN_H
#define WF_HTTP_WIRE_TOKEN_H

#include "http/wire/guard.h"

struct wf_token {
	char text[WF_GUARD_TOKEN_CHARS + 1];
	const char *path; /* borrowed; NULL: no file was made */
	int fd;		  /* owned: the file; the user may have no permission to open it later */
};

/*
 * Make a random token, and write it to a new file at @path, which replaces an existing file. The
 * owner is the calling user. The group is @group, or that of root if there is no such group, and
 * the mode is 0640; if the caller may not set this group, the mode is 0600. Return: 0; negative
 * errno.
 */
int wf_token_make(const char *path, const char *group, struct wf_token *ret_token);

/* Remove the file, unless another file has replaced it. Nothing happens if no file was made. */
void wf_token_remove(struct wf_token *token);

#endif
