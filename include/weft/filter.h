/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * filter.h - replaces the filter of a running live handle.
 *
 * Ports, prefixes and sampling are checked in the kernel (XDP), the expression in user space.
 */
#ifndef WEFT_FILTER_H
#define WEFT_FILTER_H

#include <stddef.h>
#include <stdint.h>

#include <weft/api.h>
#include <weft/opts.h>

WEFT_BEGIN_DECLS

struct weft;

/** struct weft_filter_opts - a whole filter; a member that is 0 or NULL excludes nothing */
struct weft_filter_opts {
	size_t sz;
	const char *expression; /* tcpdump's syntax; NULL: everything */
	const uint16_t *ports;	/* this and the next member: as in struct weft_interface_opts */
	size_t ports_count;
	const struct weft_prefix *allow;
	size_t allow_count;
	const struct weft_prefix *deny;
	size_t deny_count;
	double sample; /* share of connections, 0 to 1; 0: all */
};
#define weft_filter_opts__last_field sample

/**
 * weft_filter_set() - replace the filter of all interfaces and workers
 * @opts: borrowed for the call
 *
 * The kernel, and each worker, applies either the old filter or the new one to a segment, as a
 * whole. The workers change over first, then the interfaces. Connections that the new filter
 * excludes end by their timeout.
 *
 * Return: 0; -EINVAL: the expression (logged) or a number is invalid; -ENODEV: the handle has no
 * interface or does not run; -EBUSY: another call took too long; -ETIMEDOUT: a worker did not
 * answer; -ENOMEM; another errno of the kernel. After an error the old filter stays in use.
 * Thread: any. Memory: the compiled expression.
 */
int weft_filter_set(struct weft *weft, const struct weft_filter_opts *opts);

WEFT_END_DECLS

#endif
