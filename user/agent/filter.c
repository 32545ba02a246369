// SPDX-License-Identifier: BSD-2-Clause
/*
 * filter.c - the control command "filter", and which part of a filter is checked where.
 */
#include "agent/filter.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <weft/weft.h>

/* ---- values as on a command line ---- */

static void print_ports(const struct wf_config *config, FILE *out)
{
	for (size_t i = 0; i < config->ports_count; i++)
		fprintf(out, "%s%u", i ? "," : "", config->ports[i]);
}

static void print_prefixes(const struct weft_prefix *prefixes, size_t count, FILE *out)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	for (size_t i = 0; i < count; i++) {
		const struct weft_prefix *prefix = &prefixes[i];
		bool is_ipv4 = prefix->bits >= 96 && !memcmp(prefix->addr, mapped, sizeof(mapped));
		char text[INET6_ADDRSTRLEN] = "?";

		if (is_ipv4)
			inet_ntop(AF_INET, prefix->addr + 12, text, sizeof(text));
		else
			inet_ntop(AF_INET6, prefix->addr, text, sizeof(text));
		fprintf(out, "%s%s/%d", i ? "," : "", text, prefix->bits - (is_ipv4 ? 96 : 0));
	}
}

enum part { PART_EXPRESSION = 0, PART_ALLOW, PART_DENY, PART_PORTS, PART_SAMPLE };

static const char *const part_keys[] = {"filter.expression", "filter.allow", "filter.deny",
					"filter.ports", "filter.sample"};
enum { PARTS = sizeof(part_keys) / sizeof(part_keys[0]) };

static void print_part(const struct wf_config *config, enum part part, FILE *out)
{
	switch (part) {
	case PART_EXPRESSION:
		fputs(config->filter_expression, out);
		break;
	case PART_ALLOW:
		print_prefixes(config->allow, config->allow_count, out);
		break;
	case PART_DENY:
		print_prefixes(config->deny, config->deny_count, out);
		break;
	case PART_PORTS:
		print_ports(config, out);
		break;
	case PART_SAMPLE:
		fprintf(out, "%g", config->sample);
		break;
	}
}

/* NULL: no memory. The caller frees it. */
static char *part_text(const struct wf_config *config, enum part part)
{
	char *text = NULL;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	if (!out)
		return NULL;
	print_part(config, part, out);
	if (!fclose(out))
		return text;
	free(text);
	return NULL;
}

static bool is_set(const struct wf_config *config, enum part part)
{
	switch (part) {
	case PART_EXPRESSION:
		return *config->filter_expression;
	case PART_ALLOW:
		return config->allow_count > 0;
	case PART_DENY:
		return config->deny_count > 0;
	case PART_PORTS:
		return config->ports_count > 0;
	case PART_SAMPLE:
		return config->sample < 1;
	}
	return false;
}

static json_t *parts_new(const struct wf_config *config)
{
	json_t *parts = json_object();

	for (int part = 0; part < PARTS; part++) {
		char *text;

		if (!is_set(config, (enum part)part))
			continue;
		text = part_text(config, (enum part)part);
		if (!text || json_object_set_new(parts, part_keys[part], json_string(text))) {
			free(text);
			json_decref(parts);
			return NULL;
		}
		free(text);
	}
	return parts;
}

json_t *wf_filter_request_new(const struct wf_config *config)
{
	json_t *request = parts_new(config);

	json_object_set_new(request, "command", json_string("filter"));
	return request;
}

/* ---- setting ---- */

static int read_parts(const json_t *request, struct wf_config *config,
		      struct wf_control_error *ret_error)
{
	for (int part = 0; part < PARTS; part++) {
		const char *text = json_string_value(json_object_get(request, part_keys[part]));
		struct wf_config_error error = {"out of memory"};

		if (!text || !wf_config_set(config, part_keys[part], part_keys[part], text, &error))
			continue;
		snprintf(ret_error->text, sizeof(ret_error->text), "%.255s", error.text);
		return -EINVAL;
	}
	return 0;
}

static const char *why_not_set(int err)
{
	switch (err) {
	case -EINVAL:
		return "the expression is not in tcpdump's syntax; the agent's log tells why";
	case -ETIMEDOUT:
		return "a worker is too busy to answer";
	default:
		return strerror(-err);
	}
}

json_t *wf_filter_set_new(struct weft *weft, const json_t *request,
			  struct wf_control_error *ret_error)
{
	WEFT_OPTS(weft_filter_opts, opts, .expression = NULL);
	struct wf_config config;
	json_t *answer = NULL;
	int err = wf_config_init(&config);

	if (!err)
		err = read_parts(request, &config, ret_error);
	if (err)
		goto out;
	opts.expression = config.filter_expression;
	opts.ports = config.ports;
	opts.ports_count = config.ports_count;
	opts.allow = config.allow;
	opts.allow_count = config.allow_count;
	opts.deny = config.deny;
	opts.deny_count = config.deny_count;
	opts.sample = config.sample;
	err = weft_filter_set(weft, &opts);
	if (!err)
		answer = parts_new(&config);
out:
	if (!answer && !*ret_error->text)
		snprintf(ret_error->text, sizeof(ret_error->text),
			 "filter: %s; the old one is in use", why_not_set(err ? err : -ENOMEM));
	wf_config_fini(&config);
	return answer;
}

/* ---- explaining ---- */

void wf_filter_explain(const struct wf_config *config, bool is_live, FILE *out)
{
	bool any = false;

	for (int part = 0; part < PARTS; part++) {
		const char *where = part == PART_EXPRESSION
					    ? "user space, before decoding"
					    : "kernel (XDP), before anything is copied";

		if (!is_set(config, (enum part)part))
			continue;
		if (part != PART_EXPRESSION && !is_live)
			where = "nowhere: of live capture only";
		fprintf(out, "%-18s ", part_keys[part]);
		print_part(config, (enum part)part, out);
		fprintf(out, "\n%18s -> %s\n", "", where);
		any = true;
	}
	if (!any)
		fputs("no filter: every TCP segment is wanted\n", out);
}
