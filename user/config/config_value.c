// SPDX-License-Identifier: BSD-2-Clause
/*
 * config_value.c - parses one value and describes the values that are allowed.
 *
 * A new list is parsed completely before it replaces the old one, so that a rejected value changes
 * nothing.
 */
#include "config/config_value.h"

#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config_unit.h"

static void join_choices(const char *const *choices, char *buf, size_t buf_bytes)
{
	size_t used = 0;

	buf[0] = '\0';
	for (; *choices && used < buf_bytes; choices++)
		used += (size_t)snprintf(buf + used, buf_bytes - used, "%s%s", used ? ", " : "",
					 *choices);
}

const char *wf_config_expects(const struct wf_config_key *key, char *buf, size_t buf_bytes)
{
	char names[200];

	switch (key->type) {
	case WF_CONFIG_NUMBER:
	case WF_CONFIG_MEBIBYTES:
		if (key->max == UINT64_MAX)
			snprintf(buf, buf_bytes, "%llu or more %s", (unsigned long long)key->min,
				 key->unit);
		else
			snprintf(buf, buf_bytes, "%llu to %llu %s", (unsigned long long)key->min,
				 (unsigned long long)key->max, key->unit);
		break;
	case WF_CONFIG_SWITCH:
		snprintf(buf, buf_bytes, "true or false");
		break;
	case WF_CONFIG_CHOICE:
		join_choices(key->choices, names, sizeof(names));
		snprintf(buf, buf_bytes, "one of %s", names);
		break;
	case WF_CONFIG_SHARE:
		snprintf(buf, buf_bytes, "above 0, up to 1");
		break;
	case WF_CONFIG_TEXT:
		snprintf(buf, buf_bytes, "text");
		break;
	case WF_CONFIG_NAMES:
		snprintf(buf, buf_bytes, "a list of interface names");
		break;
	case WF_CONFIG_PORTS:
		snprintf(buf, buf_bytes, "a list of ports, 1 to 65535");
		break;
	case WF_CONFIG_PREFIXES:
		snprintf(buf, buf_bytes, "a list of prefixes such as 10.0.0.0/8 or 2001:db8::/32");
		break;
	case WF_CONFIG_OVERLAPS:
		join_choices(key->choices, names, sizeof(names));
		snprintf(buf, buf_bytes, "prefix: policy, which is one of %s", names);
		break;
	case WF_CONFIG_VERDICTS:
		join_choices(key->choices, names, sizeof(names));
		snprintf(buf, buf_bytes, "prefix: verdict, which is one of %s", names);
		break;
	case WF_CONFIG_LATER:
		snprintf(buf, buf_bytes, "nothing");
		break;
	}
	return buf;
}

/* ---- scalars; each returns false if @text is no such value ---- */

static bool parse_digits(const char *text, uint64_t *ret_value, const char **ret_end)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*ret_value = strtoull(text, &end, 10);
	*ret_end = end;
	return errno == 0;
}

static bool parse_number(const struct wf_config_key *key, const char *text, uint64_t *ret_value)
{
	uint64_t value;
	const char *end;

	if (!parse_digits(text, &value, &end))
		return false;
	if (*end && !wf_config_unit_convert(key->unit, end, &value))
		return false;
	if (value < key->min || value > key->max)
		return false;
	*ret_value = value;
	return true;
}

static bool parse_switch(const char *text, uint64_t *ret_value)
{
	if (strcmp(text, "true") && strcmp(text, "false"))
		return false;
	*ret_value = text[0] == 't' ? WEFT_ON : WEFT_OFF;
	return true;
}

static bool parse_choice(const char *const *choices, const char *text, uint64_t *ret_value)
{
	for (size_t i = 0; choices[i]; i++) {
		if (!strcmp(choices[i], text)) {
			*ret_value = i;
			return true;
		}
	}
	return false;
}

static bool parse_share(const char *text, double *ret_value)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || *end || !isfinite(value) || value <= 0 || value > 1)
		return false;
	*ret_value = value;
	return true;
}

static bool parse_scalar(const struct wf_config_key *key, const char *text, uint64_t *ret_value)
{
	switch (key->type) {
	case WF_CONFIG_NUMBER:
	case WF_CONFIG_MEBIBYTES:
		return parse_number(key, text, ret_value);
	case WF_CONFIG_SWITCH:
		return parse_switch(text, ret_value);
	case WF_CONFIG_CHOICE:
		return parse_choice(key->choices, text, ret_value);
	case WF_CONFIG_SHARE:
	case WF_CONFIG_TEXT:
	case WF_CONFIG_NAMES:
	case WF_CONFIG_PORTS:
	case WF_CONFIG_PREFIXES:
	case WF_CONFIG_OVERLAPS:
	case WF_CONFIG_VERDICTS:
	case WF_CONFIG_LATER:
		break;
	}
	return false;
}

static bool assign_scalar(struct wf_config *config, const struct wf_config_key *key,
			  const char *text)
{
	uint64_t value;

	if (key->type == WF_CONFIG_SHARE)
		return parse_share(text, (double *)((char *)config + key->offset));
	if (!parse_scalar(key, text, &value))
		return false;
	wf_config_set_number(config, key, value);
	return true;
}

/* ---- elements of lists; each returns 0, -EINVAL or -ENOMEM ---- */

static int parse_ifname(const char *text, char **ret_name)
{
	size_t chars = strlen(text);

	if (chars == 0 || chars >= IFNAMSIZ || strpbrk(text, "/ \t\n:") || !strcmp(text, ".") ||
	    !strcmp(text, ".."))
		return -EINVAL;
	*ret_name = strdup(text);
	return *ret_name ? 0 : -ENOMEM;
}

static int parse_port(const char *text, uint16_t *ret_port)
{
	uint64_t value;
	const char *end;

	if (!parse_digits(text, &value, &end) || *end || value < 1 || value > UINT16_MAX)
		return -EINVAL;
	*ret_port = (uint16_t)value;
	return 0;
}

static bool has_bits_beyond(const uint8_t addr[16], unsigned bits)
{
	for (unsigned bit = bits; bit < 128; bit++)
		if (addr[bit / 8] & (0x80u >> (bit % 8)))
			return true;
	return false;
}

/*
 * Parse the address before an optional "/bits"; an IPv4 address becomes ::ffff:a.b.c.d. Return: the
 * offset of the first bit of the address (96 for IPv4, 0 for IPv6); -EINVAL.
 */
static int parse_address(const char *text, size_t chars, uint8_t ret_addr[16])
{
	char addr[INET6_ADDRSTRLEN];

	if (chars >= sizeof(addr))
		return -EINVAL;
	memcpy(addr, text, chars);
	addr[chars] = '\0';
	memset(ret_addr, 0, 16);
	if (inet_pton(AF_INET6, addr, ret_addr) == 1)
		return 0;
	if (inet_pton(AF_INET, addr, ret_addr + 12) != 1)
		return -EINVAL;
	ret_addr[10] = 0xff;
	ret_addr[11] = 0xff;
	return 96;
}

/* Parse a prefix, which may have bits beyond its length. */
static int parse_any_prefix(const char *text, struct weft_prefix *ret_prefix)
{
	size_t chars = strcspn(text, "/");
	int first_bit = parse_address(text, chars, ret_prefix->addr);
	uint64_t bits = 128 - (unsigned)first_bit;
	const char *end = "";

	if (first_bit < 0)
		return -EINVAL;
	if (text[chars] && (!parse_digits(text + chars + 1, &bits, &end) || *end ||
			    bits > 128 - (unsigned)first_bit))
		return -EINVAL;
	ret_prefix->bits = (uint8_t)(bits + (unsigned)first_bit);
	return 0;
}

static int parse_prefix(const char *text, struct weft_prefix *ret_prefix)
{
	int err = parse_any_prefix(text, ret_prefix);

	if (err)
		return err;
	/* Reject bits set after the prefix length: 10.1.2.3/8 is most likely a mistake. */
	return has_bits_beyond(ret_prefix->addr, ret_prefix->bits) ? -EINVAL : 0;
}

/* Parse "prefix=choice". */
static int parse_rule(const struct wf_config_key *key, const char *text,
		      struct weft_prefix *ret_prefix, uint64_t *ret_choice)
{
	const char *equals = strchr(text, '=');
	char prefix[INET6_ADDRSTRLEN + 4];

	if (!equals || (size_t)(equals - text) >= sizeof(prefix))
		return -EINVAL;
	memcpy(prefix, text, (size_t)(equals - text));
	prefix[equals - text] = '\0';
	if (parse_prefix(prefix, ret_prefix) || !parse_choice(key->choices, equals + 1, ret_choice))
		return -EINVAL;
	return 0;
}

static int parse_overlap_rule(const struct wf_config_key *key, const char *text,
			      struct weft_overlap_rule *ret_rule)
{
	uint64_t policy = 0;
	int err = parse_rule(key, text, &ret_rule->prefix, &policy);

	ret_rule->policy = (enum weft_overlap)policy;
	return err;
}

static int parse_verdict_rule(const struct wf_config_key *key, const char *text,
			      struct weft_verdict_rule *ret_rule)
{
	uint64_t verdict = 0;
	int err = parse_rule(key, text, &ret_rule->prefix, &verdict);

	ret_rule->verdict = (enum weft_verdict)verdict;
	return err;
}

static int parse_element(const struct wf_config_key *key, const char *text, void *slot)
{
	switch (key->type) {
	case WF_CONFIG_NAMES:
		return parse_ifname(text, slot);
	case WF_CONFIG_PORTS:
		return parse_port(text, slot);
	case WF_CONFIG_PREFIXES:
		return parse_prefix(text, slot);
	case WF_CONFIG_OVERLAPS:
		return parse_overlap_rule(key, text, slot);
	case WF_CONFIG_VERDICTS:
		return parse_verdict_rule(key, text, slot);
	case WF_CONFIG_NUMBER:
	case WF_CONFIG_MEBIBYTES:
	case WF_CONFIG_SWITCH:
	case WF_CONFIG_CHOICE:
	case WF_CONFIG_SHARE:
	case WF_CONFIG_TEXT:
	case WF_CONFIG_LATER:
		break;
	}
	return -EINVAL;
}

static void free_list(enum wf_config_type type, void *list, size_t count)
{
	if (type == WF_CONFIG_NAMES)
		for (size_t i = 0; i < count; i++)
			free(((char **)list)[i]);
	free(list);
}

/*
 * Return true if @text, an entry of a list of prefixes, begins with a prefix that has bits beyond
 * its length, such as 10.1.2.3/8.
 */
static bool has_host_bits(const struct wf_config_key *key, const char *text)
{
	bool is_prefix = key->type == WF_CONFIG_PREFIXES || key->type == WF_CONFIG_OVERLAPS ||
			 key->type == WF_CONFIG_VERDICTS;
	char copy[INET6_ADDRSTRLEN + 4];
	struct weft_prefix prefix;

	snprintf(copy, sizeof(copy), "%.*s", (int)strcspn(text, "="), text);
	return is_prefix && !parse_any_prefix(copy, &prefix) &&
	       has_bits_beyond(prefix.addr, prefix.bits);
}

static int refuse_value(const struct wf_config_key *key, const char *place, const char *text,
			struct wf_config_error *ret_error)
{
	char expected[256];

	if (has_host_bits(key, text))
		return wf_config_refuse(ret_error,
					"%s: '%s': expected a prefix without bits beyond its "
					"length, such as 10.0.0.0/8",
					place, text);
	return wf_config_refuse(ret_error, "%s: '%s': expected %s%s", place, text,
				wf_config_expects(key, expected, sizeof(expected)),
				key->unit ? wf_config_unit_examples(key->unit) : "");
}

static int assign_list(struct wf_config *config, const struct wf_config_key *key, const char *place,
		       const char *const *items, size_t items_count,
		       struct wf_config_error *ret_error)
{
	size_t bytes = wf_config_element_bytes(key->type);
	char *list = NULL;
	size_t done = 0;
	int err = 0;

	if (items_count > key->max)
		return wf_config_refuse(ret_error, "%s: %zu entries: expected at most %llu", place,
					items_count, (unsigned long long)key->max);
	if (items_count > 0) {
		list = calloc(items_count, bytes);
		if (!list)
			return -ENOMEM;
	}
	for (; done < items_count && !err; done++)
		err = parse_element(key, items[done], list + done * bytes);
	if (err) {
		free_list(key->type, list, done - 1);
		return err == -EINVAL ? refuse_value(key, place, items[done - 1], ret_error) : err;
	}

	wf_config_clear(config, key);
	*(void **)((char *)config + key->offset) = list;
	*(size_t *)((char *)config + key->count_offset) = items_count;
	return 0;
}

static int assign(struct wf_config *config, const struct wf_config_key *key, const char *place,
		  const char *const *items, size_t items_count, struct wf_config_error *ret_error)
{
	char *copy;

	if (wf_config_type_is_list(key->type))
		return assign_list(config, key, place, items, items_count, ret_error);
	if (key->type == WF_CONFIG_TEXT) {
		copy = *items[0] ? strdup(items[0]) : NULL;
		if (*items[0] && !copy)
			return -ENOMEM;
		wf_config_clear(config, key);
		*(char **)((char *)config + key->offset) = copy;
		return 0;
	}
	if (!assign_scalar(config, key, items[0]))
		return refuse_value(key, place, items[0], ret_error);
	return 0;
}

int wf_config_assign(struct wf_config *config, const struct wf_config_key *key, const char *place,
		     const char *const *items, size_t items_count,
		     struct wf_config_error *ret_error)
{
	char **where = &config->places[key - wf_config_keys()];
	int err = assign(config, key, place, items, items_count, ret_error);

	if (err)
		return err;
	free(*where);
	*where = strdup(place);
	return *where ? 0 : -ENOMEM;
}

void wf_config_clear(struct wf_config *config, const struct wf_config_key *key)
{
	void **owned = (void **)((char *)config + key->offset);

	if (key->type == WF_CONFIG_TEXT) {
		free(*owned);
		*owned = NULL;
	} else if (wf_config_type_is_list(key->type)) {
		size_t *count = (size_t *)((char *)config + key->count_offset);

		free_list(key->type, *owned, *count);
		*owned = NULL;
		*count = 0;
	}
}

int wf_config_prefix(const char *text, struct weft_prefix *ret_prefix)
{
	return parse_prefix(text, ret_prefix);
}
