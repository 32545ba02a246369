/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * page.h - the files of the dashboard, which are part of the program.
 */
#ifndef WF_HTTP_PAGE_H
#define WF_HTTP_PAGE_H

#include <stddef.h>

/** struct wf_page - one file; all members are static */
struct wf_page {
	const char *path;
	const char *type;
	const char *begin;
	const char *end;
};

/* Return the file at @path; NULL if there is none. */
const struct wf_page *wf_page_find(const char *path);

#endif
