/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * suggest.h - finds the name that a user most likely misspelt.
 */
#ifndef WF_CONFIG_SUGGEST_H
#define WF_CONFIG_SUGGEST_H

#include <stdbool.h>
#include <stddef.h>

/**
 * struct wf_suggest - the best of the names offered so far
 *
 * Initialise with wf_suggest_init().
 */
struct wf_suggest {
	const char *wanted;  /* borrowed */
	const char *nearest; /* borrowed; NULL: no name is similar */
	size_t distance;
	bool is_longer; /* nearest begins with the wanted name */
};

void wf_suggest_init(struct wf_suggest *suggest, const char *wanted);
void wf_suggest_offer(struct wf_suggest *suggest, const char *name);

/* Write "; did you mean 'nearest'?", or "" without a similar name, to @buf. Return: @buf. */
const char *wf_suggest_text(const struct wf_suggest *suggest, char *buf, size_t buf_bytes);

#endif
