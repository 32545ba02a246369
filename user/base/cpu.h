/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cpu.h - finds the CPUs that the calling thread may use; pins and names the calling thread.
 */
#ifndef WF_BASE_CPU_H
#define WF_BASE_CPU_H

#include <stdint.h>

/* Return the number of CPUs that the calling thread may run on; at least 1. */
uint32_t wf_cpu_count(void);

/*
 * Return the number of the @nth CPU that the calling thread may run on. @nth counts from 0 and is
 * taken modulo the number of these CPUs. Return -1 if the CPUs are unknown.
 */
int wf_cpu_nth(uint32_t nth);

/* Pin the calling thread to @cpu. Return: 0 or negative errno. */
int wf_cpu_pin_thread(int cpu);

/*
 * Name the calling thread "@name-@index", as top and gdb show it. Longer names are truncated to 15
 * characters.
 */
void wf_cpu_name_thread(const char *name, uint32_t index);

#endif
