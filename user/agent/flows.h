/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flows.h - the control commands "flows" and "flow": connections as JSON, and as a table.
 *
 *   {"command": "flows", "sort": "bytes", "count": 100, "filter": "tcp port 80"}
 *     → {"total", "flows": [{"src_ip", "src_port", "dest_ip", "dest_port", "proto", "flow_id",
 *        "interface", "worker", "tracked", "state", "start", "last",
 *        "toserver": {"packets", ..., "verdict"}, "toclient": {...}}...]}
 *   {"command": "flow", "verdict": "shunt", "from": "both", "src_ip": ..., "src_port": ...,
 *    "dest_ip": ..., "dest_port": ...}
 *     → {"verdict", "flows": how many}
 */
#ifndef WF_AGENT_FLOWS_H
#define WF_AGENT_FLOWS_H

#include <jansson.h>
#include <stdio.h>

#include "agent/control.h"

struct weft;

/* The answers; NULL: @ret_error tells. The caller owns the result. Thread: any. */
json_t *wf_flows_new(struct weft *weft, const json_t *request, struct wf_control_error *ret_error);
json_t *wf_flow_set_new(struct weft *weft, const json_t *request,
			struct wf_control_error *ret_error);

/* One line a connection. @flows: of wf_flows_new(); may lack anything. */
void wf_flows_print(const json_t *flows, FILE *out);

/* "bytes", "packets", ..., ended by NULL: what "sort" may be, by enum weft_flow_sort. */
extern const char *const wf_flows_sorts[];

#endif
