/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * seccomp_filter.h - a filter of system calls for all threads of this process.
 *
 * syscalls.def lists the calls that are allowed, and those that end the process with SIGSYS; the
 * kernel logs the number of such a call. Any other call is answered with ENOSYS.
 */
#ifndef WF_AGENT_PRIVILEGES_SECCOMP_FILTER_H
#define WF_AGENT_PRIVILEGES_SECCOMP_FILTER_H

#include <stdbool.h>

/**
 * struct wf_seccomp_opts - the calls that are allowed besides those that every run needs
 * @may_reopen:  the calls for opening an interface again
 * @may_connect: the calls for connecting to another host
 */
struct wf_seccomp_opts {
	bool may_reopen;
	bool may_connect;
};

/*
 * Install the filter for all threads of this process; it can't be removed. Return: 0; -ENOMEM;
 * other negative errno, such as if the kernel has no such filters. Thread: main.
 */
int wf_seccomp_install(const struct wf_seccomp_opts *opts);

/* Return true if this kernel has such filters. Thread: any. */
bool wf_seccomp_is_available(void);

#endif
