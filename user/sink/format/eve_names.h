/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * eve_names.h - maps values of weft to their names in Suricata's EVE.
 */
#ifndef WF_SINK_FORMAT_EVE_NAMES_H
#define WF_SINK_FORMAT_EVE_NAMES_H

#include <weft/event.h>

/*
 * Return flow.reason. It is "timeout" for FIN, reset and silence alike, as in Suricata;
 * flow.close_reason distinguishes these.
 */
const char *wf_eve_reason(enum weft_close_reason reason);

/* Return flow.state: "bypassed" if the kernel bypassed an open connection when it ended. */
const char *wf_eve_flow_state(const struct weft_flow_record *record);

/* Return the event that Suricata reports for the same segment, or NULL if it has no such event. */
const char *wf_eve_anomaly(enum weft_anomaly kind);

#endif
