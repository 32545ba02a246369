// SPDX-License-Identifier: BSD-2-Clause
/* test_pins.c - pins that can't be made are reported. */
#include "unit/support/test.h"
#include "unit/support/reject_syscall.h"

#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "capture/live/pins.h"

static int open_without_sockets(void)
{
	struct wf_pins pins;

	if (reject_syscall(SYS_socket, EMFILE))
		return 1;
	if (wf_pins_open(&pins, "lo", NULL) != -EMFILE)
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
