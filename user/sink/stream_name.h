/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stream_name.h - the name of the file of one direction:
 *
 *   SRCIP.SPORT-DSTIP.DPORT[@TENANT][#N]    TENANT: vlan10, vlan10.20, vni5 or vlan10.vni5
 */
#ifndef WF_SINK_STREAM_NAME_H
#define WF_SINK_STREAM_NAME_H

#include <stdbool.h>
#include <stddef.h>

#include <weft/flow.h>

#define WF_STREAM_NAME_BYTES 160

/* The parts of a name that distinguish connections with the same addresses and ports. */
struct wf_stream_number {
	uint32_t number; /* appended as "#N" if it is 2 or more */
	bool by_tenant;	 /* append the VLAN ids and the VNI of the connection */
};

/* Return true if @flow is in a VLAN or in a tunnel with an identifier. */
static inline bool wf_stream_has_tenant(const struct weft_flow *flow)
{
	return flow->vlan[0] || flow->vni;
}

/* Write the name of a stream file to @ret_name (WF_STREAM_NAME_BYTES bytes). */
void wf_stream_name(const struct weft_flow *flow, enum weft_dir dir, struct wf_stream_number number,
		    char *ret_name);

/* Return true if wf_stream_name() could have produced @name. */
bool wf_stream_name_is(const char *name);

#endif
