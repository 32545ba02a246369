/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stream_name.h - the name of the file of one direction:
 *
 *   SRCIP.SPORT-DSTIP.DPORT[@TENANT][#N]
 *
 * The colons of an IPv6 address are written as "_". TENANT is the VLAN ids, the VNI or both, such
 * as vlan10, vlan10.20, vni5 or vlan10.20.vni5.
 */
#ifndef WF_SINK_FORMAT_STREAM_NAME_H
#define WF_SINK_FORMAT_STREAM_NAME_H

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

/*
 * Return true if @name has the form of the names that wf_stream_name() writes. The values in it,
 * such as addresses, are not checked.
 */
bool wf_stream_name_is(const char *name);

/*
 * Read the addresses, ports, VLAN ids, VNI and use of a connection from @name, which
 * wf_stream_name() wrote for WEFT_TO_SERVER with the number flow.use, and with the tenant if the
 * connection has one. Other members of *ret_flow are 0. Return: false if wf_stream_name() would not
 * write exactly @name.
 */
bool wf_stream_name_parse(const char *name, struct weft_flow *ret_flow);

#endif
