/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * privileges.h - what live capture may not do without.
 */
#ifndef WF_AGENT_PRIVILEGES_H
#define WF_AGENT_PRIVILEGES_H

#include <stddef.h>

/*
 * Is this process allowed to load XDP programs and open AF_XDP sockets?
 * Return: 0; -EPERM: @buf names the missing capabilities, separated by ", ".
 */
int wf_privileges_check(char *buf, size_t buf_bytes);

#endif
