// SPDX-License-Identifier: BSD-2-Clause
/*
 * filter.c - implements weft/filter.h.
 */
#include <weft/filter.h>

#include <errno.h>

#include "api/handle.h"
#include "api/opts.h"
#include "control/filter_set.h"

static bool are_prefixes(const struct weft_prefix *prefixes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (prefixes[i].bits > 128)
			return false;
	return count <= WEFT_FILTER_PREFIXES_MAX;
}

int weft_filter_set(struct weft *weft, const struct weft_filter_opts *opts)
{
	struct weft_filter_opts copy;
	int err = wf_opts_copy("weft_filter_opts", opts, sizeof(copy), &copy);

	if (err)
		return err;
	if (copy.sample < 0 || copy.sample > 1 || copy.ports_count > WEFT_FILTER_PORTS_MAX ||
	    !are_prefixes(copy.allow, copy.allow_count) ||
	    !are_prefixes(copy.deny, copy.deny_count))
		return -EINVAL;
	return wf_engine_filter_set(weft->engine, &copy);
}
