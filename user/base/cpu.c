// SPDX-License-Identifier: BSD-2-Clause
#include "base/cpu.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <sys/prctl.h>

uint32_t wf_cpu_count(void)
{
	cpu_set_t cpus;

	if (sched_getaffinity(0, sizeof(cpus), &cpus))
		return 1;
	return CPU_COUNT(&cpus) > 0 ? (uint32_t)CPU_COUNT(&cpus) : 1;
}

int wf_cpu_nth(uint32_t nth)
{
	cpu_set_t cpus;
	uint32_t skip = nth % wf_cpu_count();

	if (sched_getaffinity(0, sizeof(cpus), &cpus))
		return -1;
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &cpus) && skip-- == 0)
			return cpu;
	return -1;
}

int wf_cpu_pin_thread(int cpu)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET((unsigned int)cpu, &cpus);
	return sched_setaffinity(0, sizeof(cpus), &cpus) ? -errno : 0;
}

void wf_cpu_name_thread(const char *name, uint32_t index)
{
	char full[16];

	snprintf(full, sizeof(full), "%s-%u", name, index);
	prctl(PR_SET_NAME, full, 0, 0, 0);
}
