/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * eve_stats.h - the numbers of a `stats` event: those that Suricata has, in its objects and under
 * its names, and all metrics of weft.
 */
#ifndef WF_SINK_FORMAT_EVE_STATS_H
#define WF_SINK_FORMAT_EVE_STATS_H

struct weft;
struct wf_json;

/*
 * Write the objects of each module (capture, decoder, flow, defrag, flow_bypassed, tcp),
 * memcap_pressure, and the object weft with all metrics into the open object of @json.
 */
void wf_eve_stats_put(struct wf_json *json, const struct weft *weft);

#endif
