// SPDX-License-Identifier: BSD-2-Clause
/*
 * names.c - names of sensors consist only of characters that are valid in a subject, in a file name
 * and in a name of a consumer. A text is accepted only if formatting its parsed value gives the
 * same text, so that each sensor, subject and flow has only one name.
 */
#include "bus/names.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "sink/format/text_out.h"

#define PREFIX "weft."

enum { ENDPOINT_BYTES = 18, BOOT_DIGITS = 16 };

static bool is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '-';
}

static bool is_name(const char *text, size_t len, size_t max)
{
	if (!len || len > max)
		return false;
	for (size_t i = 0; i < len; i++)
		if (!is_name_char(text[i]))
			return false;
	return true;
}

static bool is_sensor(const char *text, size_t len)
{
	return is_name(text, len, WF_BUS_SENSOR_BYTES - 1);
}

bool wf_bus_sensor_is(const char *text)
{
	return is_sensor(text, strlen(text));
}

bool wf_bus_stream_is(const char *text)
{
	return is_name(text, strlen(text), WF_BUS_STREAM_CHARS_MAX);
}

void wf_bus_sensor_from_host(const char *host, char ret_sensor[WF_BUS_SENSOR_BYTES])
{
	snprintf(ret_sensor, WF_BUS_SENSOR_BYTES, "%s", *host ? host : "sensor");
	for (char *pos = ret_sensor; *pos; pos++)
		if (!is_name_char(*pos))
			*pos = '_';
}

int wf_bus_u64_parse(const char *text, uint64_t max, uint64_t *ret_value)
{
	uint64_t value = 0;

	if (!*text || (*text == '0' && text[1]))
		return -EINVAL;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return -EINVAL;
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*text - '0'), &value))
			return -ERANGE;
	}
	if (value > max)
		return -ERANGE;
	*ret_value = value;
	return 0;
}

/* ---- subjects ---- */

void wf_bus_subject_text(const struct wf_bus_subject *subject, char *ret_text)
{
	char *end = wf_text_put(wf_text_put(ret_text, PREFIX), subject->sensor);

	switch (subject->kind) {
	case WF_BUS_SUBJECT_DATA:
		end = wf_text_put_u64(wf_text_put(end, ".data."), subject->partition);
		break;
	case WF_BUS_SUBJECT_EVENT:
		end = wf_text_put(wf_text_put(end, ".event."), subject->type);
		break;
	case WF_BUS_SUBJECT_STATS:
		end = wf_text_put(end, ".stats");
		break;
	}
	*end = '\0';
}

static int parse_type(const char *text, char *ret_type)
{
	size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyz_");

	if (!len || text[len] || len >= WF_BUS_TYPE_BYTES)
		return -EINVAL;
	memcpy(ret_type, text, len + 1);
	return 0;
}

int wf_bus_subject_parse(const char *text, struct wf_bus_subject *ret_subject)
{
	struct wf_bus_subject subject = {.kind = WF_BUS_SUBJECT_DATA};
	const char *sensor = text + strlen(PREFIX);
	const char *rest;
	uint64_t partition = 0;
	int err = 0;

	if (strncmp(text, PREFIX, strlen(PREFIX)))
		return -EINVAL;
	rest = strchr(sensor, '.');
	if (!rest || !is_sensor(sensor, (size_t)(rest - sensor)))
		return -EINVAL;
	memcpy(subject.sensor, sensor, (size_t)(rest - sensor));
	if (!strncmp(rest, ".data.", 6)) {
		err = wf_bus_u64_parse(rest + 6, WF_BUS_PARTITIONS_MAX - 1, &partition);
		subject.partition = (uint32_t)partition;
	} else if (!strncmp(rest, ".event.", 7)) {
		subject.kind = WF_BUS_SUBJECT_EVENT;
		err = parse_type(rest + 7, subject.type);
	} else if (!strcmp(rest, ".stats")) {
		subject.kind = WF_BUS_SUBJECT_STATS;
	} else {
		err = -EINVAL;
	}
	if (err)
		return -EINVAL;
	*ret_subject = subject;
	return 0;
}

/* ---- flows ---- */

void wf_bus_flow_text(const struct wf_bus_flow *flow, char *ret_text)
{
	char *end = wf_text_put(wf_text_put(ret_text, flow->sensor), "-");

	end = wf_text_put(wf_text_put_hex64(end, flow->boot), "-");
	*wf_text_put_u64(end, flow->id) = '\0';
}

static int parse_boot(const char *text, uint64_t *ret_boot)
{
	uint64_t boot = 0;

	for (int i = 0; i < BOOT_DIGITS; i++) {
		char c = text[i];

		if (c >= '0' && c <= '9')
			boot = boot << 4 | (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			boot = boot << 4 | (uint64_t)(c - 'a' + 10);
		else
			return -EINVAL;
	}
	*ret_boot = boot;
	return 0;
}

int wf_bus_flow_parse(const char *text, struct wf_bus_flow *ret_flow)
{
	struct wf_bus_flow flow = {.boot = 0};
	const char *id = strrchr(text, '-');
	const char *boot;

	if (!id || id - text < BOOT_DIGITS + 2)
		return -EINVAL;
	boot = id - BOOT_DIGITS;
	if (boot[-1] != '-' || !is_sensor(text, (size_t)(boot - 1 - text)) ||
	    parse_boot(boot, &flow.boot) || wf_bus_u64_parse(id + 1, UINT64_MAX, &flow.id))
		return -EINVAL;
	memcpy(flow.sensor, text, (size_t)(boot - 1 - text));
	*ret_flow = flow;
	return 0;
}

/* ---- partitions ---- */

static void put_endpoint(const uint8_t *addr, uint16_t port, uint8_t *ret_bytes)
{
	memcpy(ret_bytes, addr, 16);
	ret_bytes[16] = (uint8_t)(port >> 8);
	ret_bytes[17] = (uint8_t)port;
}

uint32_t wf_bus_partition(const struct weft_flow *flow, uint32_t partitions)
{
	uint8_t ends[2][ENDPOINT_BYTES];
	uint64_t hash = 0xcbf29ce484222325ull;
	int first;

	put_endpoint(flow->src_addr, flow->src_port, ends[0]);
	put_endpoint(flow->dst_addr, flow->dst_port, ends[1]);
	first = memcmp(ends[0], ends[1], ENDPOINT_BYTES) > 0;
	for (int i = 0; i < 2; i++)
		for (int pos = 0; pos < ENDPOINT_BYTES; pos++)
			hash = (hash ^ ends[first ^ i][pos]) * 0x100000001b3ull;
	return (uint32_t)(hash % partitions);
}
