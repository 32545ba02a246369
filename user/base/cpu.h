/* SPDX-License-Identifier: BSD-2-Clause */
/* cpu.h - the CPUs that this process may use; pins and names the calling thread. */
#ifndef WF_BASE_CPU_H
#define WF_BASE_CPU_H

#include <stdint.h>

/* Return the number of CPUs that the process may run on; at least 1. */
uint32_t wf_cpu_count(void);

/*
 * Return the @nth CPU that the process may run on, from 0, modulo their number; -1 if it is
 * unknown.
 */
int wf_cpu_nth(uint32_t nth);

/* Keep the calling thread on @cpu. Return: 0 or negative errno. */
int wf_cpu_pin_thread(int cpu);

/* Name the calling thread "@name-@index" for top and gdb (15 characters are shown). */
void wf_cpu_name_thread(const char *name, uint32_t index);

#endif
