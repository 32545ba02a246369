/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * opts.h - reading sized option structs, of any version of the caller.
 */
#ifndef WF_API_OPTS_H
#define WF_API_OPTS_H

#include <weft/opts.h>

/*
 * Copy the caller's sized struct @opts into @ret_opts (of @size bytes), zero
 * where the caller's is shorter. NULL: all zero. Return: 0; -EINVAL: no size, or
 * a newer caller set something that we don't know (logged as "@name: ...").
 */
int wf_opts_copy(const char *name, const void *opts, size_t size, void *ret_opts);

/* Fill in defaults and check ranges. Return: 0; -EINVAL: logged with the range. */
int wf_opts_resolve(const struct weft_opts *opts, struct weft_opts *ret_opts);

#endif
