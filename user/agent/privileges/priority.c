// SPDX-License-Identifier: BSD-2-Clause
#include "agent/privileges/priority.h"

#include <errno.h>
#include <sys/resource.h>

enum {
	NICE = -10,
	LIMIT = 20 - NICE, /* RLIMIT_NICE counts from nice 20 down, see getrlimit(2) */
};

bool wf_priority_raise(void)
{
	const struct rlimit limit = {.rlim_cur = LIMIT, .rlim_max = LIMIT};

	errno = 0;
	if (getpriority(PRIO_PROCESS, 0) || errno)
		return false;
	/* If this fails, only a process that keeps CAP_SYS_NICE can raise its priority again. */
	(void)!setrlimit(RLIMIT_NICE, &limit);
	return !setpriority(PRIO_PROCESS, 0, NICE);
}

void wf_priority_restore(void)
{
	setpriority(PRIO_PROCESS, 0, 0);
}
