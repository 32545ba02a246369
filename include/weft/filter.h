/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * filter.h - which connections a running live handle wants from now on.
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

/** struct weft_filter_opts - a whole filter: what is not set does not filter */
struct weft_filter_opts {
	size_t sz;
	const char *expression; /* tcpdump's syntax; NULL: everything */
	const uint16_t *ports;	/* the others as in struct weft_interface_opts */
	size_t ports_count;
	const struct weft_prefix *allow;
	size_t allow_count;
	const struct weft_prefix *deny;
	size_t deny_count;
	double sample; /* 0: all */
};
#define weft_filter_opts__last_field sample

/**
 * weft_filter_set() - replace the filter of all interfaces while they run
 * @opts: borrowed for the call
 *
 * All or nothing: each segment meets the old filter or the new one as a whole, in the kernel as
 * with each worker; first the workers change over, then the interfaces. Connections
 * that are not wanted any more end by their timeout.
 *
 * Return: 0; -EINVAL: the expression (logged), or a number; -ENODEV: no interface, or it does
 * not run; -EBUSY: another call takes too long; -ETIMEDOUT: a worker is too busy; others of the
 * kernel: then the old filter is in use as before. Thread: any.
 */
int weft_filter_set(struct weft *weft, const struct weft_filter_opts *opts);

WEFT_END_DECLS

#endif
