// SPDX-License-Identifier: BSD-2-Clause
/*
 * nothing_found.c - writes one line with the reasons why (nearly) no frame led to a connection.
 */
#include "agent/watch/nothing_found.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <weft/weft.h>

/* The first judgement of a live capture is early, because a user may watch the start. */
#define FIRST_NS  10000000000ull
#define MINUTE_NS 60000000000ull

enum {
	LIVE_FRAMES_MIN = 100, /* minimum number of new frames for a line in live capture */
	NEARLY_ALL_PERCENT = 99,
	UNREAD_PARTS = 50, /* a cause is reported if at least 1/50 of the examined frames have it */
	LINE_BYTES = 1024,
	TUNNEL_PARTS = 10, /* a line is needed if unread tunnels carry 1/10 of all frames or more */
};

static const struct {
	const char *metric;
	size_t member;
} judged_metrics[] = {
	{"kernel_seen_frames", offsetof(struct wf_nothing_counts, kernel)},
	{"kernel_filtered_frames", offsetof(struct wf_nothing_counts, kernel_filtered)},
	{"kernel_passed_frames", offsetof(struct wf_nothing_counts, kernel_passed)},
	{"frames", offsetof(struct wf_nothing_counts, frames)},
	{"frames_processed_frames", offsetof(struct wf_nothing_counts, processed)},
	{"frames_filtered_frames", offsetof(struct wf_nothing_counts, filtered)},
	{"frames_filtered_behind_frames", offsetof(struct wf_nothing_counts, behind)},
	{"frames_not_tcp_frames", offsetof(struct wf_nothing_counts, not_tcp)},
	{"frames_fragment_frames", offsetof(struct wf_nothing_counts, fragments)},
	{"fragments_rebuilt_fragments", offsetof(struct wf_nothing_counts, rebuilt)},
	{"frames_malformed_frames", offsetof(struct wf_nothing_counts, malformed)},
	{"frames_checksum_frames", offsetof(struct wf_nothing_counts, checksum)},
	{"flows_opened_flows", offsetof(struct wf_nothing_counts, connections)},
	/* the metrics from here on are current values, not counts since the start */
	{"unread_examined_frames", offsetof(struct wf_nothing_counts, examined)},
	{"unread_ethertype_frames", offsetof(struct wf_nothing_counts, ethertype_frames)},
	{"unread_ethertype_number", offsetof(struct wf_nothing_counts, ethertype)},
	{"unread_vxlan_frames", offsetof(struct wf_nothing_counts, vxlan_frames)},
	{"unread_vxlan_port", offsetof(struct wf_nothing_counts, vxlan_port)},
	{"unread_geneve_frames", offsetof(struct wf_nothing_counts, geneve_frames)},
	{"unread_geneve_port", offsetof(struct wf_nothing_counts, geneve_port)},
	{"unread_tunnel_frames", offsetof(struct wf_nothing_counts, tunnel_frames)},
	{"unread_tunnel_port", offsetof(struct wf_nothing_counts, tunnel_port)},
	{"unread_tunnel_usual_port", offsetof(struct wf_nothing_counts, tunnel_usual_port)},
	{"unread_user_frames", offsetof(struct wf_nothing_counts, user_frames)},
};
enum { COUNTED = sizeof(judged_metrics) / sizeof(judged_metrics[0]) };

static bool is_as_now(size_t index)
{
	return judged_metrics[index].member >= offsetof(struct wf_nothing_counts, examined);
}

static uint64_t *member(struct wf_nothing_counts *counts, size_t index)
{
	return (uint64_t *)((char *)counts + judged_metrics[index].member);
}

struct reading {
	struct wf_nothing_counts *counts;
	size_t found;
};

static void take_metric(const struct weft_metric *metric, void *ctx)
{
	struct reading *reading = ctx;

	for (size_t i = 0; i < COUNTED; i++) {
		if (strcmp(metric->name, judged_metrics[i].metric) != 0)
			continue;
		*member(reading->counts, i) = metric->value;
		reading->found++;
	}
}

bool wf_nothing_found_read(const struct weft *weft, struct wf_nothing_counts *ret_counts)
{
	struct reading reading = {.counts = ret_counts};

	memset(ret_counts, 0, sizeof(*ret_counts));
	weft_stats_each(weft, take_metric, &reading);
	return reading.found == COUNTED;
}

struct line {
	char *text;
	size_t bytes;
	size_t used;
	const char *sign; /* separator before the next part */
};

static void append(struct line *line, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void append(struct line *line, const char *format, ...)
{
	va_list args;
	int chars;

	va_start(args, format);
	chars = vsnprintf(line->text + line->used, line->bytes - line->used, format, args);
	va_end(args);
	line->used += chars > 0 ? (size_t)chars : 0;
	if (line->used >= line->bytes)
		line->used = line->bytes - 1;
}

/* Append "@count @what", unless @count is 0. */
static void add_part(struct line *line, uint64_t count, const char *what)
{
	if (!count)
		return;
	append(line, "%s%" PRIu64 " %s", line->sign, count, what);
	line->sign = "; ";
}

/* ---- what frames without TCP seem to carry ---- */

/*
 * Return the name of the tunnel whose usual port is @usual_port. No option sets the port of these
 * tunnels.
 */
static const char *tunnel_name(uint64_t usual_port)
{
	static const struct {
		uint16_t port;
		const char *name;
	} names[] = {
		{1701, "L2TP"}, {2152, "GTP-U"},	{3544, "Teredo"},
		{4341, "LISP"}, {4790, "VXLAN-GPE"},	{5247, "CAPWAP"},
		{6080, "GUE"},	{7932, "HP mirroring"}, {37008, "TZSP"},
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].port == usual_port)
			return names[i].name;
	return "a tunnel";
}

/* Return true if @frames are enough of the examined frames to be reported. */
static bool is_worth(const struct wf_nothing_counts *counts, uint64_t frames)
{
	return frames && frames >= counts->examined / UNREAD_PARTS;
}

/* Append "@frames @what" if these are enough of the examined frames to be reported. */
static void add_unread(struct line *line, const struct wf_nothing_counts *counts, uint64_t frames,
		       const char *what)
{
	if (!is_worth(counts, frames))
		return;
	append(line, "%s%" PRIu64 " %s", line->sign, frames, what);
	line->sign = ", ";
}

static void add_ports(struct line *line, const struct wf_nothing_counts *counts, uint64_t frames,
		      const char *tunnel, uint64_t port, const char *option)
{
	char what[160];

	snprintf(what, sizeof(what),
		 "carry TCP in %s to UDP port %" PRIu64 " (try --%s %" PRIu64 ")", tunnel, port,
		 option, port);
	add_unread(line, counts, frames, what);
}

/* Append what the examined frames without TCP seem to carry. */
static void add_unreads(struct line *line, const struct wf_nothing_counts *counts)
{
	char begin[64], what[160];

	snprintf(begin, sizeof(begin), " (of %" PRIu64 " that were examined, ", counts->examined);
	line->sign = begin;
	add_ports(line, counts, counts->vxlan_frames, "VXLAN", counts->vxlan_port, "vxlan-ports");
	add_ports(line, counts, counts->geneve_frames, "GENEVE", counts->geneve_port,
		  "geneve-ports");
	snprintf(what, sizeof(what),
		 "carry TCP in %s to UDP port %" PRIu64 ", which weft reads on port %" PRIu64
		 " only",
		 tunnel_name(counts->tunnel_usual_port), counts->tunnel_port,
		 counts->tunnel_usual_port);
	add_unread(line, counts, counts->tunnel_frames, what);
	add_unread(
		line, counts, counts->user_frames,
		"carry TCP behind headers that the kernel program does not read, but weft replay does "
		"(try tcpdump -w FILE, weft replay FILE)");
	snprintf(what, sizeof(what), "have EtherType 0x%04" PRIx64 ", which weft does not read",
		 counts->ethertype);
	add_unread(line, counts, counts->ethertype_frames, what);
	append(line, "%s", line->sign == begin ? "" : ")");
	line->sign = "; ";
}

/*
 * Return true if unread tunnels carry so many of the frames that the line is needed even if other
 * frames led to connections.
 */
static bool is_tunnel_unread(const struct wf_nothing_counts *counts, uint64_t total)
{
	uint64_t frames = counts->vxlan_frames + counts->geneve_frames + counts->tunnel_frames +
			  counts->user_frames;
	uint64_t without_tcp = counts->kernel_passed + counts->not_tcp;

	return counts->examined &&
	       frames * without_tcp / counts->examined >= total / TUNNEL_PARTS && frames;
}

/*
 * Fragments inside tunnels are rebuilt too, but are no frames. So counts->rebuilt may exceed
 * counts->fragments.
 */
static uint64_t incomplete_of(const struct wf_nothing_counts *counts)
{
	return counts->fragments > counts->rebuilt ? counts->fragments - counts->rebuilt : 0;
}

static void add_parts(struct line *line, const struct wf_nothing_counts *counts)
{
	add_part(line, counts->kernel_filtered,
		 "are excluded by filter.ports, allow, deny or sample");
	add_part(line, counts->kernel_passed, "carry no TCP that the kernel program can find");
	if (counts->kernel_passed && !counts->not_tcp)
		add_unreads(line, counts);
	add_part(line, counts->filtered, "do not match the filter");
	if (counts->behind)
		append(line,
		       ", of which %" PRIu64 " carry TCP behind VLAN tags or tunnel headers; an "
		       "expression does not look behind these (try 'vlan and ...', or --set "
		       "filter.ports=..., which does)",
		       counts->behind);
	add_part(line, counts->not_tcp, "carry no TCP that weft can find");
	if (counts->not_tcp)
		add_unreads(line, counts);
	add_part(line, counts->checksum, "have wrong checksums (try --checksum ignore)");
	add_part(line, incomplete_of(counts),
		 "are IP fragments of datagrams that were not captured whole");
	add_part(line, counts->malformed,
		 "have headers that are invalid or cut (was the snap length too small?)");
}

static uint64_t total_of(const struct wf_nothing_counts *counts)
{
	/* Frames that the kernel steers are counted again in user space. */
	return counts->kernel ? counts->kernel : counts->frames;
}

/* Return the number of frames in which weft can find no valid segment. */
static uint64_t useless_of(const struct wf_nothing_counts *counts)
{
	return counts->kernel_passed + counts->not_tcp + counts->malformed + counts->checksum +
	       incomplete_of(counts);
}

static bool is_nearly_all(uint64_t part, uint64_t total)
{
	return part >= total - total / 100 * (100 - NEARLY_ALL_PERCENT);
}

bool wf_nothing_found_line(const struct wf_nothing_counts *counts, char *text, size_t text_bytes)
{
	struct line line = {.text = text, .bytes = text_bytes, .sign = ": "};
	uint64_t total = total_of(counts);

	if (!total || (counts->connections && !is_nearly_all(useless_of(counts), total) &&
		       !is_tunnel_unread(counts, total)))
		return false;
	append(&line, "%" PRIu64 " connections in %" PRIu64 " frames", counts->connections, total);
	add_parts(&line, counts);
	if (!counts->connections)
		add_part(&line, counts->processed,
			 "are TCP segments without data and without a complete handshake");
	return true;
}

void wf_nothing_found_warn(const struct weft *weft, weft_log_fn log, void *log_ctx)
{
	struct wf_nothing_counts counts;
	char line[LINE_BYTES];

	wf_nothing_found_read(weft, &counts);
	if (log && wf_nothing_found_line(&counts, line, sizeof(line)))
		log(WEFT_LOG_WARN, line, log_ctx);
}

bool wf_nothing_found_tick(struct wf_nothing_found *state, const struct weft *weft, uint64_t now_ns,
			   char *text, size_t text_bytes)
{
	struct wf_nothing_counts counts, minute;
	bool is_line;

	if (!state->next_ns)
		state->next_ns = now_ns + FIRST_NS;
	if (now_ns < state->next_ns)
		return false;
	state->next_ns = now_ns + MINUTE_NS;
	wf_nothing_found_read(weft, &counts);
	minute = counts;
	for (size_t i = 0; i < COUNTED; i++)
		*member(&minute, i) -= is_as_now(i) ? 0 : *member(&state->before, i);
	state->before = counts;
	if (total_of(&minute) < LIVE_FRAMES_MIN)
		return false;
	/*
	 * A minute without new connections needs no line, because older connections may carry data.
	 * So a line is written only if nearly all frames of the minute are useless or filtered, or
	 * if many are in tunnels that are not read.
	 */
	is_line = (is_nearly_all(useless_of(&minute) + minute.filtered + minute.kernel_filtered,
				 total_of(&minute)) ||
		   is_tunnel_unread(&minute, total_of(&minute))) &&
		  wf_nothing_found_line(&minute, text, text_bytes);
	if (!is_line || state->is_reported) {
		state->is_reported = is_line;
		return false;
	}
	state->is_reported = true;
	return true;
}

void wf_nothing_found_warn_live(struct wf_nothing_found *state, const struct weft *weft,
				uint64_t now_ns, weft_log_fn log, void *log_ctx)
{
	char line[LINE_BYTES];

	if (wf_nothing_found_tick(state, weft, now_ns, line, sizeof(line)) && log)
		log(WEFT_LOG_WARN, line, log_ctx);
}
