/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * filter.h - sets the filter of a handle before it starts, or replaces it while it runs.
 *
 * Ports, prefixes and sampling are checked in live capture by the BPF program in the kernel, and
 * for files and submitted packets in user space; the expression is always checked in user space.
 */
#ifndef WEFT_FILTER_H
#define WEFT_FILTER_H

#include <stddef.h>
#include <stdint.h>

#include <weft/api.h>
#include <weft/opts.h>

WEFT_BEGIN_DECLS

struct weft;

/** struct weft_filter_opts - a complete filter; a member that is 0 or NULL excludes no segment */
struct weft_filter_opts {
	size_t sz;
	const char *
		expression; /* filter expression in tcpdump's syntax; NULL: every segment matches */
	/* ports, allow and deny mean the same as in struct weft_interface_opts */
	const uint16_t *ports;
	size_t ports_count;
	const struct weft_prefix *allow;
	size_t allow_count;
	const struct weft_prefix *deny;
	size_t deny_count;
	double sample; /* share of the connections to capture, above 0, at most 1; 0: all
			  connections */
};
#define weft_filter_opts__last_field sample

/**
 * weft_filter_set() - replace the filter of all interfaces and workers
 * @opts: borrowed for the call
 *
 * The filter of a handle without interfaces may also be set before weft_start(). If the expression
 * is NULL in such a call, the one of struct weft_opts stays in use.
 *
 * The kernel and each worker apply either the complete old filter or the complete new one to a
 * segment. The filter of the workers is replaced first, then the filter of the interfaces.
 * Connections that the new filter excludes are closed by their idle timeout.
 *
 * Return: 0 on success; -EINVAL if the expression (logged) or a number is invalid; -ENODEV if the
 * handle has interfaces and was not started; -ESHUTDOWN if all workers have ended; -EBUSY if
 * another control call took too long; -ETIMEDOUT if a worker did not answer; -ENOMEM; another
 * negative errno of the kernel. After an error the old filter stays in use. Thread: any; in an
 * inline callback, the call waits for the other workers, but not for the callback's own. Memory:
 * the compiled expression.
 */
int weft_filter_set(struct weft *weft, const struct weft_filter_opts *opts);

/**
 * weft_filter_check() - check a filter expression in tcpdump's syntax; needs no handle
 * @reason: receives libpcap's error message if the expression is not valid; NULL if @reason_bytes
 *          is 0
 *
 * Return: 0 if it is valid; -EINVAL if not; -ENOMEM. Thread: any. Memory: the compiled expression,
 * during the call.
 */
int weft_filter_check(const char *expression, char *reason, size_t reason_bytes);

WEFT_END_DECLS

#endif
