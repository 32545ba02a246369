/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * opts.h - reads option structs whose size may be that of an older or newer version.
 */
#ifndef WF_API_OPTS_H
#define WF_API_OPTS_H

#include <weft/opts.h>
#include <weft/source.h>

/*
 * Copy the caller's sized struct @opts into @ret_opts (of @size bytes); what the caller's struct
 * is too short for becomes zero. NULL: all zero. Return: 0; -EINVAL: the struct has no size, or a
 * newer caller sets a member that this version does not know (logged as "@name: ...").
 */
int wf_opts_copy(const char *name, const void *opts, size_t size, void *ret_opts);

/* Copy @opts, fill in defaults and check ranges. Return: 0; -EINVAL: logged with the range. */
int wf_opts_resolve(const struct weft_opts *opts, struct weft_opts *ret_opts);
int wf_opts_resolve_interface(const struct weft_interface_opts *opts,
			      struct weft_interface_opts *ret_opts);

#endif
