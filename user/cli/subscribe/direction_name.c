// SPDX-License-Identifier: BSD-2-Clause
/*
 * direction_name.c - names one direction of a connection.
 */
#include "cli/subscribe/direction_name.h"

#include <stdio.h>

char *wf_direction_name(const struct weft_flow *flow, enum weft_dir dir, char *ret_name)
{
	struct wf_stream_number number = {.number = flow->use,
					  .by_tenant = wf_stream_has_tenant(flow)};

	if (flow->ip_version)
		wf_stream_name(flow, dir, number, ret_name);
	else
		snprintf(ret_name, WF_DIRECTION_NAME_BYTES, "connection %llu %s",
			 (unsigned long long)flow->id,
			 dir == WEFT_TO_SERVER ? "toserver" : "toclient");
	return ret_name;
}
