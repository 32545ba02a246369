// SPDX-License-Identifier: BSD-2-Clause
/*
 * report.c - prints a report.
 *
 * Ledgers, sinks and metrics are printed by iteration over the report. The code names a metric only
 * for the lines of print_verdict(), and for the first line and the lines of sinks in the summary.
 */
#include "agent/report.h"

#include <string.h>

#include "agent/watch/losses.h"
#include "config/wrap.h"

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

const char *wf_report_counted(int64_t value, const char *noun, char *buf)
{
	char number[28];

	snprintf(buf, WF_REPORT_COUNTED_BYTES, "%s %s%s", wf_report_number(value, number), noun,
		 value == 1 ? "" : "s");
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

const char *wf_report_fit(int64_t value, int chars, char *buf)
{
	static const char units[] = "kMGTPE";
	double scaled = (double)value;

	wf_report_number(value, buf);
	for (size_t unit = 0; (int)strlen(buf) > chars && units[unit]; unit++) {
		scaled /= 1000;
		snprintf(buf, WF_REPORT_SHORT_BYTES, "%.1f %c", scaled, units[unit]);
	}
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

/* The options with which a report is printed. */
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

/* Print the user, and each privilege that was not given up. */
static void print_privileges(const json_t *report, FILE *out)
{
	const json_t *privileges = json_object_get(report, "privileges");
	const json_t *kept;
	size_t i;

	if (!privileges)
		return;
	fprintf(out, "user %s, group %s, %zu capabilities, seccomp filter %s\n",
		text_of(privileges, "user"), text_of(privileges, "group"),
		json_array_size(json_object_get(privileges, "capabilities")),
		json_is_true(json_object_get(privileges, "seccomp")) ? "on" : "off");
	json_array_foreach(json_object_get(privileges, "kept"), i, kept)
		wf_print_wrapped(text_of(kept, "why"),
				 fprintf(out, "not given up: %s:", text_of(kept, "what")), 2, out);
}

/* ---- the verdict ---- */

/* Return the number of wanted frames that did not reach their connection. */
static json_int_t lost_frames(const json_t *metrics)
{
	json_int_t lost = 0;
	const char *name;
	json_t *metric;

	json_object_foreach((json_t *)metrics, name, metric)
	{
		if (wf_losses_has(name))
			lost += value_of(metrics, name);
	}
	return lost;
}

/* Return the number of events that the queues of all outputs have dropped. */
static json_int_t dropped_events(const json_t *report)
{
	json_int_t dropped = 0;
	const json_t *sink;
	size_t i;

	json_array_foreach(json_object_get(report, "sinks"), i, sink)
	{
		if (__builtin_add_overflow(dropped, int_of(sink, "dropped_events"), &dropped))
			return INT64_MAX;
	}
	return dropped;
}

static void print_verdict_frames(const json_t *report, FILE *out)
{
	const json_t *metrics = json_object_get(report, "metrics");
	json_int_t seen = value_of(metrics, "kernel_seen_frames");
	json_int_t limit = value_of(metrics, "memory_limit_bytes");
	json_int_t dropped = dropped_events(report);
	char numbers[3][28];

	fprintf(out, "lost %s of %s frames; ", wf_report_number(lost_frames(metrics), numbers[0]),
		wf_report_number(seen ? seen : value_of(metrics, "frames"), numbers[1]));
	if (dropped)
		fprintf(out, "outputs dropped %s events; ", wf_report_number(dropped, numbers[2]));
	fprintf(out, "memory %lld %% of %lld MiB; pressure %s\n",
		(long long)(limit ? 100 * value_of(metrics, "memory_used_bytes") / limit : 0),
		(long long)(limit >> 20), text_of(json_object_get(report, "pressure"), "level"));
}

/*
 * Return true if subscriptions are printed without --verbose because of @sub: it lost events, it
 * has ended, its consumer took none of its waiting events, or they once filled more than half of
 * its queue.
 */
static bool is_notable(const json_t *sub)
{
	return int_of(sub, "dropped_events") || int_of(sub, "lag_ms") ||
	       strcmp(text_of(sub, "state"), "running") ||
	       int_of(sub, "high_water_bytes") > int_of(sub, "queue_limit_bytes") / 2;
}

static void print_sub(const json_t *sub, FILE *out)
{
	char numbers[4][WF_REPORT_SHORT_BYTES];

	fprintf(out, " %-16.16s %-8.8s %9s %10s %7.1f %9s %9s\n", text_of(sub, "name"),
		text_of(sub, "state"), wf_report_short(int_of(sub, "queue_bytes"), numbers[0]),
		wf_report_short(int_of(sub, "high_water_bytes"), numbers[1]),
		(double)int_of(sub, "lag_ms") / 1000,
		wf_report_short(int_of(sub, "dropped_events"), numbers[2]),
		wf_report_short(int_of(sub, "dropped_bytes"), numbers[3]));
}

/* Print a table of all subscriptions if one of them is notable, or if view->is_verbose. */
static void print_subs(const struct view *view, const json_t *report)
{
	const json_t *list = json_object_get(report, "subscriptions");
	bool has_notable = view->is_verbose && json_array_size(list);
	const json_t *sub;
	size_t i;

	json_array_foreach(list, i, sub) has_notable |= is_notable(sub);
	if (!has_notable)
		return;
	fprintf(view->out, "subscriptions:\n %-16s %-8s %9s %10s %7s %9s %9s\n", "name", "state",
		"waiting B", "high water", "lag s", "dropped", "bytes");
	json_array_foreach(list, i, sub) print_sub(sub, view->out);
	fputc('\n', view->out);
}

/*
 * Print the events and payload bytes that a sink has lost, if there are any. @what: the kind of the
 * loss.
 */
static void print_loss(const json_t *sink, const char *what, const char *events_key,
		       const char *bytes_key, FILE *out)
{
	json_int_t events = int_of(sink, events_key);
	json_int_t bytes = int_of(sink, bytes_key);
	char numbers[2][28];

	if (events || bytes)
		fprintf(out, "sink %s: %s: %s events, %s payload bytes\n", text_of(sink, "name"),
			what, wf_report_number(events, numbers[0]),
			wf_report_number(bytes, numbers[1]));
}

/* Gaps without those of the depth limit, and the bytes beyond the depth limit. */
struct gaps {
	json_int_t count;
	json_int_t bytes;
	json_int_t depth_bytes;
};

static struct gaps gaps_of(const json_t *metrics)
{
	const json_int_t depth_bytes = value_of(metrics, "gaps_depth_bytes");

	return (struct gaps){
		.count = value_of(metrics, "gaps") - value_of(metrics, "gaps_depth_gaps"),
		.bytes = value_of(metrics, "gaps_bytes") - depth_bytes,
		.depth_bytes = depth_bytes,
	};
}

/* Print how many frames were lost, and lines for gaps, depth, overload and sinks with losses. */
static void print_verdict(const json_t *report, FILE *out)
{
	const json_t *metrics = json_object_get(report, "metrics");
	const struct gaps gaps = gaps_of(metrics);
	json_int_t shed = value_of(metrics, "shed_percent");
	const json_t *sink;
	char numbers[2][28];
	size_t i;

	print_verdict_frames(report, out);
	if (gaps.count)
		fprintf(out, "gaps: %s, with %s bytes that are missing from streams\n",
			wf_report_number(gaps.count, numbers[0]),
			wf_report_number(gaps.bytes, numbers[1]));
	if (gaps.depth_bytes)
		fprintf(out, "depth limit: %s bytes beyond it are left out of streams\n",
			wf_report_number(gaps.depth_bytes, numbers[0]));
	if (shed)
		fprintf(out, "overload: %lld %% of new connections are not captured\n",
			(long long)shed);
	json_array_foreach(json_object_get(report, "sinks"), i, sink)
	{
		print_loss(sink, "dropped", "dropped_events", "dropped_bytes", out);
		print_loss(sink, "not written", "failed_events", "failed_bytes", out);
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
	print_privileges(report, out);
	print_interfaces(report, out);
	json_array_foreach(json_object_get(report, "ledgers"), i, ledger)
		print_ledger(&view, ledger);
	print_sinks(&view, report);
	print_subs(&view, report);
	fputs("metrics:\n", out);
	json_object_foreach((json_t *)view.metrics, name, metric)
		print_value(&view, " ", name, int_of(metric, "value"));
}

/* ---- summary ---- */

const char *wf_report_short_name(const char *name, char *buf)
{
	const char *first = strchr(name, '_');
	const char *last = strrchr(name, '_');
	bool is_short = !first || first == last;
	const char *begin = is_short ? name : first + 1;

	snprintf(buf, WF_REPORT_NAME_BYTES, "%.*s",
		 (int)(is_short ? strlen(name) : (size_t)(last - begin)), begin);
	for (char *letter = buf; *letter; letter++)
		if (*letter == '_' && !is_short)
			*letter = ' ';
	return buf;
}

static void print_ledger_line(const json_t *ledger, FILE *out)
{
	json_int_t total = int_of(json_object_get(ledger, "total"), "value");
	const char *sign = "=";
	const json_t *part;
	char name[WF_REPORT_NAME_BYTES];
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
		fprintf(out, " %s %s %s", sign, wf_report_number(value, number),
			wf_report_short_name(text_of(part, "name"), name));
		sign = "+";
	}
	fputc('\n', out);
}

/* Print the counts of the messages that a sink has published, for the summary. */
static void print_published(const json_t *sink, FILE *out)
{
	char numbers[3][28];

	fprintf(out,
		"weft: sink %s: %s messages published, %s acknowledged, with %s payload bytes\n",
		text_of(sink, "name"),
		wf_report_number(int_of(sink, "nats_published_messages"), numbers[0]),
		wf_report_number(int_of(sink, "nats_acknowledged_messages"), numbers[1]),
		wf_report_number(int_of(sink, "written_bytes"), numbers[2]));
}

/* Print the messages that a sink has published, and its losses, for the summary. */
static void print_sink_line(const json_t *sink, FILE *out)
{
	char numbers[2][28];
	const char *name = text_of(sink, "name");

	if (json_object_get(sink, "nats_published_messages"))
		print_published(sink, out);
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
	const struct gaps gaps = gaps_of(metrics);
	char counts[6][WF_REPORT_COUNTED_BYTES];
	char depth[WF_REPORT_COUNTED_BYTES + 32] = "";
	size_t i;

	if (gaps.depth_bytes)
		snprintf(depth, sizeof(depth), ", %s beyond the depth limit",
			 wf_report_counted(gaps.depth_bytes, "byte", counts[0]));
	fprintf(out, "weft: %s: %s, %s, %s, %s (%s)%s, %s, in %.3f s\n", text_of(report, "source"),
		wf_report_counted(value_of(metrics, "frames"), "packet", counts[0]),
		wf_report_counted(value_of(metrics, "flows_opened_flows"), "connection", counts[1]),
		wf_report_counted(value_of(metrics, "payload_delivered_bytes"), "stream byte",
				  counts[2]),
		wf_report_counted(gaps.count, "gap", counts[3]),
		wf_report_counted(gaps.bytes, "byte", counts[4]), depth,
		wf_report_counted(value_of(metrics, "payload_bytes"), "payload byte", counts[5]),
		(double)int_of(report, "elapsed_ms") / 1000);
	json_array_foreach(json_object_get(report, "ledgers"), i, ledger)
		print_ledger_line(ledger, out);
	json_array_foreach(json_object_get(report, "sinks"), i, sink) print_sink_line(sink, out);
}
