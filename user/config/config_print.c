// SPDX-License-Identifier: BSD-2-Clause
/*
 * config_print.c - prints values as text: as YAML, which parses to the same value, or plain, where
 * a share is rounded to 6 digits.
 */
#include "config/config_print.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "config/config_value.h"

/* ---- one value ---- */

/* The notation of a value. */
struct style {
	bool is_yaml;	   /* true: YAML with quotes and brackets; false: plain text */
	const char *comma; /* separator of list entries */
	const char *share; /* printf format of a share */
};

static const struct style yaml = {.is_yaml = true, .comma = ", ", .share = "%.17g"};
static const struct style plain = {.comma = ",", .share = "%g"};

static void print_text(const struct style *style, const char *text, FILE *out)
{
	if (!text)
		text = "";
	if (!style->is_yaml) {
		fputs(text, out);
		return;
	}
	fputc('"', out);
	for (; *text; text++) {
		if ((unsigned char)*text < 0x20)
			fprintf(out, "\\x%02x", (unsigned char)*text);
		else
			fprintf(out, "%s%c", *text == '"' || *text == '\\' ? "\\" : "", *text);
	}
	fputc('"', out);
}

static void print_prefix(const struct style *style, const struct weft_prefix *prefix, FILE *out)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	bool is_ipv4 = prefix->bits >= 96 && !memcmp(prefix->addr, mapped, sizeof(mapped));
	char addr[INET6_ADDRSTRLEN] = "?";
	char text[INET6_ADDRSTRLEN + 8];

	if (is_ipv4)
		inet_ntop(AF_INET, prefix->addr + 12, addr, sizeof(addr));
	else
		inet_ntop(AF_INET6, prefix->addr, addr, sizeof(addr));
	snprintf(text, sizeof(text), "%s/%u", addr, prefix->bits - (is_ipv4 ? 96u : 0u));
	print_text(style, text, out);
}

static void print_element(const struct style *style, const struct wf_config_key *key,
			  const void *slot, FILE *out)
{
	const struct weft_overlap_rule *overlap = slot;
	const struct weft_verdict_rule *verdict = slot;

	if (key->type == WF_CONFIG_NAMES) {
		print_text(style, *(char *const *)slot, out);
	} else if (key->type == WF_CONFIG_PORTS) {
		fprintf(out, "%u", *(const uint16_t *)slot);
	} else if (key->type == WF_CONFIG_PREFIXES) {
		print_prefix(style, slot, out);
	} else {
		print_prefix(style, &overlap->prefix, out);
		fprintf(out, "%s%s", style->is_yaml ? ": " : "=",
			key->choices[key->type == WF_CONFIG_OVERLAPS
					     ? (unsigned int)overlap->policy
					     : (unsigned int)verdict->verdict]);
	}
}

static void print_list(const struct style *style, const struct wf_config *config,
		       const struct wf_config_key *key, FILE *out)
{
	const char *list = *(char *const *)((const char *)config + key->offset);
	size_t count = *(const size_t *)((const char *)config + key->count_offset);
	bool is_map = wf_config_type_is_map(key->type);

	if (style->is_yaml)
		fputc(is_map ? '{' : '[', out);
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			fputs(style->comma, out);
		print_element(style, key, list + i * wf_config_element_bytes(key->type), out);
	}
	if (style->is_yaml)
		fputc(is_map ? '}' : ']', out);
}

static void print_value(const struct style *style, const struct wf_config *config,
			const struct wf_config_key *key, FILE *out)
{
	const void *member = (const char *)config + key->offset;

	switch (key->type) {
	case WF_CONFIG_NUMBER:
	case WF_CONFIG_MEBIBYTES:
		fprintf(out, "%llu", (unsigned long long)wf_config_number(config, key));
		break;
	case WF_CONFIG_SWITCH:
		fputs(wf_config_number(config, key) == WEFT_ON ? "true" : "false", out);
		break;
	case WF_CONFIG_CHOICE:
		fputs(key->choices[wf_config_number(config, key)], out);
		break;
	case WF_CONFIG_SHARE:
		fprintf(out, style->share, *(const double *)member);
		break;
	case WF_CONFIG_TEXT:
		print_text(style, *(char *const *)member, out);
		break;
	case WF_CONFIG_NAMES:
	case WF_CONFIG_PORTS:
	case WF_CONFIG_PREFIXES:
	case WF_CONFIG_OVERLAPS:
	case WF_CONFIG_VERDICTS:
		print_list(style, config, key, out);
		break;
	case WF_CONFIG_LATER:
		break;
	}
}

void wf_config_print_plain(const struct wf_config *config, const struct wf_config_key *key,
			   FILE *out)
{
	print_value(&plain, config, key, out);
}

char *wf_config_text_new(const struct wf_config *config, const struct wf_config_key *key)
{
	char *text = NULL;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	if (!out)
		return NULL;
	wf_config_print_plain(config, key, out);
	if (!fclose(out))
		return text;
	free(text);
	return NULL;
}

/* ---- all values ---- */

bool wf_config_has_range(const struct wf_config_key *key)
{
	enum wf_config_type type = key->type;

	return type == WF_CONFIG_NUMBER || type == WF_CONFIG_MEBIBYTES || type == WF_CONFIG_SHARE ||
	       type == WF_CONFIG_CHOICE;
}

static void show_key(const struct wf_config *config, const struct wf_config_key *key, int depth,
		     FILE *out)
{
	char range[256];

	fprintf(out, "%*s# %s", 2 * depth, "", key->help);
	if (wf_config_has_range(key))
		fprintf(out, " (%s)", wf_config_expects(key, range, sizeof(range)));
	fprintf(out, "\n%*s%s: ", 2 * depth, "", strrchr(key->name, '.') + 1);
	print_value(&yaml, config, key, out);
	fputc('\n', out);
}

/*
 * Return true if @key is in the section named by the first @chars of @name, which end with a dot; 0
 * characters mean the top level.
 */
static bool is_in(const struct wf_config_key *key, const char *name, size_t chars)
{
	return key->type != WF_CONFIG_LATER && !strncmp(key->name, name, chars);
}

/*
 * Return true if the section named by the first @chars of @key's name was already shown, because an
 * earlier key is in it.
 */
static bool is_shown(const struct wf_config_key *key, size_t chars)
{
	for (const struct wf_config_key *other = wf_config_keys(); other < key; other++)
		if (is_in(other, key->name, chars))
			return true;
	return false;
}

/*
 * Print the keys of a section, which may be spread over the table. An inner section is printed at
 * the position of its first key. The recursion depth is bounded by the dots in the names of keys.
 */
static void show_section(const struct wf_config *config, const char *section, size_t chars,
			 int depth, FILE *out)
{
	for (const struct wf_config_key *key = wf_config_keys(); key->name; key++) {
		const char *dot;
		size_t inner;

		if (!is_in(key, section, chars))
			continue;
		dot = strchr(key->name + chars, '.');
		if (!dot) {
			show_key(config, key, depth, out);
			continue;
		}
		inner = (size_t)(dot - key->name) + 1;
		if (is_shown(key, inner))
			continue;
		fprintf(out, "%s%*s%.*s:\n", depth == 0 && key > wf_config_keys() ? "\n" : "",
			2 * depth, "", (int)(inner - chars - 1), key->name + chars);
		show_section(config, key->name, inner, depth + 1, out);
	}
}

void wf_config_show(const struct wf_config *config, FILE *out)
{
	show_section(config, "", 0, 0, out);
}
