/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * eve_names.h - the words of Suricata's EVE for values that weft names differently.
 */
#ifndef WF_SINK_FORMAT_EVE_NAMES_H
#define WF_SINK_FORMAT_EVE_NAMES_H

#include <weft/event.h>

/* Return flow.reason. EVE does not tell FIN, reset and silence apart: flow.state does. */
const char *wf_eve_reason(enum weft_close_reason reason);

/* Return flow.state: "bypassed" if the kernel bypassed an open connection when it ended. */
const char *wf_eve_flow_state(const struct weft_flow_record *record);

/* Return the event that Suricata reports for the same segment, or NULL if it has no such event. */
const char *wf_eve_anomaly(enum weft_anomaly kind);

#endif
