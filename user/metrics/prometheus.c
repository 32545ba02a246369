// SPDX-License-Identifier: BSD-2-Clause
/*
 * prometheus.c - writes all metrics in the text format of Prometheus.
 *
 * The format requires the lines of a family to be adjacent, but metrics.def orders lines by
 * ledger. Therefore the whole family is written when its first line is reached. The search for its
 * other lines is cheap enough: there are fewer than 300 lines, and Prometheus reads them only every
 * few seconds.
 */
#include "metrics/prometheus.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "metrics/metrics_internal.h"

struct text {
	FILE *out;
	const struct wf_metrics *sum;
	const struct wf_metrics_part *parts;
	size_t parts_count;
};

/* ---- one sample ---- */

/* Return the length of the first key of @labels if that key has no value, else 0. */
static size_t open_key_bytes(const char *labels)
{
	size_t bytes = strcspn(labels, "=,");

	return labels[bytes] == '=' ? 0 : bytes;
}

static void write_quoted(FILE *out, const char *value, size_t bytes)
{
	fputc('"', out);
	for (; bytes > 0; value++, bytes--) {
		if (*value == '\n') {
			fputs("\\n", out);
			continue;
		}
		if (*value == '"' || *value == '\\')
			fputc('\\', out);
		fputc(*value, out);
	}
	fputc('"', out);
}

/*
 * Write the labels "key=value,..." as {key="value",...}. A key without a value gets the value
 * @open_value.
 */
static void write_labels(FILE *out, const char *labels, const char *open_value)
{
	char separator = '{';

	if (!*labels)
		return;
	while (*labels) {
		size_t key_bytes = strcspn(labels, "=,");
		bool is_open = labels[key_bytes] != '=';
		const char *value = is_open ? open_value : labels + key_bytes + 1;
		size_t value_bytes = is_open ? strlen(value) : strcspn(value, ",");

		fprintf(out, "%c%.*s=", separator, (int)key_bytes, labels);
		write_quoted(out, value, value_bytes);
		labels += is_open ? key_bytes : key_bytes + 1 + value_bytes;
		labels += *labels == ',';
		separator = ',';
	}
	fputc('}', out);
}

/*
 * Return the number of digits by which the decimal point of a value is moved to convert it to the
 * base unit of Prometheus: 9 for _ns (seconds), 2 for _percent (a ratio), else 0.
 */
static int decimals_of(const char *name)
{
	const char *unit = strrchr(name, '_');

	if (unit && !strcmp(unit, "_ns"))
		return 9;
	if (unit && !strcmp(unit, "_percent"))
		return 2;
	return 0;
}

static void write_value(FILE *out, uint64_t value, int decimals)
{
	uint64_t one = 1;

	for (int i = 0; i < decimals; i++)
		one *= 10;
	fprintf(out, " %" PRIu64, value / one);
	if (decimals)
		fprintf(out, ".%0*" PRIu64, decimals, value % one);
	fputc('\n', out);
}

static void write_sample(FILE *out, const struct wf_metric_row *row,
			 const struct wf_metrics *metrics, const char *open_value)
{
	fputs(row->metric.family, out);
	write_labels(out, row->metric.labels, open_value);
	write_value(out, wf_metric_value(metrics, row), decimals_of(row->metric.name));
}

static void write_row(const struct text *text, const struct wf_metric_row *row)
{
	const char *key = row->metric.labels;
	size_t key_bytes = open_key_bytes(key);

	if (!key_bytes)
		write_sample(text->out, row, text->sum, NULL);
	for (size_t i = 0; key_bytes && i < text->parts_count; i++) {
		const struct wf_metrics_part *part = &text->parts[i];

		if (strlen(part->key) == key_bytes && !strncmp(part->key, key, key_bytes))
			write_sample(text->out, row, part->metrics, part->value);
	}
}

/* ---- families ---- */

static const char *family_help(const struct weft_metric *metric)
{
	static const struct {
		const char *family;
		const char *help;
	} families[] = {
#define X_FAMILY(family, help) {family, help},
#include "metrics/metrics.def"
	};

	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		if (!strcmp(families[i].family, metric->family))
			return families[i].help;
	return metric->help;
}

static bool is_of_family(size_t row, const char *family)
{
	const char *other = wf_metric_rows[row].metric.family;

	return other && !strcmp(other, family);
}

static bool is_first_of_family(size_t row)
{
	for (size_t i = 0; i < row; i++)
		if (is_of_family(i, wf_metric_rows[row].metric.family))
			return false;
	return true;
}

static void write_head(FILE *out, const char *family, const char *help, enum weft_metric_kind kind)
{
	fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", family, help, family,
		kind == WEFT_METRIC_COUNTER ? "counter" : "gauge");
}

static void write_family(const struct text *text, size_t first)
{
	const struct weft_metric *metric = &wf_metric_rows[first].metric;

	write_head(text->out, metric->family, family_help(metric), metric->kind);
	for (size_t i = first; i < wf_metric_rows_count; i++)
		if (is_of_family(i, metric->family))
			write_row(text, &wf_metric_rows[i]);
}

int wf_prometheus_write(FILE *out, const struct wf_metrics *sum,
			const struct wf_metrics_part *parts, size_t parts_count)
{
	const struct text text = {
		.out = out, .sum = sum, .parts = parts, .parts_count = parts_count};

	write_head(out, "weft_build_info", "version of weft; the value is always 1",
		   WEFT_METRIC_GAUGE);
	fprintf(out, "weft_build_info{version=\"%s\"} 1\n", WEFT_VERSION);
	for (size_t i = 0; i < wf_metric_rows_count; i++)
		if (wf_metric_rows[i].metric.family && is_first_of_family(i))
			write_family(&text, i);
	return ferror(out) ? -EIO : 0;
}
