/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flows.h - prints the response to the request "flows" as a table.
 *
 *   {"command": "flows", "sort": "bytes", "count": 100, "filter": "tcp port 80",
 *    "all": true if connections that have ended are listed, too}
 *     -> {"total", "flows": [{"src_ip", "src_port", "dest_ip", "dest_port", "proto", "flow_id",
 *         "community_id", "flow": {counts, named as in events}, "interface", "worker",
 *         "tracked", "midstream", "state", "start", "last",
 *         "toserver": {"packets", ..., "verdict"}, "toclient": {...}, "vlan": [ID...], "vni"}...]}
 *
 * "flow_id" is missing if no worker tracks the connection; "vlan" and "vni" are missing if it has
 * none.
 */
#ifndef WF_AGENT_VIEW_FLOWS_H
#define WF_AGENT_VIEW_FLOWS_H

#include <jansson.h>
#include <stdio.h>

/*
 * Print a table of at most 80 columns with three lines per connection, or five lines if addresses
 * and state do not fit on one. @flows: the response; members may be missing.
 */
void wf_flows_print(const json_t *flows, FILE *out);

/*
 * Write an endpoint of @flow, an object in the list "flows" of the response, to @buf: "10.0.0.1:80"
 * or "[fe80::1]:80". @ip, @port: names of the members of @flow with the address and the port.
 */
void wf_flow_endpoint(const json_t *flow, const char *ip, const char *port, char *buf, size_t size);

/*
 * Write the VLAN ids and the VNI of @flow, which may be all that distinguishes two connections, to
 * @text (at least 40 bytes): "vlan 5.6, vni 7, "; "" if it has none.
 */
void wf_flow_tenant(const json_t *flow, char *text, size_t size);

#endif
