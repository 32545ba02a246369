// SPDX-License-Identifier: BSD-2-Clause
/*
 * report.c - prints a report.
 *
 * Metrics are found by iteration; only the first line of the summary uses metrics by name.
 */
#include "agent/report.h"

#include <string.h>

/* ---- reading; json_*_value() of what is missing is 0 or NULL ---- */

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

static void print_entry(const json_t *metrics, const json_t *entry, const char *sign, FILE *out)
{
	const char *name = text_of(entry, "name");
	char number[28];

	fprintf(out, "%s%20s  %-28s %s\n", sign, wf_report_number(int_of(entry, "value"), number),
		name, text_of(json_object_get(metrics, name), "help"));
}

static void print_ledger(const json_t *metrics, const json_t *ledger, FILE *out)
{
	const json_t *part;
	char state[64];
	size_t i;

	fprintf(out, "%s: %s\n", text_of(ledger, "name"), state_of(ledger, state, sizeof(state)));
	print_entry(metrics, json_object_get(ledger, "total"), " ", out);
	json_array_foreach(json_object_get(ledger, "parts"), i, part)
		print_entry(metrics, part, i == 0 ? "=" : "+", out);
	fputc('\n', out);
}

static void print_sinks(const json_t *report, FILE *out)
{
	const json_t *sink;
	size_t i;

	json_array_foreach(json_object_get(report, "sinks"), i, sink)
	{
		const char *key;
		json_t *value;

		fprintf(out, "sink %s:\n", text_of(sink, "name"));
		json_object_foreach((json_t *)sink, key, value)
		{
			char number[28];

			if (json_is_integer(value))
				fprintf(out, " %20s  %s\n",
					wf_report_number(json_integer_value(value), number), key);
		}
		fputc('\n', out);
	}
}

static void print_interfaces(const json_t *report, FILE *out)
{
	const json_t *interface;
	size_t i;

	json_array_foreach(json_object_get(report, "interfaces"), i, interface) fprintf(
		out, "interface %s: %s\n", text_of(interface, "name"), text_of(interface, "state"));
	if (i)
		fputc('\n', out);
}

void wf_report_print(const json_t *report, FILE *out)
{
	const json_t *metrics = json_object_get(report, "metrics");
	const json_t *ledger;
	const char *name;
	json_t *metric;
	size_t i;

	fprintf(out, "weft %s, %s, for %.1f s\n\n", text_of(report, "version"),
		text_of(report, "source"), (double)int_of(report, "elapsed_ms") / 1000);
	print_interfaces(report, out);
	json_array_foreach(json_object_get(report, "ledgers"), i, ledger)
		print_ledger(metrics, ledger, out);
	print_sinks(report, out);
	fputs("metrics:\n", out);
	json_object_foreach((json_t *)metrics, name, metric)
	{
		char number[28];

		fprintf(out, " %20s  %-28s %s\n", wf_report_number(int_of(metric, "value"), number),
			name, text_of(metric, "help"));
	}
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
