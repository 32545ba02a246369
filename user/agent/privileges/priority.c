// SPDX-License-Identifier: BSD-2-Clause
#include "agent/privileges/priority.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/resource.h>

enum {
	NICE = -10,
	LIMIT = 20 - NICE, /* RLIMIT_NICE counts from nice 20 down, see getrlimit(2) */
};

static bool is_raised;

void wf_priority_raise(void)
{
	const struct rlimit limit = {.rlim_cur = LIMIT, .rlim_max = LIMIT};

	errno = 0;
	if (getpriority(PRIO_PROCESS, 0) || errno)
		return;
	/* If this fails, only a process that keeps CAP_SYS_NICE can raise its priority again. */
	(void)!setrlimit(RLIMIT_NICE, &limit);
	is_raised = !setpriority(PRIO_PROCESS, 0, NICE);
}

void wf_priority_restore(void)
{
	if (is_raised)
		setpriority(PRIO_PROCESS, 0, 0);
	is_raised = false;
}
