/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cpu.h - which processors this process may use, and the calling thread's place and name.
 */
#ifndef WF_BASE_CPU_H
#define WF_BASE_CPU_H

#include <stdint.h>

/* How many CPUs the process may run on; at least 1. */
uint32_t wf_cpu_count(void);

/* The @nth of them, counting from 0 and around; -1 if that can't be known. */
int wf_cpu_nth(uint32_t nth);

/* Keep the calling thread on @cpu. Return: 0 or negative errno. */
int wf_cpu_pin_thread(int cpu);

/* Name the calling thread "@name-@index" for top and gdb (15 characters are shown). */
void wf_cpu_name_thread(const char *name, uint32_t index);

#endif
