/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * say.h - one-line messages on stderr, also while a status line is shown.
 *
 * Thread: any, once wf_say_init() has run.
 */
#ifndef WF_CLI_SAY_H
#define WF_CLI_SAY_H

#include <stdbool.h>

/* Print the library's log on stderr. @quiet: print warnings and errors only. */
void wf_say_init(bool quiet, bool verbose);

/* Print an error as "weft: ...". */
void wf_say_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void wf_say_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * Show @text on the last line of the terminal until the next call; "" removes the line. Does
 * nothing if stderr is not a terminal or @quiet was set.
 */
void wf_say_status(const char *text);
bool wf_say_has_status(void);

#endif
