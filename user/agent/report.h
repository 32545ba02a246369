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

/*
 * Prints every ledger as a sum, then every metric. Any member may be missing in a @report from
 * another process.
 */
void wf_report_print(const json_t *report, FILE *out);

/* A few lines that begin with "weft: ". */
void wf_report_print_summary(const json_t *report, FILE *out);

/* Whether the parts of every ledger add up to its total. */
bool wf_report_is_closed(const json_t *report);

/* Formats 1234567 as "1,234,567" in @buf (at least 28 bytes), which is returned. */
const char *wf_report_number(int64_t value, char *buf);

#endif
