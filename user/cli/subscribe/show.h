/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * show.h - prints the events that `weft subscribe` receives, in one of several formats.
 *
 * Thread: main.
 */
#ifndef WF_CLI_SUBSCRIBE_SHOW_H
#define WF_CLI_SUBSCRIBE_SHOW_H

#include "cli/subscribe/show_format.h"

/* Return the format called @name; NULL if there is none. */
const struct wf_show_format *wf_show_format_find(const char *name);

/*
 * Print @event to wf_show.out if its type is in wf_show.events, and count it if it was printed. The
 * events that a DROP event covers are counted as lost, and reported on standard error.
 */
enum wf_show_result wf_show_event(struct wf_show *show, const struct weft_event *event);

/*
 * Write the buffered output to the file. Return: 0; negative errno, which is also in wf_show.err.
 */
int wf_show_flush(struct wf_show *show);

#endif
