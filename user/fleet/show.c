// SPDX-License-Identifier: BSD-2-Clause
/*
 * show.c - prints two lines for each sensor: the first one has its health, rates and counts, the
 * second one its version, host, interfaces, memory and losses. Makes JSON of the same values.
 */
#include "fleet/show.h"

#include <inttypes.h>
#include <string.h>

#define NS_PER_SEC 1000000000ll

enum { SHORT_BYTES = 24, COLUMNS = 80, LINE_BYTES = 512, DAYS_MAX = 9999, LAG_SHOWN_MS = 5000 };

/* Write @value in at most 6 characters, such as "12345" or "12.3M". */
static const char *short_number(double value, char ret_text[SHORT_BYTES])
{
	static const char units[] = "kMGTPE";
	int unit = -1;

	while (value >= (unit < 0 ? 100000 : 1000) && unit < (int)sizeof(units) - 2) {
		value /= 1000;
		unit++;
	}
	if (unit < 0)
		snprintf(ret_text, SHORT_BYTES, "%.0f", value);
	else
		snprintf(ret_text, SHORT_BYTES, "%.*f%c", value < 100, value, units[unit]);
	return ret_text;
}

static const char *duration(int64_t sec, char ret_text[SHORT_BYTES])
{
	if (sec < 0)
		sec = 0;
	if (sec > DAYS_MAX * 86400)
		sec = DAYS_MAX * 86400;
	if (sec < 100)
		snprintf(ret_text, SHORT_BYTES, "%" PRId64 "s", sec);
	else if (sec < 6000)
		snprintf(ret_text, SHORT_BYTES, "%" PRId64 "min", sec / 60);
	else if (sec < 48 * 3600)
		snprintf(ret_text, SHORT_BYTES, "%" PRId64 "h", sec / 3600);
	else
		snprintf(ret_text, SHORT_BYTES, "%" PRId64 "d", sec / 86400);
	return ret_text;
}

static int64_t percent_of(const struct wf_fleet_sensor *sensor)
{
	if (sensor->memory_limit_bytes <= 0)
		return 0;
	return (int64_t)(100.0 * (double)sensor->memory_used_bytes /
			 (double)sensor->memory_limit_bytes);
}

static const char *status_of(const struct wf_fleet_sensor *sensor, int64_t now_ns)
{
	if (sensor->is_ended)
		return "ended";
	return wf_fleet_is_stale(sensor, now_ns) ? "STALE" : sensor->health;
}

/* Print @text if it fits. Return: the columns in use after it. */
static int print_part(const char *text, int used, FILE *out)
{
	int chars = (int)strlen(text);

	if (used + chars > COLUMNS - 1)
		return used;
	fputs(text, out);
	return used + chars;
}

/*
 * Print the number of events that the outputs dropped, if any, and the lag of the output to NATS if
 * it is at least LAG_SHOWN_MS. Return: the columns in use after it.
 */
static int print_outputs(const struct wf_fleet_sensor *sensor, int used, FILE *out)
{
	char line[LINE_BYTES], number[SHORT_BYTES];

	if (sensor->dropped_events) {
		snprintf(line, sizeof(line), "; dropped %s events",
			 short_number((double)sensor->dropped_events, number));
		used = print_part(line, used, out);
	}
	if (sensor->lag_ms >= LAG_SHOWN_MS) {
		snprintf(line, sizeof(line), "; lag %s", duration(sensor->lag_ms / 1000, number));
		used = print_part(line, used, out);
	}
	return used;
}

/* Print the losses by cause, as many as fit. @used: columns in use. */
static void print_losses(const struct wf_fleet_sensor *sensor, int used, FILE *out)
{
	char line[LINE_BYTES], number[SHORT_BYTES];

	for (size_t i = 0; i < sensor->losses_count; i++) {
		const struct wf_fleet_loss *loss = &sensor->losses[i];
		snprintf(line, sizeof(line), "%s %.40s %s", i ? "," : "; lost:", loss->name,
			 short_number((double)loss->frames, number));
		if (used + (int)strlen(line) > COLUMNS - 1)
			break;
		used = print_part(line, used, out);
	}
	fputc('\n', out);
}

static void print_sensor(const struct wf_fleet_sensor *sensor, int64_t now_ns, FILE *out)
{
	char up[SHORT_BYTES], frames[SHORT_BYTES], conns[SHORT_BYTES], lost[SHORT_BYTES],
		heard[SHORT_BYTES], line[LINE_BYTES];
	int used;

	fprintf(out, "%-22.22s %-9.9s %5s %8s %7.*f %6s %6s %3" PRId64 "%% %5s\n", sensor->name,
		status_of(sensor, now_ns), duration(sensor->elapsed_ms / 1000, up),
		short_number(sensor->frames_rate, frames), sensor->bytes_rate < 1e11 ? 3 : 0,
		sensor->bytes_rate * 8 / 1e9, short_number((double)sensor->connections, conns),
		short_number((double)sensor->lost_frames, lost), percent_of(sensor),
		duration((now_ns - sensor->heard_ns) / NS_PER_SEC, heard));
	used = snprintf(line, sizeof(line), "  %.10s, %.16s%s%.20s, %" PRId64 " MiB, %.8s%s%.20s",
			sensor->version, sensor->host, *sensor->interfaces ? " " : "",
			sensor->interfaces, sensor->memory_limit_bytes >> 20, sensor->pressure,
			*sensor->reason ? ", " : "", sensor->reason);
	line[COLUMNS - 1] = '\0';
	fputs(line, out);
	used = print_outputs(sensor, used < COLUMNS ? used : COLUMNS, out);
	print_losses(sensor, used, out);
}

void wf_fleet_print(const struct wf_fleet *fleet, int64_t now_ns, FILE *out)
{
	size_t stale = 0;

	fprintf(out, "%-22s %-9s %5s %8s %7s %6s %6s %4s %5s\n", "SENSOR", "HEALTH", "UP",
		"FRAMES/S", "GBIT/S", "CONNS", "LOST", "MEM", "HEARD");
	for (size_t i = 0; i < fleet->count; i++) {
		print_sensor(&fleet->sensors[i], now_ns, out);
		stale += wf_fleet_is_stale(&fleet->sensors[i], now_ns);
	}
	fprintf(out, "%zu sensors, %zu stale", fleet->count, stale);
	if (fleet->left_out)
		fprintf(out, "; more than %zu: others are left out", fleet->count);
	if (fleet->has_bad)
		fputs("; some messages are no state of a sensor", out);
	fputc('\n', out);
}

static json_t *sensor_json(const struct wf_fleet_sensor *sensor, int64_t now_ns)
{
	json_t *losses = json_object();

	for (size_t i = 0; i < sensor->losses_count; i++)
		json_object_set_new(losses, sensor->losses[i].name,
				    json_integer(sensor->losses[i].frames));
	return json_pack(
		"{ss ss ss ss ss ss ss so sI sI sf sf sI sI so sI sI sf sb sI sI sf}", "sensor",
		sensor->name, "version", sensor->version, "hostname", sensor->host, "interfaces",
		sensor->interfaces, "health", sensor->health, "reason", sensor->reason, "pressure",
		sensor->pressure, "ended", json_boolean(sensor->is_ended), "up_sec",
		(json_int_t)(sensor->elapsed_ms / 1000), "connections",
		(json_int_t)sensor->connections, "frames_per_sec", sensor->frames_rate,
		"bits_per_sec", sensor->bytes_rate * 8, "lost_frames",
		(json_int_t)sensor->lost_frames, "memory_used_bytes",
		(json_int_t)sensor->memory_used_bytes, "losses", losses, "memory_limit_bytes",
		(json_int_t)sensor->memory_limit_bytes, "interval_sec",
		(json_int_t)sensor->interval_sec, "heard_sec_ago",
		(double)(now_ns - sensor->heard_ns) / 1e9, "stale",
		wf_fleet_is_stale(sensor, now_ns), "dropped_events",
		(json_int_t)sensor->dropped_events, "dropped_bytes",
		(json_int_t)sensor->dropped_bytes, "lag_sec", (double)sensor->lag_ms / 1000);
}

json_t *wf_fleet_json_new(const struct wf_fleet *fleet, int64_t now_ns)
{
	json_t *list = json_array();

	for (size_t i = 0; i < fleet->count; i++)
		json_array_append_new(list, sensor_json(&fleet->sensors[i], now_ns));
	return json_pack("{so sI}", "sensors", list, "left_out", (json_int_t)fleet->left_out);
}
