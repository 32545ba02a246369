/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flows.h - prints the response to the request "flows" as a table.
 *
 *   {"command": "flows", "sort": "bytes", "count": 100, "filter": "tcp port 80",
 *    "all": true if connections that have ended are listed, too}
 *     -> {"total", "flows": [{"src_ip", "src_port", "dest_ip", "dest_port", "proto", "flow_id",
 *         "community_id", "flow": {counts, named as in events}, "interface",
 * "worker", "tracked", "state", "start", "last", "toserver": {"packets", ..., "verdict"},
 * "toclient": {...}}...]}
 */
#ifndef WF_AGENT_FLOWS_H
#define WF_AGENT_FLOWS_H

#include <jansson.h>
#include <stdio.h>

/* Print a table of at most 80 columns with three lines per connection. @flows: the response;
 * members may be missing. */
void wf_flows_print(const json_t *flows, FILE *out);

#endif
