// SPDX-License-Identifier: BSD-2-Clause
/*
 * sensors.c - reads the state of a sensor: a JSON object with the members of `weft stats --json`,
 * and further ones, such as "health", "hostname" and "interval_sec".
 */
#include "fleet/sensors.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NS_PER_SEC 1000000000ll
#define NS_PER_MS  1000000ll

enum { ROOM_FIRST = 16, INTERVAL_SEC = 5, INTERVAL_SEC_MAX = 86400 };

/* ---- values ---- */

/* Copy @text, with '?' for each byte that is not a printable ASCII character. */
static void set_text(char ret_text[WF_FLEET_TEXT_BYTES], const char *text)
{
	size_t len = 0;

	for (; text && *text && len < WF_FLEET_TEXT_BYTES - 1; text++)
		ret_text[len++] = *text >= ' ' && *text <= '~' ? *text : '?';
	ret_text[len] = '\0';
}

static void set_member(char ret_text[WF_FLEET_TEXT_BYTES], const json_t *object, const char *name)
{
	set_text(ret_text, json_string_value(json_object_get(object, name)));
}

static int64_t number_of(const json_t *object, const char *name)
{
	int64_t value = (int64_t)json_integer_value(json_object_get(object, name));

	return value < 0 ? 0 : value;
}

static int64_t metric_of(const json_t *metrics, const char *name)
{
	return number_of(json_object_get(metrics, name), "value");
}

static void add(int64_t *sum, int64_t value)
{
	if (__builtin_add_overflow(*sum, value, sum))
		*sum = INT64_MAX;
}

static void take_losses(struct wf_fleet_sensor *sensor, json_t *metrics)
{
	const char *name;
	json_t *entry;

	json_object_foreach(metrics, name, entry)
	{
		int64_t frames = number_of(entry, "value");

		if (!json_is_true(json_object_get(entry, "loss")) || !frames)
			continue;
		add(&sensor->lost_frames, frames);
		if (sensor->losses_count == WF_FLEET_LOSSES_MAX)
			continue;
		set_text(sensor->losses[sensor->losses_count].name, name);
		sensor->losses[sensor->losses_count++].frames = frames;
	}
}

/* Take the reports of the outputs: their drops, and the lag of the output to NATS. */
static void take_outputs(struct wf_fleet_sensor *sensor, const json_t *outputs)
{
	json_t *output;
	size_t i;

	json_array_foreach(outputs, i, output)
	{
		int64_t lag_ms = number_of(output, "nats_lag_ns") / NS_PER_MS;

		add(&sensor->dropped_events, number_of(output, "dropped_events"));
		add(&sensor->dropped_bytes, number_of(output, "dropped_bytes"));
		if (lag_ms > sensor->lag_ms)
			sensor->lag_ms = lag_ms;
	}
}

static void take_interfaces(struct wf_fleet_sensor *sensor, const json_t *interfaces)
{
	char text[WF_FLEET_TEXT_BYTES] = "", name[WF_FLEET_TEXT_BYTES];
	json_t *interface;
	size_t i;

	json_array_foreach(interfaces, i, interface)
	{
		set_member(name, interface, "name");
		if (strlen(text) + strlen(name) + 2 > sizeof(text))
			break;
		if (*text)
			strcat(text, ",");
		strcat(text, name);
	}
	memcpy(sensor->interfaces, text, sizeof(text));
}

static void take_health(struct wf_fleet_sensor *sensor, const json_t *health)
{
	set_member(sensor->health, health, "status");
	set_member(sensor->reason, json_array_get(json_object_get(health, "reasons"), 0), "what");
	if (!*sensor->health)
		strcpy(sensor->health, "unknown");
}

static void take_values(struct wf_fleet_sensor *sensor, const json_t *state)
{
	json_t *metrics = json_object_get(state, "metrics");
	const char *phase = json_string_value(json_object_get(state, "state"));

	set_member(sensor->boot, state, "boot");
	set_member(sensor->version, state, "version");
	set_member(sensor->host, state, "hostname");
	set_member(sensor->pressure, json_object_get(state, "pressure"), "level");
	take_interfaces(sensor, json_object_get(state, "interfaces"));
	take_health(sensor, json_object_get(state, "health"));
	take_losses(sensor, metrics);
	take_outputs(sensor, json_object_get(state, "sinks"));
	sensor->elapsed_ms = number_of(state, "elapsed_ms");
	sensor->interval_sec = number_of(state, "interval_sec");
	if (!sensor->interval_sec || sensor->interval_sec > INTERVAL_SEC_MAX)
		sensor->interval_sec = INTERVAL_SEC;
	sensor->frames = metric_of(metrics, "frames");
	sensor->bytes = metric_of(metrics, "payload_bytes");
	sensor->connections = metric_of(metrics, "flows_active_flows");
	sensor->memory_used_bytes = metric_of(metrics, "memory_used_bytes");
	sensor->memory_limit_bytes = metric_of(metrics, "memory_limit_bytes");
	sensor->is_ended = phase && !strcmp(phase, "ended");
}

/* Set the rates since @before, a state of the same run; NULL: since the start. */
static void set_rates(struct wf_fleet_sensor *sensor, const struct wf_fleet_sensor *before)
{
	double sec = (double)sensor->elapsed_ms / 1000;
	double frames = (double)sensor->frames, bytes = (double)sensor->bytes;

	if (sensor->is_ended)
		return;
	if (before) {
		sec -= (double)before->elapsed_ms / 1000;
		frames -= (double)before->frames;
		bytes -= (double)before->bytes;
	}
	sensor->frames_rate = sec > 0 && frames > 0 ? frames / sec : 0;
	sensor->bytes_rate = sec > 0 && bytes > 0 ? bytes / sec : 0;
}

/* ---- the table ---- */

/* Return the index of the first sensor whose name is not less than @name. */
static size_t place_of(const struct wf_fleet *fleet, const char *name)
{
	size_t low = 0, high = fleet->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (strcmp(fleet->sensors[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int insert(struct wf_fleet *fleet, size_t place, const struct wf_fleet_sensor *sensor)
{
	struct wf_fleet_sensor *sensors = fleet->sensors;

	if (fleet->count == (fleet->sensors_max ? fleet->sensors_max : WF_FLEET_SENSORS_MAX)) {
		fleet->left_out++;
		return -ENOBUFS;
	}
	if (fleet->count == fleet->room) {
		size_t room = fleet->room ? 2 * fleet->room : ROOM_FIRST;

		sensors = realloc(sensors, room * sizeof(*sensors));
		if (!sensors)
			return -ENOMEM;
		fleet->sensors = sensors;
		fleet->room = room;
	}
	memmove(&sensors[place + 1], &sensors[place], (fleet->count - place) * sizeof(*sensors));
	sensors[place] = *sensor;
	fleet->count++;
	return 0;
}

static int take(struct wf_fleet *fleet, struct wf_fleet_sensor *sensor)
{
	size_t place = place_of(fleet, sensor->name);
	struct wf_fleet_sensor *before = &fleet->sensors[place];
	bool is_known = place < fleet->count && !strcmp(before->name, sensor->name);

	if (is_known && before->heard_ns > sensor->heard_ns)
		return 0;
	if (is_known && !strcmp(before->boot, sensor->boot) &&
	    before->elapsed_ms < sensor->elapsed_ms)
		set_rates(sensor, before);
	else if (is_known && before->heard_ns == sensor->heard_ns)
		return 0;
	else
		set_rates(sensor, NULL);
	if (!is_known)
		return insert(fleet, place, sensor);
	*before = *sensor;
	return 0;
}

int wf_fleet_take(struct wf_fleet *fleet, const char *subject, const char *bytes, size_t len,
		  int64_t heard_ns)
{
	struct wf_fleet_sensor sensor = {.heard_ns = heard_ns};
	struct wf_bus_subject parsed;
	json_t *state = NULL;

	if (!wf_bus_subject_parse(subject, &parsed) && parsed.kind == WF_BUS_SUBJECT_STATS)
		state = json_loadb(bytes, len, 0, NULL);
	if (!json_is_object(state)) {
		json_decref(state);
		fleet->has_bad = true;
		return -EINVAL;
	}
	memcpy(sensor.name, parsed.sensor, sizeof(sensor.name));
	take_values(&sensor, state);
	json_decref(state);
	return take(fleet, &sensor);
}

bool wf_fleet_is_stale(const struct wf_fleet_sensor *sensor, int64_t now_ns)
{
	int64_t max_sec = WF_FLEET_STALE_INTERVALS * sensor->interval_sec;

	if (max_sec < WF_FLEET_STALE_MIN_SEC)
		max_sec = WF_FLEET_STALE_MIN_SEC;
	return !sensor->is_ended && now_ns - sensor->heard_ns > max_sec * NS_PER_SEC;
}

void wf_fleet_fini(struct wf_fleet *fleet)
{
	free(fleet->sensors);
	*fleet = (struct wf_fleet){.sensors_max = fleet->sensors_max};
}
