/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signals.h - the signals that a run handles.
 *
 *   SIGINT, SIGTERM   stop gracefully: received data is delivered, records are written. Signals
 *                     that follow within a second count as the same one, because timeout(1) signals
 *                     both its child and the process group. A later one ends the process at once.
 *   SIGHUP            outputs are opened again (log rotation), and the configuration is read
 *                     again; stops the run like SIGTERM if the terminal is gone; ignored under
 *                     nohup(1)
 *   SIGPIPE           ignored: if the reader of an output closes a pipe, only that sink fails
 *   SIGUSR1, SIGUSR2  ignored
 *
 * Thread: main, except wf_signals_is_stopped(); signal handlers are per process.
 */
#ifndef WF_AGENT_SIGNALS_H
#define WF_AGENT_SIGNALS_H

#include <signal.h>
#include <stdbool.h>

struct weft;

enum { WF_SIGNALS_COUNT = 6 };

/** struct wf_signals - the signal actions before the run */
struct wf_signals {
	struct sigaction before[WF_SIGNALS_COUNT];
};

/* Install the handlers; restore the previous ones. */
void wf_signals_take(struct wf_signals *ret_signals);
void wf_signals_give_back(const struct wf_signals *signals);

/* Set the handle that a signal stops; NULL: none. Call with NULL before the handle is freed. */
void wf_signals_set_handle(struct weft *weft);

/* Return true if a signal has requested the end of the run. Thread: any. */
bool wf_signals_is_stopped(void);

/*
 * Return true if SIGHUP has requested to read the configuration and open the outputs again, and
 * clear the request.
 */
bool wf_signals_take_reopen(void);

#endif
