/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * screen.h - the terminal, through ncurses.
 */
#ifndef WF_CLI_TOP_SCREEN_H
#define WF_CLI_TOP_SCREEN_H

#include "cli/top/page.h"

/*
 * Take over the terminal of standard input and output. SIGINT, SIGTERM and SIGHUP no longer end the
 * process, but make *@ret_stop_fd readable, so that the caller can restore the terminal.
 * *@ret_wake_fd is readable if *@ret_stop_fd is readable or a key was pressed.
 *
 * Return: 0 on success; -ENOTTY if the type of the terminal is unknown; other negative errno.
 */
int wf_top_screen_open(int *ret_stop_fd, int *ret_wake_fd);

/* Restore the terminal. */
void wf_top_screen_close(void);

void wf_top_screen_size(size_t *ret_columns, size_t *ret_rows);

/* Show @page. */
void wf_top_screen_show(const struct wf_top_page *page);

/*
 * Wait for a key, a change of the size or a signal, at most @timeout_ms. Return: 0; -ECANCELED if a
 * signal asks to end, or the terminal is gone.
 */
int wf_top_screen_wait(unsigned int timeout_ms);

/* Return the next key that was pressed; -1: none. */
int wf_top_screen_key(void);

#endif
