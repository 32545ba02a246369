/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * say.h - one-line messages on stderr, also while a status line is shown.
 *
 * Thread: any, once wf_say_init() has run.
 */
#ifndef WF_CLI_SAY_H
#define WF_CLI_SAY_H

#include <stdbool.h>

/*
 * Print the library's log on stderr from now on. @quiet: without notes and the status line, only
 * warnings and errors. @verbose: also messages for debugging.
 */
void wf_say_init(bool quiet, bool verbose);

/* Print a line that begins with "weft: "; a note is not printed if quiet was set. */
void wf_say_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void wf_say_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * Show @text on the last line of the terminal until the next call; "" removes the line. The call
 * has no effect if wf_say_has_status() returns false.
 */
void wf_say_status(const char *text);

/* Return true if a status line can be shown: stderr is a terminal, and quiet was not set. */
bool wf_say_has_status(void);

#endif
