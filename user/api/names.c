// SPDX-License-Identifier: BSD-2-Clause
/*
 * names.c - how enum values are called in events.
 */
#include <weft/event.h>
#include <weft/flows.h>
#include <weft/pressure.h>

#include <stddef.h>

static const char *const close_reasons[WEFT_CLOSE_REASON_COUNT] = {
	[WEFT_CLOSE_FIN] = "fin",	  [WEFT_CLOSE_RST] = "rst",
	[WEFT_CLOSE_TIMEOUT] = "timeout", [WEFT_CLOSE_REUSED] = "reused",
	[WEFT_CLOSE_EVICTED] = "evicted", [WEFT_CLOSE_END] = "shutdown",
};

static const char *const flow_states[WEFT_FLOW_STATE_COUNT] = {
	[WEFT_FLOW_NEW] = "new",
	[WEFT_FLOW_ESTABLISHED] = "established",
	[WEFT_FLOW_CLOSED] = "closed",
};

static const char *const gap_causes[WEFT_GAP_CAUSE_COUNT] = {
	[WEFT_GAP_NOT_CAPTURED] = "not_captured",
	[WEFT_GAP_TIMEOUT] = "timeout",
	[WEFT_GAP_LIMIT] = "limit",
	[WEFT_GAP_MEMORY] = "memory",
	[WEFT_GAP_SNAPPED] = "snapped",
	[WEFT_GAP_CLOSED] = "closed",
	[WEFT_GAP_DEPTH] = "depth",
	[WEFT_GAP_SHUNTED] = "shunted",
};

static const char *const anomalies[WEFT_ANOMALY_COUNT] = {
	[WEFT_ANOMALY_OVERLAP_CONFLICT] = "overlap_conflict",
	[WEFT_ANOMALY_RST_OUT_OF_WINDOW] = "rst_out_of_window",
	[WEFT_ANOMALY_SYN_IN_CONNECTION] = "syn_in_connection",
	[WEFT_ANOMALY_DATA_OUT_OF_WINDOW] = "data_out_of_window",
	[WEFT_ANOMALY_ACK_OF_UNSENT] = "ack_of_unsent",
	[WEFT_ANOMALY_DATA_AFTER_FIN] = "data_after_fin",
	[WEFT_ANOMALY_PAWS] = "paws",
	[WEFT_ANOMALY_URGENT] = "urgent",
	[WEFT_ANOMALY_DATA_BEFORE_START] = "data_before_start",
};

static const char *const pressure_levels[WEFT_PRESSURE_LEVEL_COUNT] = {
	[WEFT_PRESSURE_NORMAL] = "normal",
	[WEFT_PRESSURE_LOW] = "low",
	[WEFT_PRESSURE_HIGH] = "high",
	[WEFT_PRESSURE_CRITICAL] = "critical",
};

static const char *const flow_verdicts[WEFT_FLOW_VERDICT_COUNT] = {
	[WEFT_FLOW_STEER] = "steer",
	[WEFT_FLOW_SHUNT] = "shunt",
	[WEFT_FLOW_PASS] = "pass",
	[WEFT_FLOW_SHED] = "shed",
};

static const char *name_of(const char *const *names, unsigned int count, unsigned int value)
{
	return value < count && names[value] ? names[value] : "unknown";
}

const char *weft_close_reason_name(enum weft_close_reason reason)
{
	return name_of(close_reasons, WEFT_CLOSE_REASON_COUNT, reason);
}

const char *weft_flow_state_name(enum weft_flow_state state)
{
	return name_of(flow_states, WEFT_FLOW_STATE_COUNT, state);
}

const char *weft_gap_cause_name(enum weft_gap_cause cause)
{
	return name_of(gap_causes, WEFT_GAP_CAUSE_COUNT, cause);
}

const char *weft_anomaly_name(enum weft_anomaly kind)
{
	return name_of(anomalies, WEFT_ANOMALY_COUNT, kind);
}

const char *weft_pressure_level_name(enum weft_pressure_level level)
{
	return name_of(pressure_levels, WEFT_PRESSURE_LEVEL_COUNT, level);
}

const char *weft_flow_verdict_name(enum weft_flow_verdict verdict)
{
	return name_of(flow_verdicts, WEFT_FLOW_VERDICT_COUNT, verdict);
}
