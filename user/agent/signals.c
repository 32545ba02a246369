// SPDX-License-Identifier: BSD-2-Clause
/*
 * signals.c - a table of the signals and their handlers.
 */
#include "agent/signals.h"

#include <poll.h>
#include <stdatomic.h>
#include <stdint.h>
#include <unistd.h>

#include <weft/weft.h>

#include "agent/control/clock.h"

/* Signals that follow the first one within this time count as the same one. */
#define SAME_SIGNAL_NS 1000000000u

/* handle that a signal stops; global, because a signal handler takes no context */
static struct weft *_Atomic handle;
static _Atomic uint64_t stopped_ns; /* time of the first signal that requested the end; 0: none */
static _Atomic bool wants_reopen;
static int terminal_fd = -1; /* the terminal in which weft was started; -1: none */

static void abort_run(void)
{
	static const char text[] = "weft: a second signal ended weft at once; data and records "
				   "that were not yet written are lost\n";

	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		_exit(1);
	/*
	 * The kernel detaches XDP programs and tcx links when their descriptors close; a tc filter
	 * without the heartbeat of its agent does nothing.
	 */
	_exit(1);
}

static void on_stop(int signo)
{
	struct weft *weft = atomic_load(&handle);
	uint64_t now_ns = wf_clock_now_ns();
	uint64_t first_ns = 0;

	if (!atomic_compare_exchange_strong(&stopped_ns, &first_ns, now_ns) &&
	    now_ns - first_ns > SAME_SIGNAL_NS)
		abort_run();
	if (weft)
		weft_stop(weft);
}

static bool is_terminal_gone(void)
{
	struct pollfd poll_fd = {.fd = terminal_fd};

	return terminal_fd >= 0 && poll(&poll_fd, 1, 0) > 0 &&
	       poll_fd.revents & (POLLHUP | POLLERR);
}

static void on_hangup(int signo)
{
	if (is_terminal_gone())
		on_stop(signo);
	else
		atomic_store(&wants_reopen, true);
}

static const struct {
	int signo;
	void (*handler)(int signo);
} run_signals[WF_SIGNALS_COUNT] = {
	{SIGINT, on_stop},  {SIGTERM, on_stop}, {SIGHUP, on_hangup},
	{SIGPIPE, SIG_IGN}, {SIGUSR1, SIG_IGN}, {SIGUSR2, SIG_IGN},
};

void wf_signals_take(struct wf_signals *ret_signals)
{
	atomic_store(&stopped_ns, 0);
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (isatty(fd))
			terminal_fd = fd;
	for (int i = 0; i < WF_SIGNALS_COUNT; i++) {
		struct sigaction action = {.sa_handler = run_signals[i].handler,
					   .sa_flags = SA_RESTART};

		/* A handler is not interrupted by another one. */
		sigfillset(&action.sa_mask);
		sigaction(run_signals[i].signo, NULL, &ret_signals->before[i]);
		/* Keep SIGHUP ignored under nohup(1). */
		if (run_signals[i].signo != SIGHUP || ret_signals->before[i].sa_handler != SIG_IGN)
			sigaction(run_signals[i].signo, &action, NULL);
	}
}

void wf_signals_give_back(const struct wf_signals *signals)
{
	for (int i = 0; i < WF_SIGNALS_COUNT; i++)
		sigaction(run_signals[i].signo, &signals->before[i], NULL);
}

void wf_signals_set_handle(struct weft *weft)
{
	atomic_store(&handle, weft);
}

bool wf_signals_is_stopped(void)
{
	return atomic_load(&stopped_ns) > 0;
}

bool wf_signals_take_reopen(void)
{
	return atomic_exchange(&wants_reopen, false);
}
