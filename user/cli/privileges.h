/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * privileges.h - the capabilities that live capture needs.
 */
#ifndef WF_CLI_PRIVILEGES_H
#define WF_CLI_PRIVILEGES_H

#include <stddef.h>
#include <stdint.h>

/*
 * Check that this process may load XDP programs, open AF_XDP sockets and lock @locked_bytes of
 * memory. Return: 0 if it may; -EPERM if not, with the reason and a remedy in @buf.
 */
int wf_privileges_check(uint64_t locked_bytes, char *buf, size_t buf_bytes);

#endif
