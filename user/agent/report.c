// SPDX-License-Identifier: BSD-2-Clause
/*
 * report.c - prints a report.
 *
 * Metrics are found by iteration; only the first line of the summary uses metrics by name.
 */
#include "agent/report.h"

#include <string.h>

/* ---- reading; json_*_value() returns 0 or NULL for missing members ---- */

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "?";
}

static json_int_t int_of(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static json_int_t value_of(const json_t *metrics, const char *name)
{
	return int_of(json_object_get(metrics, name), "value");
}

const char *wf_report_number(int64_t value, char *buf)
{
	char digits[24];
	size_t chars = (size_t)snprintf(digits, sizeof(digits), "%llu",
					value < 0 ? 0ull - (unsigned long long)value
						  : (unsigned long long)value);
	char *out = buf;

	if (value < 0)
		*out++ = '-';
	for (size_t i = 0; i < chars; i++) {
		if (i > 0 && (chars - i) % 3 == 0)
			*out++ = ',';
		*out++ = digits[i];
	}
	*out = '\0';
	return buf;
}

const char *wf_report_short(int64_t value, char *buf)
{
	static const char units[] = "MGTPE";
	double scaled = (double)value / 1e6;
	size_t unit = 0;

	if (value < 10000000)
		return wf_report_number(value, buf);
	while (scaled >= 9999.95 && unit + 2 < sizeof(units)) {
		scaled /= 1000;
		unit++;
	}
	snprintf(buf, WF_REPORT_SHORT_BYTES, "%.1f %c", scaled, units[unit]);
	return buf;
}

bool wf_report_is_closed(const json_t *report)
{
	const json_t *ledger;
	size_t i;

	json_array_foreach(
		json_object_get(report, "ledgers"), i,
		ledger) if (!json_is_true(json_object_get(ledger, "closed"))) return false;
	return true;
}

static const char *state_of(const json_t *ledger, char *buf, size_t buf_bytes)
{
	char number[28];

	if (json_is_true(json_object_get(ledger, "closed")))
		return "closed";
	snprintf(buf, buf_bytes, "NOT closed, difference %s",
		 wf_report_number(int_of(ledger, "difference"), number));
	return buf;
}

/* How a report is printed. */
struct view {
	const json_t *metrics;
	bool is_verbose;
	FILE *out;
};

/*
 * Print a value with its name. Print its meaning, and values that are 0, only if view->is_verbose.
 */
static void print_value(const struct view *view, const char *sign, const char *name,
			json_int_t value)
{
	char number[28];

	if (!value && !view->is_verbose)
		return;
	fprintf(view->out, "%s%20s  ", sign, wf_report_number(value, number));
	if (view->is_verbose)
		fprintf(view->out, "%-28s %s\n", name,
			text_of(json_object_get(view->metrics, name), "help"));
	else
		fprintf(view->out, "%s\n", name);
}

static void print_ledger(const struct view *view, const json_t *ledger)
{
	const json_t *total = json_object_get(ledger, "total");
	const char *sign = "=";
	const json_t *part;
	char state[64];
	size_t i;

	/* Skip ledgers without counts, such as that of tap mode in host mode. */
	if (!int_of(total, "value") && json_is_true(json_object_get(ledger, "closed")) &&
	    !view->is_verbose)
		return;
	fprintf(view->out, "%s: %s\n", text_of(ledger, "name"),
		state_of(ledger, state, sizeof(state)));
	print_value(view, " ", text_of(total, "name"), int_of(total, "value"));
	json_array_foreach(json_object_get(ledger, "parts"), i, part)
	{
		if (!int_of(part, "value") && !view->is_verbose)
			continue;
		print_value(view, sign, text_of(part, "name"), int_of(part, "value"));
		sign = "+";
	}
	fputc('\n', view->out);
}

static void print_sinks(const struct view *view, const json_t *report)
{
	const json_t *sink;
	size_t i;

	json_array_foreach(json_object_get(report, "sinks"), i, sink)
	{
		const char *key;
		json_t *value;

		fprintf(view->out, "sink %s:\n", text_of(sink, "name"));
		json_object_foreach((json_t *)sink, key, value)
		{
			char number[28];

			if (json_integer_value(value) ||
			    (view->is_verbose && json_is_integer(value)))
				fprintf(view->out, " %20s  %s\n",
					wf_report_number(json_integer_value(value), number), key);
		}
		fputc('\n', view->out);
	}
}

static void print_interfaces(const json_t *report, FILE *out)
{
	const json_t *interface;
	size_t i;

	json_array_foreach(json_object_get(report, "interfaces"), i, interface) fprintf(
		out, "interface %s: %s\n", text_of(interface, "name"), text_of(interface, "state"));
	fputc('\n', out);
}

/* ---- the verdict ---- */

/* Outcomes of wanted frames that did not reach their connection. */
static const char *const lost_frames[] = {
	"kernel_unsteered_frames", "kernel_ring_full_frames",	 "kernel_failed_frames",
	"xsk_ring_full_frames",	   "xsk_fill_empty_frames",	 "xsk_invalid_frames",
	"ring_invalid_frames",	   "frames_handoff_lost_frames", "frames_no_memory_frames",
};

static void print_verdict_frames(const json_t *report, FILE *out)
{
	const json_t *metrics = json_object_get(report, "metrics");
	json_int_t seen = value_of(metrics, "kernel_seen_frames");
	json_int_t limit = value_of(metrics, "memory_limit_bytes");
	json_int_t lost = 0;
	char numbers[2][28];

	for (size_t i = 0; i < sizeof(lost_frames) / sizeof(lost_frames[0]); i++)
		lost += value_of(metrics, lost_frames[i]);
	fprintf(out, "lost %s of %s frames; memory %lld %% of %lld MiB; pressure %s\n",
		wf_report_number(lost, numbers[0]),
		wf_report_number(seen ? seen : value_of(metrics, "frames"), numbers[1]),
		(long long)(limit ? 100 * value_of(metrics, "memory_used_bytes") / limit : 0),
		(long long)(limit >> 20), text_of(json_object_get(report, "pressure"), "level"));
}

/* Print how much was lost, and a line for each of: gaps, overload, sinks with losses. */
static void print_verdict(const json_t *report, FILE *out)
{
	const json_t *metrics = json_object_get(report, "metrics");
	json_int_t shed = value_of(metrics, "shed_percent");
	const json_t *sink;
	char numbers[2][28];
	size_t i;

	print_verdict_frames(report, out);
	if (value_of(metrics, "gaps"))
		fprintf(out, "gaps: %s, with %s bytes that are missing from streams\n",
			wf_report_number(value_of(metrics, "gaps"), numbers[0]),
			wf_report_number(value_of(metrics, "gaps_bytes"), numbers[1]));
	if (shed)
		fprintf(out, "overload: %lld %% of new connections are not captured\n",
			(long long)shed);
	json_array_foreach(json_object_get(report, "sinks"), i, sink)
	{
		json_int_t dropped = int_of(sink, "dropped_events");
		json_int_t failed = int_of(sink, "failed_events");

		if (dropped || failed || int_of(sink, "failed_bytes"))
			fprintf(out, "sink %s: %s events dropped, %s not written\n",
				text_of(sink, "name"), wf_report_number(dropped, numbers[0]),
				wf_report_number(failed, numbers[1]));
	}
}

void wf_report_print(const json_t *report, bool is_verbose, FILE *out)
{
	const struct view view = {
		.metrics = json_object_get(report, "metrics"),
		.is_verbose = is_verbose,
		.out = out,
	};
	const json_t *ledger;
	const char *name;
	json_t *metric;
	size_t i;

	print_verdict(report, out);
	fprintf(out, "weft %s, %s, for %.1f s\n", text_of(report, "version"),
		text_of(report, "source"), (double)int_of(report, "elapsed_ms") / 1000);
	print_interfaces(report, out);
	json_array_foreach(json_object_get(report, "ledgers"), i, ledger)
		print_ledger(&view, ledger);
	print_sinks(&view, report);
	fputs("metrics:\n", out);
	json_object_foreach((json_t *)view.metrics, name, metric)
		print_value(&view, " ", name, int_of(metric, "value"));
}

/* ---- summary ---- */

/*
 * Print @name without the words that all names of its ledger share: "kernel_passed_frames" becomes
 * "passed". Unit and module are printed once, before the names.
 */
static void print_short_name(const char *name, FILE *out)
{
	const char *first = strchr(name, '_');
	const char *last = strrchr(name, '_');

	if (!first || first == last) {
		fputs(name, out);
		return;
	}
	for (const char *letter = first + 1; letter < last; letter++)
		fputc(*letter == '_' ? ' ' : *letter, out);
}

static void print_ledger_line(const json_t *ledger, FILE *out)
{
	json_int_t total = int_of(json_object_get(ledger, "total"), "value");
	const char *sign = "=";
	const json_t *part;
	char number[28];
	char state[64];
	size_t i;

	/* Skip ledgers without counts, such as those of the kernel in replay. */
	if (total == 0 && json_is_true(json_object_get(ledger, "closed")))
		return;
	fprintf(out, "weft: ledger %s %s: %s", text_of(ledger, "name"),
		state_of(ledger, state, sizeof(state)), wf_report_number(total, number));
	json_array_foreach(json_object_get(ledger, "parts"), i, part)
	{
		json_int_t value = int_of(part, "value");

		if (value == 0)
			continue;
		fprintf(out, " %s %s ", sign, wf_report_number(value, number));
		print_short_name(text_of(part, "name"), out);
		sign = "+";
	}
	fputc('\n', out);
}

/* Print the failures of a sink; print nothing if everything was written. */
static void print_sink_line(const json_t *sink, FILE *out)
{
	char numbers[2][28];
	const char *name = text_of(sink, "name");

	if (int_of(sink, "dropped_events") > 0)
		fprintf(out,
			"weft: sink %s: queue full: %s events (%s payload bytes) dropped; see "
			"delivery.queue_bytes\n",
			name, wf_report_number(int_of(sink, "dropped_events"), numbers[0]),
			wf_report_number(int_of(sink, "dropped_bytes"), numbers[1]));
	if (int_of(sink, "failed_events") > 0 || int_of(sink, "failed_bytes") > 0)
		fprintf(out, "weft: sink %s: failed: %s events (%s payload bytes) not written\n",
			name, wf_report_number(int_of(sink, "failed_events"), numbers[0]),
			wf_report_number(int_of(sink, "failed_bytes"), numbers[1]));
}

void wf_report_print_summary(const json_t *report, FILE *out)
{
	const json_t *metrics = json_object_get(report, "metrics");
	const json_t *ledger;
	const json_t *sink;
	char numbers[6][28];
	size_t i;

	fprintf(out,
		"weft: %s: %s packets, %s connections, %s stream bytes, %s gaps (%s bytes), "
		"%s payload bytes, in %.3f s\n",
		text_of(report, "source"),
		wf_report_number(value_of(metrics, "frames"), numbers[0]),
		wf_report_number(value_of(metrics, "flows_opened_flows"), numbers[1]),
		wf_report_number(value_of(metrics, "payload_delivered_bytes"), numbers[2]),
		wf_report_number(value_of(metrics, "gaps"), numbers[3]),
		wf_report_number(value_of(metrics, "gaps_bytes"), numbers[4]),
		wf_report_number(value_of(metrics, "payload_bytes"), numbers[5]),
		(double)int_of(report, "elapsed_ms") / 1000);
	json_array_foreach(json_object_get(report, "ledgers"), i, ledger)
		print_ledger_line(ledger, out);
	json_array_foreach(json_object_get(report, "sinks"), i, sink) print_sink_line(sink, out);
}
