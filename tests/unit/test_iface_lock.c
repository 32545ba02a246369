// SPDX-License-Identifier: BSD-2-Clause
/* test_iface_lock.c - the lock of an interface, and a test of it that is not permitted. */
#include "unit/support/test.h"
#include "unit/support/reject_syscall.h"

#include <errno.h>
#include <limits.h>
#include <sys/wait.h>
#include <unistd.h>

#include "capture/hook/iface_lock.h"

/* Returns the index of an interface that does not exist, different for each process. */
static int some_ifindex(void)
{
	return INT_MAX - (int)getpid();
}

TEST(iface_lock_is_taken_until_its_descriptor_is_closed)
{
	int fd;

	assert_false(wf_iface_lock_is_taken(some_ifindex()));
	fd = wf_iface_lock_take(some_ifindex());
	assert_true(fd >= 0);
	assert_true(wf_iface_lock_is_taken(some_ifindex()));
	assert_int_equal(wf_iface_lock_take(some_ifindex()), -EBUSY);
	close(fd);
	assert_false(wf_iface_lock_is_taken(some_ifindex()));
}

/* A lock that can't be tested may be held: what its owner has attached must not be removed. */
TEST(iface_lock_that_cannot_be_tested_counts_as_taken)
{
	int status = -1;
	pid_t child = fork();

	if (child == 0)
		_exit(reject_syscall(SYS_connect, EACCES) ||
		      !wf_iface_lock_is_taken(some_ifindex()));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}
