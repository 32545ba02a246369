/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report.h - all that weft counted, as one JSON value, and how people read it.
 *
 *   {"version", "source", "elapsed_ms",
 *    "ledgers": [{"name", "total": {"name", "value"}, "parts": [{"name", "value"}...],
 *                 "difference", "closed"}...],
 *    "metrics": {NAME: {"value", "kind", "help"}...},
 *    "sinks": [{"name", "events", ...}...]}
 *
 * The same value is the answer of the control socket, of --json, and what the texts
 * below are made from, so that they can't differ.
 */
#ifndef WF_AGENT_REPORT_H
#define WF_AGENT_REPORT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct weft;
struct wf_sink;

/* Thread: any. NULL: no memory. The caller owns the result. */
json_t *wf_report_new(const struct weft *weft, const char *source, uint64_t elapsed_ms,
		      struct wf_sink *const *sinks, size_t sinks_count);

/* The metrics as one string in the text format of Prometheus. As wf_report_new(). */
json_t *wf_report_prometheus_new(const struct weft *weft);

/* Every ledger as a sum, then every metric. A @report that came from elsewhere may lack anything.
 */
void wf_report_print(const json_t *report, FILE *out);

/* A few lines that begin with "weft: ". */
void wf_report_print_summary(const json_t *report, FILE *out);

/* Do all sums hold? */
bool wf_report_is_closed(const json_t *report);

/* 1234567 as "1,234,567" in @buf (at least 28 bytes), which is returned. */
const char *wf_report_number(int64_t value, char *buf);

#endif
