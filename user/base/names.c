// SPDX-License-Identifier: BSD-2-Clause
/* names.c - names of public enum values, from the tables in include/weft. */
#include <weft/event.h>
#include <weft/flows.h>
#include <weft/interface.h>
#include <weft/pressure.h>
#include <weft/subscribe.h>

#include <stddef.h>

#define NAME(constant, value, name, meaning) [constant] = name,

static const char *const close_reasons[] = {WEFT_CLOSE_REASONS(NAME)};
static const char *const flow_states[] = {WEFT_FLOW_STATES(NAME)};
static const char *const tcp_states[] = {WEFT_TCP_STATES(NAME)};
static const char *const gap_causes[] = {WEFT_GAP_CAUSES(NAME)};
static const char *const anomalies[] = {WEFT_ANOMALIES(NAME)};
static const char *const interface_states[] = {WEFT_INTERFACE_STATES(NAME)};
static const char *const pressure_levels[] = {WEFT_PRESSURE_LEVELS(NAME)};
static const char *const sub_ends[] = {WEFT_SUB_ENDS(NAME)};
static const char *const verdicts[] = {WEFT_VERDICTS(NAME)};

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

const char *weft_tcp_state_name(enum weft_tcp_state state)
{
	return name_of(tcp_states, WEFT_TCP_STATE_COUNT, state);
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

const char *weft_flow_verdict_name(enum weft_verdict verdict)
{
	return name_of(verdicts, WEFT_VERDICT_COUNT, verdict);
}

const char *weft_interface_state_name(enum weft_interface_state state)
{
	return name_of(interface_states, WEFT_INTERFACE_STATE_COUNT, state);
}

const char *weft_sub_end_name(enum weft_sub_end end)
{
	return name_of(sub_ends, WEFT_SUB_END_COUNT, end);
}
