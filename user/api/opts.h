/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * opts.h - reads option structs, which may have the size of an older or newer version.
 */
#ifndef WF_API_OPTS_H
#define WF_API_OPTS_H

#include <weft/opts.h>
#include <weft/source.h>

/*
 * Copy the caller's sized struct @opts into @ret_opts (@size bytes). Members beyond the end of the
 * caller's struct become zero. @opts NULL: all members become zero. Return: 0 on success; -EINVAL
 * if the member sz of @opts is too small, or if @opts sets a member that this version does not know
 * (logged as "@name: ...").
 */
int wf_opts_copy(const char *name, const void *opts, size_t size, void *ret_opts);

/*
 * Copy @opts, fill in the defaults and check the ranges. Return: 0 on success; -EINVAL if a value
 * is out of range (logged with the range), or if values contradict each other (logged).
 */
int wf_opts_resolve(const struct weft_opts *opts, struct weft_opts *ret_opts);
int wf_opts_resolve_interface(const struct weft_interface_opts *opts,
			      struct weft_interface_opts *ret_opts);

#endif
