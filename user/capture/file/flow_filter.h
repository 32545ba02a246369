/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flow_filter.h - a filter of connections in tcpdump's syntax: by addresses, ports and VLAN.
 *
 * In an expression, "src" is the side that opened the connection, "dst" the other side.
 *
 * Thread: any; a filter does not change.
 */
#ifndef WF_CAPTURE_FILE_FLOW_FILTER_H
#define WF_CAPTURE_FILE_FLOW_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include <weft/flow.h>

struct wf_flow_filter;

/* The headers of the packets that an expression tests. */
enum wf_flow_filter_headers {
	WF_FLOW_FILTER_IP = 0,
	/* as in a capture of an Ethernet interface: "vlan" tests the outer VLAN */
	WF_FLOW_FILTER_ETHERNET,
};

/*
 * Compile @expression. Return: 0; -EINVAL: it does not compile, or tests something that is not a
 * property of a connection (logged); -ENOMEM.
 */
int wf_flow_filter_new(const char *expression, enum wf_flow_filter_headers headers,
		       struct wf_flow_filter **ret_filter);
void wf_flow_filter_free(struct wf_flow_filter *filter);

/* Return the size of the filter's memory in bytes. */
uint64_t wf_flow_filter_bytes(const struct wf_flow_filter *filter);

/* Return true if a packet of @flow's client matches. Uses addresses, ports, VLAN and IP version. */
bool wf_flow_filter_match(const struct wf_flow_filter *filter, const struct weft_flow *flow);

#endif
