/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * privileges.h - the capabilities that live capture needs.
 */
#ifndef WF_AGENT_PRIVILEGES_H
#define WF_AGENT_PRIVILEGES_H

#include <stddef.h>

/*
 * Check that this process may load XDP programs and open AF_XDP sockets. Return: 0 if it may;
 * -EPERM if not, with the names of the missing capabilities in @buf, separated by ", ".
 */
int wf_privileges_check(char *buf, size_t buf_bytes);

#endif
