// SPDX-License-Identifier: BSD-2-Clause
/*
 * Tests of agent/report.c: formats numbers, sums and states, and accepts answers with missing
 * members.
 */
#include "unit/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/report.h"

static const char closed_report[] =
	"{\"version\":\"1\",\"source\":\"eth0\",\"elapsed_ms\":1500,"
	"\"ledgers\":[{\"name\":\"kernel_frames\",\"total\":{\"name\":\"kernel_seen_frames\",\"value\":1234},"
	"\"parts\":[{\"name\":\"kernel_passed_frames\",\"value\":234},"
	"{\"name\":\"xsk_ring_full_frames\",\"value\":0},"
	"{\"name\":\"kernel_steered_frames\",\"value\":1000}],\"difference\":0,\"closed\":true}],"
	"\"metrics\":{\"frames\":{\"value\":1000,\"help\":\"frames that reached a worker\"}},"
	"\"sinks\":[{\"name\":\"streams\",\"files\":3}]}";

typedef void (*print_fn)(const json_t *report, FILE *out);

static void print_all(const json_t *report, FILE *out)
{
	wf_report_print(report, true, out);
}

static void print_short(const json_t *report, FILE *out)
{
	wf_report_print(report, false, out);
}

static char *printed(print_fn print, const char *json)
{
	json_t *report = json_loads(json, 0, NULL);
	char *text = NULL;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	print(report, out);
	fclose(out);
	json_decref(report);
	return text;
}

static void assert_printed(print_fn print, const char *json, const char *part)
{
	char *text = printed(print, json);

	if (!strstr(text, part))
		fail_msg("%s\ndoes not contain \"%s\"", text, part);
	free(text);
}

TEST(report_counted_noun_is_plural_unless_one)
{
	char text[WF_REPORT_COUNTED_BYTES];

	assert_string_equal(wf_report_counted(0, "gap", text), "0 gaps");
	assert_string_equal(wf_report_counted(1, "gap", text), "1 gap");
	assert_string_equal(wf_report_counted(12345, "payload byte", text), "12,345 payload bytes");
	assert_string_equal(wf_report_counted(INT64_MIN, "payload byte", text),
			    "-9,223,372,036,854,775,808 payload bytes");
}

TEST(report_number_groups_thousands)
{
	char buf[28];

	assert_string_equal(wf_report_number(0, buf), "0");
	assert_string_equal(wf_report_number(999, buf), "999");
	assert_string_equal(wf_report_number(1000, buf), "1,000");
	assert_string_equal(wf_report_number(-1234567, buf), "-1,234,567");
	assert_string_equal(wf_report_number(INT64_MAX, buf), "9,223,372,036,854,775,807");
	assert_string_equal(wf_report_number(INT64_MIN, buf), "-9,223,372,036,854,775,808");
}

TEST(report_subscriptions_are_a_table_if_one_is_notable)
{
	static const char quiet[] =
		"{\"subscriptions\":[{\"name\":\"events\",\"state\":\"running\",\"queue_bytes\":5,"
		"\"high_water_bytes\":50,\"queue_limit_bytes\":100,\"lag_ms\":0,\"dropped_events\":0}]}";
	static const char slow[] =
		"{\"subscriptions\":[{\"name\":\"events\",\"state\":\"running\"},"
		"{\"name\":\"a-name-that-is-far-too-long\",\"state\":\"running\","
		"\"queue_bytes\":8388608,\"high_water_bytes\":8388608,\"queue_limit_bytes\":8388608,"
		"\"lag_ms\":2500,\"dropped_events\":1234,\"dropped_bytes\":9223372036854775807}]}";
	char *text = printed(print_short, quiet);

	assert_null(strstr(text, "subscriptions"));
	free(text);
	assert_printed(print_all, quiet, "subscriptions:\n");
	assert_printed(
		print_short, slow,
		"subscriptions:\n"
		" name             state    waiting B high water   lag s   dropped     bytes\n"
		" events           running          0          0     0.0         0         0\n"
		" a-name-that-is-f running  8,388,608  8,388,608     2.5     1,234  9223.4 P\n");
}

TEST(report_of_kept_privileges_fits_in_80_columns)
{
	static const char json[] =
		"{\"privileges\":{\"user\":\"weft\",\"group\":\"weft\",\"capabilities\":[],"
		"\"seccomp\":true,\"kept\":[{\"what\":\"CAP_NET_ADMIN\",\"why\":\"host mode uses tc "
		"filters here, which must be removed at the end; tcx links need no capability\"}]}}";

	assert_printed(
		print_short, json,
		"not given up: CAP_NET_ADMIN: host mode uses tc filters here, which must be\n"
		"  removed at the end; tcx links need no capability\n");
}

TEST(report_short_numbers_have_at_most_9_characters)
{
	static const struct {
		int64_t value;
		const char *text;
	} rows[] = {
		{0, "0"},
		{9999999, "9,999,999"},
		{10000000, "10.0 M"},
		{1234567890, "1234.6 M"},
		{9999949999, "9999.9 M"},
		{9999950000, "10.0 G"},
		{INT64_MAX, "9223.4 P"},
	};
	char buf[WF_REPORT_SHORT_BYTES];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(wf_report_short(rows[i].value, buf), rows[i].text);
}

TEST(report_numbers_fit_in_a_column)
{
	static const struct {
		int64_t value;
		int chars;
		const char *text;
	} rows[] = {
		{0, 6, "0"},
		{99999, 6, "99,999"},
		{100000, 6, "0.1 M"},
		{999999, 7, "999,999"},
		{1000000, 7, "1.0 M"},
		{999999, 8, "999,999"},
		{9999999, 8, "10.0 M"},
		{1234567, 8, "1234.6 k"},
		{1234567890, 8, "1234.6 M"},
		{INT64_MAX, 6, "9.2 E"},
		{INT64_MAX, 8, "9223.4 P"},
	};
	char buf[WF_REPORT_SHORT_BYTES];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(wf_report_fit(rows[i].value, rows[i].chars, buf), rows[i].text);
}

TEST(report_begins_with_what_is_lost_and_what_memory_is_used)
{
	const char *json =
		"{\"metrics\":{\"kernel_seen_frames\":{\"value\":1234567},"
		"\"kernel_ring_full_frames\":{\"value\":7},\"xsk_ring_full_frames\":{\"value\":3},"
		"\"memory_limit_bytes\":{\"value\":536870912},"
		"\"memory_used_bytes\":{\"value\":67108864},\"shed_percent\":{\"value\":25}},"
		"\"pressure\":{\"level\":\"normal\"}}";
	const char *first = "lost 10 of 1,234,567 frames; memory 12 % of 512 MiB; pressure normal\n"
			    "overload: 25 % of new connections are not captured\n";
	char *text = printed(print_short, json);

	assert_int_equal(strncmp(text, first, strlen(first)), 0);
	free(text);
}

TEST(report_begins_with_what_outputs_dropped)
{
	const char *json = "{\"sinks\":[{\"name\":\"nats\",\"dropped_events\":1004},"
			   "{\"name\":\"events\",\"dropped_events\":2}]}";
	const char *first = "lost 0 of 0 frames; outputs dropped 1,006 events; memory 0 % of 0 MiB";
	char *text = printed(print_short, json);

	assert_int_equal(strncmp(text, first, strlen(first)), 0);
	free(text);
}

TEST(report_leaves_zeros_out_unless_all_is_wanted)
{
	char *text = printed(print_short, closed_report);

	assert_non_null(strstr(text, "=                 234  kernel_passed_frames\n"
				     "+               1,000  kernel_steered_frames\n"));
	assert_null(strstr(text, "xsk_ring_full_frames"));
	assert_null(strstr(text, "reached a worker"));
	for (const char *line = text; *line; line += strcspn(line, "\n") + 1)
		assert_true(strcspn(line, "\n") <= 80);
	free(text);
	assert_printed(print_all, closed_report, "0  xsk_ring_full_frames");
}

TEST(report_print_of_closed_ledger_shows_the_sum)
{
	assert_printed(print_all, closed_report, "kernel_frames: closed\n");
	assert_printed(print_all, closed_report, "1,234  kernel_seen_frames");
	assert_printed(print_all, closed_report, "frames that reached a worker");
	assert_printed(print_all, closed_report, "3  files");
}

TEST(report_summary_shows_only_parts_that_are_not_zero)
{
	assert_printed(wf_report_print_summary, closed_report,
		       "weft: ledger kernel_frames closed: 1,234 = 234 passed + 1,000 steered\n");
	assert_printed(wf_report_print_summary, closed_report, "eth0: 1,000 packets");
}

TEST(report_with_open_ledger_shows_the_difference)
{
	const char *json = "{\"ledgers\":[{\"name\":\"a\",\"total\":{\"name\":\"b\",\"value\":5},"
			   "\"parts\":[],\"difference\":-5000,\"closed\":false}]}";
	json_t *report = json_loads(json, 0, NULL);

	assert_false(wf_report_is_closed(report));
	json_decref(report);
	assert_printed(print_all, json, "a: NOT closed, difference -5,000");
	assert_printed(wf_report_print_summary, json, "a NOT closed, difference -5,000: 5\n");
}

TEST(report_summary_shows_what_a_sink_lost)
{
	assert_printed(wf_report_print_summary,
		       "{\"sinks\":[{\"name\":\"streams\",\"dropped_events\":1000,"
		       "\"dropped_bytes\":5,\"failed_events\":2,\"failed_bytes\":3}]}",
		       "weft: sink streams: queue full: 1,000 events (5 payload bytes) dropped");
	assert_printed(
		wf_report_print_summary,
		"{\"sinks\":[{\"name\":\"streams\",\"failed_events\":2,\"failed_bytes\":3}]}",
		"weft: sink streams: failed: 2 events (3 payload bytes) not written");
}

TEST(report_that_lacks_everything_is_printed_all_the_same)
{
	assert_printed(print_all, "{}", "weft ?");
	assert_printed(wf_report_print_summary, "{}", "0 packets");
	assert_printed(print_all, "{\"ledgers\":[1,{}],\"metrics\":{\"x\":2},\"sinks\":[3]}",
		       "?: NOT closed");
}
