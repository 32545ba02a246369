// SPDX-License-Identifier: BSD-2-Clause
/*
 * screen.c - the terminal, through ncurses.
 *
 * ncurses handles SIGWINCH. The signal is blocked except while waiting, so that none is missed
 * between drawing and waiting. ncurses also handles SIGTSTP: it restores the terminal while the
 * process is stopped.
 */
#include "cli/top/screen.h"

#include <curses.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

static SCREEN *screen;
static sigset_t waiting_mask; /* signals blocked while waiting */
static int stop_fd = -1;
static int wake_fd = -1;

static int block_signals(void)
{
	sigset_t ends, all;

	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGHUP);
	all = ends;
	sigaddset(&all, SIGWINCH);
	sigprocmask(SIG_BLOCK, &all, &waiting_mask);
	sigaddset(&waiting_mask, SIGINT);
	sigaddset(&waiting_mask, SIGTERM);
	sigaddset(&waiting_mask, SIGHUP);
	sigdelset(&waiting_mask, SIGWINCH);
	stop_fd = signalfd(-1, &ends, SFD_CLOEXEC);
	return stop_fd < 0 ? -errno : 0;
}

/* Open a descriptor that is readable if @stop_fd or standard input is. */
static int open_wake(void)
{
	struct epoll_event event = {.events = EPOLLIN};

	wake_fd = epoll_create1(EPOLL_CLOEXEC);
	if (wake_fd < 0 || epoll_ctl(wake_fd, EPOLL_CTL_ADD, stop_fd, &event) ||
	    epoll_ctl(wake_fd, EPOLL_CTL_ADD, STDIN_FILENO, &event))
		return -errno;
	return 0;
}

static void close_fds(void)
{
	if (wake_fd >= 0)
		close(wake_fd);
	if (stop_fd >= 0)
		close(stop_fd);
}

static void set_colors(void)
{
	const char *no_color = getenv("NO_COLOR");

	if ((no_color && *no_color) || !has_colors())
		return;
	start_color();
	use_default_colors();
	init_pair(WF_TOP_GOOD, COLOR_GREEN, -1);
	init_pair(WF_TOP_WARN, COLOR_YELLOW, -1);
	init_pair(WF_TOP_BAD, COLOR_RED, -1);
}

int wf_top_screen_open(int *ret_stop_fd, int *ret_wake_fd)
{
	int err = block_signals();

	if (!err)
		err = open_wake();
	if (err)
		goto close;
	screen = newterm(NULL, stdout, stdin);
	if (!screen) {
		err = -ENOTTY;
		goto close;
	}
	set_escdelay(25);
	cbreak();
	noecho();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	curs_set(0);
	set_colors();
	*ret_stop_fd = stop_fd;
	*ret_wake_fd = wake_fd;
	return 0;

close:
	close_fds();
	return err;
}

void wf_top_screen_close(void)
{
	endwin();
	delscreen(screen);
	close_fds();
}

void wf_top_screen_size(size_t *ret_columns, size_t *ret_rows)
{
	*ret_columns = (size_t)COLS;
	*ret_rows = (size_t)LINES;
}

static attr_t attributes_of(enum wf_top_style style)
{
	static const attr_t attributes[] = {
		[WF_TOP_PLAIN] = A_NORMAL,
		[WF_TOP_BOLD] = A_BOLD,
		[WF_TOP_TITLE] = A_BOLD | A_UNDERLINE,
		[WF_TOP_SELECTED] = A_REVERSE,
		[WF_TOP_GOOD] = A_NORMAL,
		[WF_TOP_WARN] = A_NORMAL,
		[WF_TOP_BAD] = A_BOLD,
	};

	/* Without colours, all pairs are those of the terminal. */
	return attributes[style] |
	       (style >= WF_TOP_GOOD ? (attr_t)COLOR_PAIR(style) : (attr_t)A_NORMAL);
}

void wf_top_screen_show(const struct wf_top_page *page)
{
	erase();
	for (size_t i = 0; i < page->count; i++) {
		attrset((int)attributes_of(page->lines[i].style));
		mvaddnstr((int)i, 0, page->lines[i].text, COLS);
	}
	attrset(A_NORMAL);
	refresh();
}

int wf_top_screen_wait(unsigned int timeout_ms)
{
	const struct timespec timeout = {.tv_sec = timeout_ms / 1000,
					 .tv_nsec = timeout_ms % 1000 * 1000000L};
	struct pollfd polls[] = {{.fd = stop_fd, .events = POLLIN},
				 {.fd = STDIN_FILENO, .events = POLLIN}};
	int ready = ppoll(polls, 2, &timeout, &waiting_mask);

	if (ready < 0)
		return errno == EINTR ? 0 : -ECANCELED;
	return polls[0].revents || polls[1].revents & (POLLHUP | POLLERR | POLLNVAL) ? -ECANCELED
										     : 0;
}

int wf_top_screen_key(void)
{
	int key = getch();

	return key == ERR ? -1 : key;
}
