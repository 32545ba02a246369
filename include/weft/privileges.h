/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * privileges.h - gives up the privileges of a process that captures from interfaces.
 *
 * weft_start() first does everything that needs privileges: it loads and attaches BPF programs,
 * pins maps, and opens sockets and files. It then calls the function that was set with
 * weft_before_threads(), and creates its threads after that. So the function can change the user,
 * drop capabilities and install a seccomp filter for all threads of the handle, and no packet is
 * parsed before.
 */
#ifndef WEFT_PRIVILEGES_H
#define WEFT_PRIVILEGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weft/api.h>
#include <weft/limits.h>

WEFT_BEGIN_DECLS

struct weft;

/**
 * struct weft_needs - the privileges that a handle needs until weft_free()
 * @capabilities: bits (1 << CAP_NAME), see capabilities(7). CAP_NET_ADMIN: host mode is attached by
 *                tc filters, which are removed at the end; 0: none. A handle that needs none also
 *                works without the right to create BPF maps, since Linux 5.19
 * @dir_fds:      directories from which the handle removes its pins at the end, so a process that
 *                changes its user should give them to that user with fchown(); lent for the call
 * @dir_fds_count: number of descriptors in @dir_fds
 * @has_host_mode: an interface is captured in host mode, so other programs share the CPUs with weft
 */
struct weft_needs {
	uint64_t capabilities;
	int dir_fds[2 * WEFT_INTERFACES_MAX];
	size_t dir_fds_count;
	bool has_host_mode;
};

/**
 * weft_before_threads_fn - give up privileges
 * @needs: lent for the call
 * @ctx:   as given to weft_before_threads()
 *
 * It must not call other functions of the library. Return: 0; a negative errno, with which
 * weft_start() then fails. Thread: that of weft_start().
 */
typedef int (*weft_before_threads_fn)(const struct weft_needs *needs, void *ctx);

/**
 * weft_before_threads() - set the function that weft_start() calls before it creates a thread
 * @fn: NULL: no function, which is the default
 *
 * Return: 0 on success; -EBUSY if the handle was started; -ETIMEDOUT if other control calls took
 * too long. Thread: any, before weft_start(). Memory: none.
 */
int weft_before_threads(struct weft *weft, weft_before_threads_fn fn, void *ctx);

WEFT_END_DECLS

#endif
