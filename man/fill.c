// SPDX-License-Identifier: BSD-2-Clause
/*
 * fill.c - reads the template of a manual page from standard input and prints it. These lines of
 * the template are replaced by text made from weft/options.def, from the tables of names in
 * include/weft, and from the metrics of a handle:
 *
 *   @KEYS@          an entry for each configuration key, by section
 *   @RELOAD_KEYS@   the names of the keys that a reload changes
 *   @RUN_FLAGS@     an entry for each command-line option of `weft run` that sets a key
 *   @REPLAY_FLAGS@  the names of the options that `weft replay` has as well
 *   @GAP_CAUSES@, @CLOSE_REASONS@, @FLOW_STATES@, @TCP_STATES@, @ANOMALIES@, @PRESSURE_LEVELS@,
 *   @INTERFACE_STATES@  an entry for each name of the table
 *   @METRICS@       an entry for each metric
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <weft/weft.h>

#include "config/config.h"
#include "config/config_print.h"
#include "config/config_reload.h"
#include "config/config_value.h"

static struct wf_config defaults;

/* Write each sentence of @text on a line of its own, as mdoc(7) requires. */
static void print_sentences(const char *text)
{
	for (; *text; text++) {
		if (*text == '\\')
			fputs("\\e", stdout);
		else
			putchar(*text);
		if (*text == '.' && text[1] == ' ') {
			putchar('\n');
			text++;
		}
	}
	putchar('\n');
}

/* Write the help of @key as a sentence, then its details. */
static void print_paragraph(const struct wf_config_key *key)
{
	printf("%c%s.\n", toupper((unsigned char)key->help[0]), key->help + 1);
	if (*key->details)
		print_sentences(key->details);
}

static void print_range(const struct wf_config_key *key)
{
	char expected[256];
	bool is_list = wf_config_type_is_list(key->type);

	printf("[%s", wf_config_expects(key, expected, sizeof(expected)));
	if (is_list)
		printf(", at most %llu entries", (unsigned long long)key->max);
	else if (key->type != WF_CONFIG_TEXT || *key->initial_text)
		printf(", default ");
	wf_config_print_plain(&defaults, key, stdout);
	puts("]");
}

/* ---- keys ---- */

static size_t section_chars(const struct wf_config_key *key)
{
	return strcspn(key->name, ".") + 1;
}

static bool is_in_section_of(const struct wf_config_key *key, const struct wf_config_key *other)
{
	return key->type != WF_CONFIG_LATER &&
	       !strncmp(key->name, other->name, section_chars(other));
}

static bool opens_section(const struct wf_config_key *key)
{
	for (const struct wf_config_key *other = wf_config_keys(); other < key; other++)
		if (is_in_section_of(other, key))
			return false;
	return key->type != WF_CONFIG_LATER;
}

static void print_section(const struct wf_config_key *first)
{
	printf(".Ss %.*s\n.Bl -tag -width Ds\n", (int)section_chars(first) - 1, first->name);
	for (const struct wf_config_key *key = first; key->name; key++) {
		if (!is_in_section_of(key, first))
			continue;
		printf(".It Cm %s\n", key->name);
		print_paragraph(key);
		print_range(key);
	}
	puts(".El");
}

static void print_keys(void)
{
	for (const struct wf_config_key *key = wf_config_keys(); key->name; key++)
		if (opens_section(key))
			print_section(key);
}

static void print_reload_keys(void)
{
	for (const struct wf_config_key *key = wf_config_keys(); key->name; key++)
		if (key->type != WF_CONFIG_LATER && wf_config_reload(key) != WF_CONFIG_RESTART)
			printf(".It\n.Cm %s\n", key->name);
}

/* ---- command-line options ---- */

static void print_run_flags(void)
{
	for (const struct wf_config_key *key = wf_config_keys(); key->name; key++) {
		const struct wf_config_flag *flag = &key->flag;

		if (!flag->name)
			continue;
		printf(".It ");
		if (flag->letter)
			printf("Fl %c , ", flag->letter);
		printf("Fl -%s%s%s\n", flag->name, flag->argument ? " Ar " : "",
		       flag->argument ? flag->argument : "");
		print_paragraph(key);
		printf("Sets the key\n.Cm %s .\n", key->name);
		print_range(key);
	}
}

static void print_replay_flags(void)
{
	for (const struct wf_config_key *key = wf_config_keys(); key->name; key++)
		if (key->flag.name && !key->flag.is_run_only)
			printf(".Fl -%s ,\n", key->flag.name);
}

/* ---- tables of names ---- */

static void print_name(const char *name, const char *meaning)
{
	printf(".It Cm %s\n%c%s.\n", name, toupper((unsigned char)*meaning), meaning + 1);
}

#define PRINT_NAME(constant, value, name, meaning) print_name(name, meaning);

static void print_gap_causes(void)
{
	WEFT_GAP_CAUSES(PRINT_NAME)
}

static void print_close_reasons(void)
{
	WEFT_CLOSE_REASONS(PRINT_NAME)
}

static void print_flow_states(void)
{
	WEFT_FLOW_STATES(PRINT_NAME)
}

static void print_tcp_states(void)
{
	WEFT_TCP_STATES(PRINT_NAME)
}

static void print_anomalies(void)
{
	WEFT_ANOMALIES(PRINT_NAME)
}

static void print_pressure_levels(void)
{
	WEFT_PRESSURE_LEVELS(PRINT_NAME)
}

static void print_interface_states(void)
{
	WEFT_INTERFACE_STATES(PRINT_NAME)
}

static void print_metric(const struct weft_metric *metric, void *ctx)
{
	(void)ctx;
	printf(".It Va %s%s\n%c%s.\n", metric->name,
	       metric->kind == WEFT_METRIC_GAUGE ? " Pq gauge" : "",
	       toupper((unsigned char)*metric->help), metric->help + 1);
}

static void print_metrics(void)
{
	struct weft *weft;

	if (weft_new(NULL, &weft))
		exit(1);
	weft_stats_each(weft, print_metric, NULL);
	weft_free(weft);
}

/* ---- the page ---- */

static const struct {
	const char *line;
	void (*print)(void);
} parts[] = {
	{"@KEYS@\n", print_keys},
	{"@RELOAD_KEYS@\n", print_reload_keys},
	{"@RUN_FLAGS@\n", print_run_flags},
	{"@REPLAY_FLAGS@\n", print_replay_flags},
	{"@GAP_CAUSES@\n", print_gap_causes},
	{"@CLOSE_REASONS@\n", print_close_reasons},
	{"@FLOW_STATES@\n", print_flow_states},
	{"@TCP_STATES@\n", print_tcp_states},
	{"@ANOMALIES@\n", print_anomalies},
	{"@PRESSURE_LEVELS@\n", print_pressure_levels},
	{"@INTERFACE_STATES@\n", print_interface_states},
	{"@METRICS@\n", print_metrics},
};

static void fill_line(const char *line)
{
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (strcmp(line, parts[i].line))
			continue;
		parts[i].print();
		return;
	}
	fputs(line, stdout);
}

int main(void)
{
	char *line = NULL;
	size_t bytes = 0;

	if (wf_config_init(&defaults))
		return 1;
	while (getline(&line, &bytes, stdin) > 0)
		fill_line(line);
	free(line);
	wf_config_fini(&defaults);
	return fflush(stdout) || ferror(stdout) || ferror(stdin) ? 1 : 0;
}
