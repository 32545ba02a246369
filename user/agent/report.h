/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report.h - all counts of weft as one JSON value, and its printed form.
 *
 *   {"version", "source", "elapsed_ms",
 *    "ledgers": [{"name", "total": {"name", "value"}, "parts": [{"name", "value"}...],
 *                 "difference", "closed"}...],
 *    "metrics": {NAME: {"value", "kind", "help"}...},
 *    "sinks": [{"name", "events", ...}...]}
 *
 * The control socket, --json and the printed texts all use this value, so that they cannot differ.
 */
#ifndef WF_AGENT_REPORT_H
#define WF_AGENT_REPORT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/*
 * Print losses and warnings, then every ledger as a sum, then every metric, in 80 columns and
 * without zeros.
 * @is_verbose: also print zeros, and the meaning of each metric. Members may be missing if @report
 * comes from another process.
 */
void wf_report_print(const json_t *report, bool is_verbose, FILE *out);

/* Print a summary of a few lines, each beginning with "weft: ". */
void wf_report_print_summary(const json_t *report, FILE *out);

/* Return true if the parts of every ledger add up to its total. */
bool wf_report_is_closed(const json_t *report);

/*
 * Format @value with thousands separators in @buf (at least 28 bytes): "1,234,567". Return: @buf.
 */
const char *wf_report_number(int64_t value, char *buf);

/*
 * Format @value in at most 9 characters in @buf (WF_REPORT_SHORT_BYTES): "1,234,567", "123.4 M".
 * K, M, G and T are powers of 1000. Return: @buf.
 */
const char *wf_report_short(int64_t value, char *buf);
enum { WF_REPORT_SHORT_BYTES = 28 };

#endif
