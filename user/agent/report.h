/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report.h - all ledgers, metrics and states of a capture as one JSON value, and its printed form.
 *
 *   {"version", "source", "elapsed_ms",
 *    "ledgers": [{"name", "total": {"name", "value"}, "parts": [{"name", "value"}...],
 *                 "difference", "closed"}...],
 *    "metrics": {NAME: {"value", "kind", "help", "loss": true if it counts lost frames}...},
 *    "sinks": [{"name", "events", ...}...],
 *    "pressure": {"level", "sources": [{"name", "percent", ...}...],
 *                 "changes": [{"number", "from", "to", ...}...]},
 *    "cleanup": [{"name", "runs", "removed", ...}...], "interfaces": [{"name", "state"}...],
 *    "workers": [{"index", "busy_percent", "last_seen_ms", ...}...],
 *    "loss_age_ms": time since the last loss of frames; null: no frame was lost,
 *    "subscriptions": [{"name", "state", "queue_bytes", "high_water_bytes", "lag_ms", ...}...],
 *    "privileges": {"user", "group", "capabilities", "kept", ...}}
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
 * Print losses and warnings, privileges, interfaces, ledgers as sums, sinks, all subscriptions if
 * one of them is slow, lost events or has ended, and metrics. Ledgers, counts and metrics that are
 * 0 are left out. @is_verbose: also print these, all subscriptions, and the meaning of each metric.
 * Members may be missing if @report comes from another process.
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
 * Format @value, 0 or more, in at most 9 characters in @buf (WF_REPORT_SHORT_BYTES): "1,234,567",
 * "123.4 M". M, G, T and P are powers of 1000. Return: @buf.
 */
const char *wf_report_short(int64_t value, char *buf);
enum { WF_REPORT_SHORT_BYTES = 28 };

/*
 * Format @value, 0 or more, in at most @chars characters, which are 6 or more, in @buf
 * (WF_REPORT_SHORT_BYTES): "12,345", "1.2 M". k, M, G, T, P and E are powers of 1000. Return: @buf.
 */
const char *wf_report_fit(int64_t value, int chars, char *buf);

/* Format @value with its noun in @buf (WF_REPORT_COUNTED_BYTES): "1 gap", "1,234 gaps". */
const char *wf_report_counted(int64_t value, const char *noun, char *buf);
enum { WF_REPORT_COUNTED_BYTES = 48 };

/*
 * Write @name, a metric of a ledger, to @buf (WF_REPORT_NAME_BYTES) without its first word (the
 * stage) and its last one (the unit): "kernel_ring_full_frames" becomes "ring full". A name of one
 * or two words is not changed. Return: @buf.
 */
const char *wf_report_short_name(const char *name, char *buf);
enum { WF_REPORT_NAME_BYTES = 64 };

#endif
