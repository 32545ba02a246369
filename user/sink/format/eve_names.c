// SPDX-License-Identifier: BSD-2-Clause
/*
 * eve_names.c - maps weft's values to the words of EVE.
 */
#include "sink/format/eve_names.h"

#include <stddef.h>

/* Suricata has only these reasons, and reports every other end of a connection as "forced". */
const char *wf_eve_reason(enum weft_close_reason reason)
{
	static const char *const names[WEFT_CLOSE_REASON_COUNT] = {
		[WEFT_CLOSE_FIN] = "timeout",	  [WEFT_CLOSE_RST] = "timeout",
		[WEFT_CLOSE_TIMEOUT] = "timeout", [WEFT_CLOSE_REUSED] = "tcp_reuse",
		[WEFT_CLOSE_END] = "shutdown",
	};
	const char *name = reason < WEFT_CLOSE_REASON_COUNT ? names[reason] : NULL;

	return name ? name : "forced";
}

const char *wf_eve_flow_state(const struct weft_flow_record *record)
{
	if (record->state != WEFT_FLOW_CLOSED &&
	    (record->bypassed[WEFT_TO_SERVER] || record->bypassed[WEFT_TO_CLIENT]))
		return "bypassed";
	return weft_flow_state_name(record->state);
}

const char *wf_eve_anomaly(enum weft_anomaly kind)
{
	static const char *const names[WEFT_ANOMALY_COUNT] = {
		[WEFT_ANOMALY_OVERLAP_CONFLICT] = "stream.reassembly_overlap_different_data",
		[WEFT_ANOMALY_DATA_OUT_OF_WINDOW] = "stream.est_packet_out_of_window",
		[WEFT_ANOMALY_ACK_OF_UNSENT] = "stream.pkt_invalid_ack",
		[WEFT_ANOMALY_PAWS] = "stream.pkt_invalid_timestamp",
		[WEFT_ANOMALY_DATA_BEFORE_START] = "stream.reassembly_segment_before_base_seq",
	};

	return kind < WEFT_ANOMALY_COUNT ? names[kind] : NULL;
}
