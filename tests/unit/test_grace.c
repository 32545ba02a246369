// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_grace.c - the wait for running BPF programs, on this kernel and on one that rejects
 * membarrier(2), as a kernel with nohz_full CPUs does. The call is made to fail in a child process.
 */
#include "unit/support/test.h"
#include "unit/support/reject_syscall.h"

#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/grace.h"

TEST(grace_try_succeeds_if_supported)
{
	if (!wf_grace_is_supported())
		skip();
	assert_int_equal(wf_grace_try(), 0);
}

/* Return 0 if a wait without membarrier(2) sleeps; otherwise the number of the failed check. */
static int wait_without_membarrier(void)
{
	uint64_t begin_ns;

	if (reject_syscall(SYS_membarrier, EINVAL))
		return 1;
	if (wf_grace_is_supported() || wf_grace_try() != -EINVAL)
		return 2;
	begin_ns = wf_clock_monotonic_ns();
	wf_grace_wait();
	return wf_clock_monotonic_ns() - begin_ns < WF_GRACE_SLEEP_NS ? 3 : 0;
}

TEST(grace_wait_sleeps_if_the_kernel_rejects_it)
{
	int status = -1;
	pid_t child = fork();

	if (child == 0)
		_exit(wait_without_membarrier());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}
