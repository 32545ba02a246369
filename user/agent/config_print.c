// SPDX-License-Identifier: BSD-2-Clause
/*
 * config_print.c - one value to text, such that it reads back as the same value.
 */
#include <arpa/inet.h>
#include <string.h>

#include "agent/config_internal.h"

static void print_quoted(const char *text, FILE *out)
{
	fputc('"', out);
	for (; *text; text++) {
		if ((unsigned char)*text < 0x20)
			fprintf(out, "\\x%02x", (unsigned char)*text);
		else
			fprintf(out, "%s%c", *text == '"' || *text == '\\' ? "\\" : "", *text);
	}
	fputc('"', out);
}

static void print_prefix(const struct weft_prefix *prefix, FILE *out)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	bool is_v4 = prefix->bits >= 96 && !memcmp(prefix->addr, mapped, sizeof(mapped));
	char addr[INET6_ADDRSTRLEN];

	if (is_v4)
		inet_ntop(AF_INET, prefix->addr + 12, addr, sizeof(addr));
	else
		inet_ntop(AF_INET6, prefix->addr, addr, sizeof(addr));
	fprintf(out, "\"%s/%u\"", addr, prefix->bits - (is_v4 ? 96u : 0u));
}

static void print_element(const struct wf_config_key *key, const void *slot, FILE *out)
{
	const struct weft_overlap_rule *rule = slot;

	if (key->type == WF_CONFIG_NAMES) {
		print_quoted(*(char *const *)slot, out);
	} else if (key->type == WF_CONFIG_PORTS) {
		fprintf(out, "%u", *(const uint16_t *)slot);
	} else if (key->type == WF_CONFIG_PREFIXES) {
		print_prefix(slot, out);
	} else {
		print_prefix(&rule->prefix, out);
		fprintf(out, ": %s", key->choices[rule->policy]);
	}
}

static void print_list(const struct wf_config *config, const struct wf_config_key *key, FILE *out)
{
	const char *list = *(char *const *)((const char *)config + key->offset);
	size_t count = *(const size_t *)((const char *)config + key->count_offset);
	bool is_map = key->type == WF_CONFIG_OVERLAPS;

	fputc(is_map ? '{' : '[', out);
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			fputs(", ", out);
		print_element(key, list + i * wf_config_element_bytes(key->type), out);
	}
	fputc(is_map ? '}' : ']', out);
}

void wf_config_value_print(const struct wf_config *config, const struct wf_config_key *key,
			   FILE *out)
{
	const void *field = (const char *)config + key->offset;

	switch (key->type) {
	case WF_CONFIG_UINT:
		fprintf(out, "%llu", (unsigned long long)*(const uint64_t *)field);
		break;
	case WF_CONFIG_BOOL:
		fputs(*(const bool *)field ? "true" : "false", out);
		break;
	case WF_CONFIG_CHOICE:
		fputs(key->choices[*(const int *)field], out);
		break;
	case WF_CONFIG_SHARE:
		fprintf(out, "%.17g", *(const double *)field);
		break;
	case WF_CONFIG_TEXT:
		print_quoted(*(char *const *)field, out);
		break;
	case WF_CONFIG_NAMES:
	case WF_CONFIG_PORTS:
	case WF_CONFIG_PREFIXES:
	case WF_CONFIG_OVERLAPS:
		print_list(config, key, out);
		break;
	case WF_CONFIG_LATER:
		break;
	}
}
