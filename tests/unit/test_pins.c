// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_pins.c - pins that can't be made are reported; a directory that another process removes is
 * made again. The test program replaces system calls, and removes the directory in them.
 */
#include "unit/support/test.h"
#include "unit/support/reject_syscall.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "capture/live/pins.h"

static int open_without_sockets(void)
{
	struct wf_pins none;

	if (reject_syscall(SYS_socket, EMFILE))
		return 1;
	if (wf_pins_open(&none, "lo", NULL) != -EMFILE)
		return 2;
	return strstr(wf_log_last_error(), "lo: can't lock the interface: Too many") ? 0 : 3;
}

TEST(pins_open_reports_an_interface_that_cannot_be_locked)
{
	int status = -1;
	pid_t child = fork();

	if (child == 0)
		_exit(open_without_sockets());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

/* ---- another process, which ends, removes the directory ---- */

#define PARENT "/sys/fs/bpf/weft"

static struct wf_pins pins;
static int removals_before_open, removals_before_lock;

static void remove_dir(int *left)
{
	if (!*left)
		return;
	--*left;
	rmdir(pins.dir);
	rmdir(PARENT); /* fails while it has other entries */
}

#pragma GCC visibility push(default)
int mkdirat(int dir_fd, const char *name, mode_t mode)
{
	int result = (int)syscall(SYS_mkdirat, dir_fd, name, mode);

	remove_dir(&removals_before_open);
	return result;
}

int flock(int fd, int operation)
{
	remove_dir(&removals_before_lock);
	return (int)syscall(SYS_flock, fd, operation);
}
#pragma GCC visibility pop

static void assert_opened(int before_open, int before_lock)
{
	char name[32];
	struct stat made, named;

	if (geteuid())
		skip();
	/* The lock of the interface is one for each network namespace. */
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	snprintf(name, sizeof(name), "pins-%d", (int)getpid());
	removals_before_open = before_open;
	removals_before_lock = before_lock;
	assert_int_equal(wf_pins_open(&pins, name, NULL), 0);
	assert_int_equal(removals_before_open, 0);
	assert_int_equal(removals_before_lock, 0);
	assert_int_equal(fstat(pins.dir_fd, &made), 0);
	assert_int_equal(stat(pins.dir, &named), 0);
	assert_int_equal(made.st_ino, named.st_ino);
	wf_pins_close(&pins);
}

TEST(pins_directory_that_is_removed_before_it_is_opened_is_made_again)
{
	assert_opened(3, 0);
}

TEST(pins_directory_that_is_removed_before_it_is_locked_is_made_again)
{
	assert_opened(0, 3);
}
