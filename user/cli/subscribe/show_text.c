// SPDX-License-Identifier: BSD-2-Clause
/*
 * show_text.c - the formats for people: text as `tcpflow -c` prints it, and a hexadecimal dump.
 *
 *   10.0.0.1.50112-10.0.0.2.80: GET / HTTP/1.1
 *   10.0.0.1.50112-10.0.0.2.80: [gap: 100 bytes at offset 78, not_captured]
 *
 * Streams come from strangers, so characters that a terminal could obey are printed as '.'.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <weft/weft.h>

#include "cli/subscribe/direction_name.h"
#include "cli/subscribe/show_format.h"

#define LINE_EVENTS                                                          \
	(WEFT_EVENT_BIT(WEFT_EVENT_OPEN) | WEFT_EVENT_BIT(WEFT_EVENT_DATA) | \
	 WEFT_EVENT_BIT(WEFT_EVENT_GAP) | WEFT_EVENT_BIT(WEFT_EVENT_CLOSE) | \
	 WEFT_EVENT_BIT(WEFT_EVENT_ANOMALY))
#define DEFAULT_EVENTS (WEFT_EVENT_BIT(WEFT_EVENT_DATA) | WEFT_EVENT_BIT(WEFT_EVENT_GAP))

enum { HEX_LINE_BYTES = 16 };

typedef unsigned long long ull;

static bool is_printable(uint8_t c)
{
	return c >= 0x20 && c < 0x7f;
}

/* ---- events other than data, as one line ---- */

static void print_note(struct wf_show *show, const struct weft_event *event)
{
	FILE *out = show->out;

	switch (event->type) {
	case WEFT_EVENT_OPEN:
		if (event->open.midway)
			fprintf(out, "[open: midway, from offset %llu toserver, %llu toclient]\n",
				(ull)event->open.off[WEFT_TO_SERVER],
				(ull)event->open.off[WEFT_TO_CLIENT]);
		else
			fputs("[open]\n", out);
		break;
	case WEFT_EVENT_GAP:
		if (event->gap.cause == WEFT_GAP_DEPTH)
			fprintf(out, "[depth limit: %llu bytes left out at offset %llu]\n",
				(ull)event->gap.len_bytes, (ull)event->gap.off);
		else
			fprintf(out, "[gap: %llu bytes at offset %llu, %s]\n",
				(ull)event->gap.len_bytes, (ull)event->gap.off,
				weft_gap_cause_name(event->gap.cause));
		break;
	case WEFT_EVENT_CLOSE:
		fprintf(out, "[close: %s, %llu bytes toserver, %llu toclient]\n",
			weft_close_reason_name(event->close->reason),
			(ull)event->close->counts[WEFT_TO_SERVER].stream_bytes,
			(ull)event->close->counts[WEFT_TO_CLIENT].stream_bytes);
		break;
	case WEFT_EVENT_ANOMALY:
		fprintf(out, "[anomaly: %s, %llu bytes at offset %llu]\n",
			weft_anomaly_name(event->anomaly.kind), (ull)event->anomaly.len_bytes,
			(ull)event->anomaly.off);
		break;
	case WEFT_EVENT_DATA:
	case WEFT_EVENT_DROP:
		break;
	}
}

static enum wf_show_result show_note(struct wf_show *show, const struct weft_event *event)
{
	char name[WF_DIRECTION_NAME_BYTES];

	if (event->type == WEFT_EVENT_DROP)
		return WF_SHOW_NOTHING;
	fprintf(show->out, "%s: ", wf_direction_name(event->flow, event->dir, name));
	print_note(show, event);
	return WF_SHOW_PRINTED;
}

/* ---- text ---- */

/*
 * Keep printable ASCII characters, tabs, line feeds, and a carriage return before a line feed;
 * replace all other bytes.
 */
static void print_text(const uint8_t *bytes, size_t len, FILE *out)
{
	for (size_t i = 0; i < len; i++) {
		uint8_t c = bytes[i];
		bool is_kept = is_printable(c) || c == '\n' || c == '\t' ||
			       (c == '\r' && i + 1 < len && bytes[i + 1] == '\n');

		putc_unlocked(is_kept ? c : '.', out);
	}
	putc_unlocked('\n', out);
}

static enum wf_show_result show_text(struct wf_show *show, const struct weft_event *event)
{
	char name[WF_DIRECTION_NAME_BYTES];

	if (event->type != WEFT_EVENT_DATA)
		return show_note(show, event);
	fprintf(show->out, "%s: ", wf_direction_name(event->flow, event->dir, name));
	print_text(event->data.bytes, event->data.len_bytes, show->out);
	return WF_SHOW_PRINTED;
}

const struct wf_show_format wf_show_text = {
	.name = "text",
	.events = DEFAULT_EVENTS,
	.allowed = LINE_EVENTS,
	.event = show_text,
};

/* ---- hex ---- */

/* Print a line as xxd(1) does, with the stream offset. */
static void print_hex_line(uint64_t off, const uint8_t *bytes, size_t len, FILE *out)
{
	static const char digits[] = "0123456789abcdef";
	char line[HEX_LINE_BYTES * 4 + 4];
	char *pos = line;

	for (size_t i = 0; i < HEX_LINE_BYTES; i++) {
		*pos++ = i < len ? digits[bytes[i] >> 4] : ' ';
		*pos++ = i < len ? digits[bytes[i] & 15] : ' ';
		if (i % 2)
			*pos++ = ' ';
	}
	*pos++ = ' ';
	for (size_t i = 0; i < len; i++)
		*pos++ = (char)(is_printable(bytes[i]) ? bytes[i] : '.');
	fprintf(out, "%08llx: %.*s\n", (ull)off, (int)(pos - line), line);
}

static void print_time(uint64_t time_ns, FILE *out)
{
	time_t second = (time_t)(time_ns / 1000000000u);
	char text[16] = "";
	struct tm tm;

	if (localtime_r(&second, &tm))
		strftime(text, sizeof(text), "%H:%M:%S", &tm);
	fprintf(out, "%s.%06u", text, (unsigned int)(time_ns % 1000000000u / 1000));
}

static enum wf_show_result show_hex(struct wf_show *show, const struct weft_event *event)
{
	char name[WF_DIRECTION_NAME_BYTES];

	if (event->type == WEFT_EVENT_DROP)
		return WF_SHOW_NOTHING;
	print_time(event->time_ns, show->out);
	putc(' ', show->out);
	if (event->type != WEFT_EVENT_DATA)
		return show_note(show, event);
	fprintf(show->out, "%s: %u bytes at offset %llu\n",
		wf_direction_name(event->flow, event->dir, name), event->data.len_bytes,
		(ull)event->data.off);
	for (size_t i = 0; i < event->data.len_bytes; i += HEX_LINE_BYTES) {
		size_t left = event->data.len_bytes - i;

		print_hex_line(event->data.off + i, event->data.bytes + i,
			       left < HEX_LINE_BYTES ? left : HEX_LINE_BYTES, show->out);
	}
	return WF_SHOW_PRINTED;
}

const struct wf_show_format wf_show_hex = {
	.name = "hex",
	.events = DEFAULT_EVENTS,
	.allowed = LINE_EVENTS,
	.event = show_hex,
};
