// SPDX-License-Identifier: BSD-2-Clause
/* Tests of metrics/prometheus.c: the text is valid and complete, and its ledgers add up. */
#include "unit/support/test.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "metrics/metrics_internal.h"
#include "metrics/prometheus.h"

enum { LINES_MAX = 1000, LINE_BYTES = 256 };

struct sample {
	char name[LINE_BYTES]; /* name with labels */
	char family[LINE_BYTES];
	double value;
};

/* Rendered metrics, in which row i has the value i + 1, split into lines. */
struct fixture {
	struct wf_metrics sum;
	struct wf_metrics eth0;
	char *text;
	char lines[LINES_MAX][LINE_BYTES];
	size_t lines_count;
	struct sample samples[LINES_MAX];
	size_t samples_count;
};

static void set_values(struct wf_metrics *metrics, uint64_t factor)
{
	for (size_t i = 0; i < wf_metric_rows_count; i++)
		atomic_store(wf_metric_slot(metrics, &wf_metric_rows[i]), (i + 1) * factor);
}

/* Parses NAME or NAME{labels}, a space, a number; a label may contain spaces. */
static void read_sample(const char *line, struct sample *ret_sample)
{
	const char *space = strrchr(line, ' ');
	char *end;

	assert_non_null(space);
	memcpy(ret_sample->name, line, (size_t)(space - line));
	memcpy(ret_sample->family, line, strcspn(line, "{ "));
	ret_sample->value = strtod(space, &end);
	assert_true(end > space + 1 && !*end);
}

static void split(struct fixture *fix)
{
	for (char *line = strtok(fix->text, "\n"); line; line = strtok(NULL, "\n")) {
		assert_true(fix->lines_count < LINES_MAX && strlen(line) < LINE_BYTES);
		strcpy(fix->lines[fix->lines_count++], line);
		if (*line != '#')
			read_sample(line, &fix->samples[fix->samples_count++]);
	}
}

static int setup(void **state)
{
	struct fixture *fix = aligned_alloc(WF_CACHE_LINE, sizeof(*fix));
	const struct wf_metrics_part parts[] = {
		{"interface", "eth0", &fix->eth0}, {"interface", "a\"b\\", &fix->eth0},
		{"task", "idle flows", &fix->sum}, {"worker", "3", &fix->sum},
		{"name", "files", &fix->sum},
	};
	size_t bytes;
	FILE *out;

	memset(fix, 0, sizeof(*fix));
	set_values(&fix->sum, 1);
	set_values(&fix->eth0, 1000);
	out = open_memstream(&fix->text, &bytes);
	assert_int_equal(wf_prometheus_write(out, &fix->sum, parts, 5), 0);
	fclose(out);
	assert_int_equal(fix->text[bytes - 1], '\n');
	split(fix);
	*state = fix;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fix = *state;

	free(fix->text);
	free(fix);
	return 0;
}

static double value_of(const struct fixture *fix, const char *name)
{
	for (size_t i = 0; i < fix->samples_count; i++)
		if (!strcmp(fix->samples[i].name, name))
			return fix->samples[i].value;
	fail_msg("no sample %s", name);
	return 0;
}

/* Returns the sum of @family's samples whose labels contain @label. */
static double sum_of(const struct fixture *fix, const char *family, const char *label)
{
	double sum = 0;

	for (size_t i = 0; i < fix->samples_count; i++)
		if (!strcmp(fix->samples[i].family, family) && strstr(fix->samples[i].name, label))
			sum += fix->samples[i].value;
	return sum;
}

static double parts_of(const struct wf_metrics *metrics, const char *ledger_name)
{
	double sum = 0;

	for (const struct weft_ledger *ledger = weft_ledgers(); ledger->name; ledger++)
		for (const char *const *part = ledger->parts; *part; part++)
			if (!strcmp(ledger->name, ledger_name))
				sum += (double)wf_metrics_find(metrics, *part);
	return sum;
}

/* ---- the text ---- */

TEST(each_family_has_one_head_before_all_of_its_samples)
{
	const struct fixture *fix = *state;
	char heads[LINES_MAX][LINE_BYTES];
	size_t heads_count = 0;
	char family[LINE_BYTES] = "";

	for (size_t i = 0; i < fix->lines_count; i++) {
		const char *line = fix->lines[i];
		char expected[LINE_BYTES + 16];

		if (!strncmp(line, "# HELP ", 7)) {
			assert_int_equal(sscanf(line, "# HELP %s", family), 1);
			assert_true(strlen(line) > strlen("# HELP ") + strlen(family) + 1);
			for (size_t j = 0; j < heads_count; j++)
				assert_string_not_equal(heads[j], family);
			strcpy(heads[heads_count++], family);
			snprintf(expected, sizeof(expected), "# TYPE %s ", family);
			assert_memory_equal(fix->lines[i + 1], expected, strlen(expected));
		} else if (*line != '#') {
			assert_memory_equal(line, family, strlen(family));
			assert_true(strchr("{ ", line[strlen(family)]));
		}
	}
	assert_true(heads_count > 50);
}

TEST(only_counters_end_with_total)
{
	const struct fixture *fix = *state;

	for (size_t i = 0; i < fix->lines_count; i++) {
		char family[LINE_BYTES], type[LINE_BYTES];
		size_t bytes;

		if (sscanf(fix->lines[i], "# TYPE %s %s", family, type) != 2)
			continue;
		bytes = strlen(family);
		assert_int_equal(!strcmp(type, "counter"),
				 bytes > 6 && !strcmp(family + bytes - 6, "_total"));
	}
}

TEST(no_sample_is_there_twice)
{
	const struct fixture *fix = *state;

	for (size_t i = 0; i < fix->samples_count; i++)
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(fix->samples[i].name, fix->samples[j].name);
}

/* Return: true if @word is one of the words of @name, which are separated by underscores. */
static bool has_word(const char *name, const char *word)
{
	size_t bytes = strlen(word);

	for (; name; name = strchr(name, '_')) {
		name += *name == '_';
		if (!strncmp(name, word, bytes) && (!name[bytes] || name[bytes] == '_'))
			return true;
	}
	return false;
}

TEST(families_are_in_base_units)
{
	static const char *const others[] = {"ns", "us", "ms", "percent", "mb", "kb"};
	const struct fixture *fix = *state;

	for (size_t i = 0; i < fix->samples_count; i++)
		for (size_t j = 0; j < sizeof(others) / sizeof(others[0]); j++)
			assert_false(has_word(fix->samples[i].family, others[j]));
}

TEST(ns_are_written_as_seconds_and_percent_as_ratio)
{
	const struct fixture *fix = *state;
	double wait_ns = (double)wf_metrics_find(&fix->sum, "lock_wait_ns");
	double percent = (double)wf_metrics_find(&fix->sum, "shed_percent");

	assert_float_equal(value_of(fix, "weft_lock_wait_seconds_total"), wait_ns / 1e9, 1e-12);
	assert_float_equal(value_of(fix, "weft_shed_ratio"), percent / 100, 1e-9);
}

TEST(label_values_are_escaped)
{
	const struct fixture *fix = *state;

	value_of(fix, "weft_bypassed_ip_bytes_total{interface=\"a\\\"b\\\\\"}");
}

TEST(build_info_names_the_version)
{
	value_of(*state, "weft_build_info{version=\"" WEFT_VERSION "\"}");
}

/* ---- the values ---- */

TEST(labels_without_value_are_written_for_each_part)
{
	const struct fixture *fix = *state;
	double seen = (double)wf_metrics_find(&fix->eth0, "kernel_seen_frames");

	assert_float_equal(
		value_of(fix, "weft_frames_seen_total{interface=\"eth0\",stage=\"kernel\"}"), seen,
		0);
	assert_float_equal(sum_of(fix, "weft_frames_seen_total", "stage=\"kernel\""), 2 * seen, 0);
	assert_float_equal(value_of(fix, "weft_worker_ring_full_total{worker=\"3\"}"),
			   (double)wf_metrics_find(&fix->sum, "worker_ring_full_frames"), 0);
}

TEST(ledgers_can_be_summed_by_label)
{
	const struct fixture *fix = *state;

	assert_float_equal(sum_of(fix, "weft_frames_total", "{interface=\"eth0\",stage=\"kernel\""),
			   parts_of(&fix->eth0, "kernel_frames"), 0);
	assert_float_equal(sum_of(fix, "weft_frames_total", "{interface=\"eth0\",stage=\"ring\""),
			   parts_of(&fix->eth0, "copied_frames"), 0);
	assert_float_equal(sum_of(fix, "weft_frames_total", "{interface=\"eth0\",stage=\"socket\""),
			   parts_of(&fix->eth0, "steered_frames"), 0);
	assert_float_equal(sum_of(fix, "weft_frames_total", "stage=\"user\""),
			   parts_of(&fix->sum, "user_frames"), 0);
	assert_float_equal(sum_of(fix, "weft_fragments_total", "") +
				   value_of(fix, "weft_fragments_held"),
			   parts_of(&fix->sum, "fragments"), 0);
	assert_float_equal(sum_of(fix, "weft_datagrams_total", ""),
			   parts_of(&fix->sum, "rebuilt_datagrams"), 0);
	assert_float_equal(sum_of(fix, "weft_payload_bytes_total", "") +
				   value_of(fix, "weft_payload_held_bytes"),
			   parts_of(&fix->sum, "payload_bytes"), 0);
}

TEST(a_family_of_several_lines_has_a_help_of_its_own)
{
	const struct fixture *fix = *state;

	for (size_t i = 0; i < wf_metric_rows_count; i++)
		for (size_t j = 0; j < i; j++) {
			const struct weft_metric *a = &wf_metric_rows[i].metric;
			const struct weft_metric *b = &wf_metric_rows[j].metric;
			char head[2 * LINE_BYTES];

			if (!a->family || !b->family || strcmp(a->family, b->family))
				continue;
			assert_int_equal(a->kind, b->kind);
			snprintf(head, sizeof(head), "# HELP %s %s", b->family, b->help);
			for (size_t k = 0; k < fix->lines_count; k++)
				assert_string_not_equal(fix->lines[k], head);
		}
}

TEST(write_to_a_full_disk_is_an_error)
{
	const struct fixture *fix = *state;
	FILE *full = fopen("/dev/full", "w");

	assert_non_null(full);
	setvbuf(full, NULL, _IONBF, 0);
	assert_int_equal(wf_prometheus_write(full, &fix->sum, NULL, 0), -EIO);
	fclose(full);
}

TEST_GROUP(setup, teardown);
