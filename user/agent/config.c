// SPDX-License-Identifier: BSD-2-Clause
/*
 * config.c - the table of keys, made from config.def, and what works on all of them.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "agent/config_internal.h"
#include "agent/suggest.h"

static const char *const mode_names[] = {"auto", "tap", "host", NULL};
static const char *const nic_hash_names[] = {"auto", "off", "on", NULL};
static const char *const tc_attach_names[] = {"auto", "tcx", "filter", NULL};
static const char *const overlap_names[] = {
	"default",    "first", "last",	  "bsd",  "bsd-right", "linux", "old-linux", "windows",
	"windows2k3", "vista", "solaris", "hpux", "hpux10",    "irix",	"macos",     NULL};
static const char *const deliver_names[] = {"arrival", "acked", NULL};
static const char *const checksum_names[] = {"auto", "verify", "ignore", NULL};
static const char *const performance_names[] = {"fast", "safe", NULL};
static const char *const overflow_names[] = {"default", "block", "drop-oldest", "drop-newest",
					     NULL};

_Static_assert(sizeof(overlap_names) / sizeof(overlap_names[0]) == WEFT_OVERLAP_COUNT + 1,
	       "a name for each overlap policy");

/*
 * A sanitizer's own memory is many times ours, and nothing that giving up data could lessen.
 */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define PROCESS_SLACK_BYTES 0
#else
#define PROCESS_SLACK_BYTES ((uint64_t)WEFT_PROCESS_SLACK_MB << 20)
#endif

#define FIELD(field) offsetof(struct wf_config, field)

static const struct wf_config_key keys[] = {
#define X_UINT(name_, field, min_, max_, initial_, unit_, help_) \
	{.name = name_,                                          \
	 .type = WF_CONFIG_UINT,                                 \
	 .offset = FIELD(field),                                 \
	 .min = min_,                                            \
	 .max = max_,                                            \
	 .initial = initial_,                                    \
	 .unit = unit_,                                          \
	 .help = help_},
#define X_BOOL(name_, field, initial_, help_) \
	{.name = name_,                       \
	 .type = WF_CONFIG_BOOL,              \
	 .offset = FIELD(field),              \
	 .initial = initial_,                 \
	 .help = help_},
#define X_CHOICE(name_, field, names_, initial_, help_) \
	{.name = name_,                                 \
	 .type = WF_CONFIG_CHOICE,                      \
	 .offset = FIELD(field),                        \
	 .initial = initial_,                           \
	 .choices = names_,                             \
	 .help = help_},
#define X_SHARE(name_, field, initial_, help_) \
	{.name = name_,                        \
	 .type = WF_CONFIG_SHARE,              \
	 .offset = FIELD(field),               \
	 .initial_share = initial_,            \
	 .help = help_},
#define X_TEXT(name_, field, initial_, help_) \
	{.name = name_,                       \
	 .type = WF_CONFIG_TEXT,              \
	 .offset = FIELD(field),              \
	 .initial_text = initial_,            \
	 .help = help_},
#define X_LIST(name_, field, element, entries_max, type_, help_)          \
	{.name = name_,                                                   \
	 .type = type_,                                                   \
	 .offset = FIELD(field),                                          \
	 .count_offset = FIELD(field##_count),                            \
	 .max = entries_max,                                              \
	 .choices = (type_) == WF_CONFIG_OVERLAPS ? overlap_names : NULL, \
	 .help = help_},
#define X_LATER(name_, help_) {.name = name_, .type = WF_CONFIG_LATER, .help = help_},
#include "agent/config.def"
#undef X_UINT
#undef X_BOOL
#undef X_CHOICE
#undef X_SHARE
#undef X_TEXT
#undef X_LIST
#undef X_LATER
	{.name = NULL},
};

const struct wf_config_key *wf_config_keys(void)
{
	return keys;
}

int wf_config_refuse(struct wf_config_error *ret_error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(ret_error->text, sizeof(ret_error->text), format, args);
	va_end(args);
	return -EINVAL;
}

const struct wf_config_key *wf_config_key_find(const char *place, const char *name,
					       struct wf_config_error *ret_error)
{
	struct wf_suggest suggest;
	char hint[96];

	wf_suggest_init(&suggest, name);
	for (const struct wf_config_key *key = keys; key->name; key++) {
		if (!strcmp(key->name, name)) {
			if (key->type != WF_CONFIG_LATER)
				return key;
			wf_config_refuse(ret_error, "%s: %s (%s): not built into this version",
					 place, name, key->help);
			return NULL;
		}
		if (key->type != WF_CONFIG_LATER)
			wf_suggest_offer(&suggest, key->name);
	}
	wf_config_refuse(ret_error, "%s: unknown key '%s'%s", place, name,
			 wf_suggest_text(&suggest, hint, sizeof(hint)));
	return NULL;
}

/* ---- whole struct ---- */

static int set_default(struct wf_config *config, const struct wf_config_key *key)
{
	void *field = (char *)config + key->offset;

	switch (key->type) {
	case WF_CONFIG_UINT:
		*(uint64_t *)field = key->initial;
		return 0;
	case WF_CONFIG_BOOL:
		*(bool *)field = key->initial != 0;
		return 0;
	case WF_CONFIG_CHOICE:
		*(int *)field = (int)key->initial;
		return 0;
	case WF_CONFIG_SHARE:
		*(double *)field = key->initial_share;
		return 0;
	case WF_CONFIG_TEXT:
		*(char **)field = strdup(key->initial_text);
		return *(char **)field ? 0 : -ENOMEM;
	case WF_CONFIG_NAMES:
	case WF_CONFIG_PORTS:
	case WF_CONFIG_PREFIXES:
	case WF_CONFIG_OVERLAPS:
	case WF_CONFIG_LATER:
		return 0;
	}
	return -EINVAL;
}

int wf_config_init(struct wf_config *config)
{
	*config = (struct wf_config){0};
	for (const struct wf_config_key *key = keys; key->name; key++) {
		int err = set_default(config, key);

		if (err) {
			wf_config_fini(config);
			return err;
		}
	}
	return 0;
}

void wf_config_fini(struct wf_config *config)
{
	for (const struct wf_config_key *key = keys; key->name; key++)
		wf_config_clear(config, key);
	for (size_t i = 0; i < WF_CONFIG_KEYS; i++)
		free(config->places[i]);
	memset(config->places, 0, sizeof(config->places));
}

/* ---- from a command line ---- */

/* Splits @text (changed) at commas into @items; returns how many, or more than @items_max. */
static size_t split_commas(char *text, const char **items, size_t items_max)
{
	size_t count = 0;
	char *rest = text;
	char *item;

	while ((item = strsep(&rest, ",")) != NULL) {
		if (count == items_max)
			return items_max + 1;
		items[count++] = item;
	}
	return count;
}

static int set_list(struct wf_config *config, const struct wf_config_key *key, const char *place,
		    const char *text, struct wf_config_error *ret_error)
{
	const char **items = calloc(key->max, sizeof(*items));
	char *copy = strdup(text);
	size_t count = 0;
	int err = -ENOMEM;

	if (!items || !copy)
		goto out;

	if (*text)
		count = split_commas(copy, items, key->max);
	if (count > key->max)
		err = wf_config_refuse(ret_error, "%s: more than %llu entries", place,
				       (unsigned long long)key->max);
	else
		err = wf_config_assign(config, key, place, items, count, ret_error);
out:
	free(copy);
	free(items);
	return err;
}

int wf_config_set(struct wf_config *config, const char *place, const char *name, const char *text,
		  struct wf_config_error *ret_error)
{
	const struct wf_config_key *key = wf_config_key_find(place, name, ret_error);

	if (!key)
		return -EINVAL;
	if (wf_config_type_is_list(key->type))
		return set_list(config, key, place, text, ret_error);
	return wf_config_assign(config, key, place, &text, 1, ret_error);
}

int wf_config_set_pair(struct wf_config *config, const char *place, const char *pair,
		       struct wf_config_error *ret_error)
{
	const char *equals = strchr(pair, '=');
	char where[160];
	char *name;
	int err;

	if (!equals || equals == pair)
		return wf_config_refuse(ret_error, "%s '%s': expected key=value", place, pair);

	name = strndup(pair, (size_t)(equals - pair));
	if (!name)
		return -ENOMEM;
	snprintf(where, sizeof(where), "%s %s", place, name);
	err = wf_config_set(config, wf_config_key_find(place, name, ret_error) ? where : place,
			    name, equals + 1, ret_error);
	free(name);
	return err;
}

void wf_config_to_opts(const struct wf_config *config, struct weft_opts *ret_opts)
{
	*ret_opts = (struct weft_opts){
		.sz = sizeof(*ret_opts),
		.workers = (uint32_t)config->workers,
		.check_ownership = config->performance_mode != 0 || config->detect_races,
		.detect_races = config->detect_races,
		.lock_timeout_ms = (uint32_t)config->lock_timeout_ms,
		.filter = *config->filter_expression ? config->filter_expression : NULL,
		.memory_max_bytes = config->memory_mb << 20,
		.flows_max = (uint32_t)config->flows_max,
		.embryonic_max = (uint32_t)config->embryonic_max,
		.half_open_per_source_max = (uint32_t)config->half_open_per_source_max,
		.timeout_embryonic_sec = (uint32_t)config->timeout_embryonic_sec,
		.timeout_established_sec = (uint32_t)config->timeout_established_sec,
		.timeout_closing_sec = (uint32_t)config->timeout_closing_sec,
		.timeout_closed_sec = (uint32_t)config->timeout_closed_sec,
		.no_midstream = !config->midstream,
		.overlap = (enum weft_overlap)config->overlap,
		.overlap_rules = config->overlap_rules,
		.overlap_rules_count = config->overlap_rules_count,
		.deliver = (enum weft_deliver)config->deliver,
		.checksum = (enum weft_checksum)config->checksum,
		.depth_bytes = config->depth_bytes,
		.gap_timeout_ms = (uint32_t)config->gap_timeout_ms,
		.stream_pages_max = (uint32_t)config->stream_pages_max,
		.page_small_bytes = (uint32_t)config->page_small_bytes,
		.page_medium_bytes = (uint32_t)config->page_medium_bytes,
		.page_large_bytes = (uint32_t)config->page_large_bytes,
		.class_pages_max = (uint32_t)config->class_pages_max,
		.fixed_pages = !config->adaptive_sizing,
		.pressure_low_percent = (uint32_t)config->low_percent,
		.pressure_high_percent = (uint32_t)config->high_percent,
		.pressure_critical_percent = (uint32_t)config->critical_percent,
		.monitor_interval_ms = (uint32_t)config->monitor_interval_ms,
		.cleanup_interval_sec = (uint32_t)config->cleanup_interval_sec,
		.process_slack_bytes = PROCESS_SLACK_BYTES,
	};
}

void wf_config_to_interface_opts(const struct wf_config *config,
				 struct weft_interface_opts *ret_opts)
{
	*ret_opts = (struct weft_interface_opts){
		.sz = sizeof(*ret_opts),
		.mode = (enum weft_mode)config->mode,
		.frame_bytes = (uint32_t)config->frame_bytes,
		.ring_frames = (uint32_t)config->ring_frames,
		.busy_poll_us = (uint32_t)config->busy_poll_us,
		.generic = config->generic,
		.pin_dir = *config->pin_dir ? config->pin_dir : NULL,
		.ports = config->ports,
		.ports_count = config->ports_count,
		.allow = config->allow,
		.allow_count = config->allow_count,
		.deny = config->deny,
		.deny_count = config->deny_count,
		.sample = config->sample,
		.no_shed = !config->shed,
		.nic_hash = (enum weft_nic_hash)config->nic_hash,
		.tc_attach = (enum weft_tc_attach)config->tc_attach,
	};
}

/* ---- show ---- */

/* Writes the section headings that @name opens and @last did not have open. Returns the depth. */
static int show_sections(const char *name, const char *last, FILE *out)
{
	bool same = true;
	int depth = 0;
	const char *dot;

	for (const char *part = name; (dot = strchr(part, '.')) != NULL; part = dot + 1) {
		same = same && !strncmp(name, last, (size_t)(dot - name) + 1);
		if (!same)
			fprintf(out, "%s%*s%.*s:\n", depth == 0 && *last ? "\n" : "", 2 * depth, "",
				(int)(dot - part), part);
		depth++;
	}
	return depth;
}

static void show_range(const struct wf_config_key *key, FILE *out)
{
	char text[256];

	switch (key->type) {
	case WF_CONFIG_UINT:
	case WF_CONFIG_SHARE:
	case WF_CONFIG_CHOICE:
		fprintf(out, " (%s)", wf_config_expects(key, text, sizeof(text)));
		break;
	case WF_CONFIG_BOOL:
	case WF_CONFIG_TEXT:
	case WF_CONFIG_NAMES:
	case WF_CONFIG_PORTS:
	case WF_CONFIG_PREFIXES:
	case WF_CONFIG_OVERLAPS:
	case WF_CONFIG_LATER:
		break;
	}
}

void wf_config_show(const struct wf_config *config, FILE *out)
{
	const char *last = "";

	for (const struct wf_config_key *key = keys; key->name; key++) {
		int depth;

		if (key->type == WF_CONFIG_LATER)
			continue;
		depth = show_sections(key->name, last, out);
		fprintf(out, "%*s# %s", 2 * depth, "", key->help);
		show_range(key, out);
		fprintf(out, "\n%*s%s: ", 2 * depth, "", strrchr(key->name, '.') + 1);
		wf_config_value_print(config, key, out);
		fputc('\n', out);
		last = key->name;
	}
}
