/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * suggest.h - finds the name that a user most likely misspelt.
 */
#ifndef WF_CONFIG_SUGGEST_H
#define WF_CONFIG_SUGGEST_H

#include <stddef.h>

/** struct wf_suggest - the nearest of the names offered so far; start with wf_suggest_init() */
struct wf_suggest {
	const char *wanted;  /* borrowed */
	const char *nearest; /* borrowed; NULL: none is near */
	size_t distance;
};

void wf_suggest_init(struct wf_suggest *suggest, const char *wanted);
void wf_suggest_offer(struct wf_suggest *suggest, const char *name);

/* "; did you mean 'nearest'?" or "", in @buf, which is returned. */
const char *wf_suggest_text(const struct wf_suggest *suggest, char *buf, size_t buf_bytes);

#endif
