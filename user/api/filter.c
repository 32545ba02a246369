// SPDX-License-Identifier: BSD-2-Clause
/*
 * filter.c - implements weft/filter.h.
 */
#include <weft/filter.h>

#include <errno.h>

#include "api/handle.h"
#include "api/last_error.h"
#include "api/opts.h"
#include "base/log.h"
#include "capture/file/pcap_filter.h"
#include "control/filter_set.h"

static bool are_prefixes(const struct weft_prefix *prefixes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (prefixes[i].bits > 128)
			return false;
	return count <= WEFT_FILTER_PREFIXES_MAX;
}

static int check_opts(const struct weft_filter_opts *opts)
{
	if (!(opts->sample < 0) && !(opts->sample > 1) &&
	    opts->ports_count <= WEFT_FILTER_PORTS_MAX &&
	    are_prefixes(opts->allow, opts->allow_count) &&
	    are_prefixes(opts->deny, opts->deny_count))
		return 0;
	wf_error("weft_filter_set: at most %d ports, %d prefixes of at most 128 bits, and a sample "
		 "from 0 to 1 are allowed",
		 WEFT_FILTER_PORTS_MAX, WEFT_FILTER_PREFIXES_MAX);
	return -EINVAL;
}

int weft_filter_set(struct weft *weft, const struct weft_filter_opts *opts)
{
	struct weft_filter_opts copy;
	int err;

	wf_api_begin();
	err = wf_opts_copy("weft_filter_opts", opts, sizeof(copy), &copy);
	if (!err)
		err = check_opts(&copy);
	if (!err)
		err = wf_engine_filter_set(weft->engine, &copy);
	return wf_api_end(weft, "weft_filter_set", err);
}

int weft_filter_check(const char *expression, char *reason, size_t reason_bytes)
{
	return wf_pcap_filter_check(expression, reason, reason_bytes);
}
