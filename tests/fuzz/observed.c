// SPDX-License-Identifier: BSD-2-Clause
/*
 * observed.c - collects events into whole streams and compares them with the truth.
 */
#include "fuzz/observed.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Causes of gaps that are limits. */
#define LIMITS (1u << WEFT_GAP_LIMIT | 1u << WEFT_GAP_MEMORY | 1u << WEFT_GAP_DEPTH)

static void fail(struct observed_set *set, const char *format, ...)
{
	va_list args;

	if (set->error[0])
		return;
	va_start(args, format);
	vsnprintf(set->error, sizeof(set->error), format, args);
	va_end(args);
}

void observed_fini(struct observed_set *set)
{
	for (uint32_t i = 0; i < set->count; i++) {
		for (int dir = 0; dir < 2; dir++) {
			free(set->all[i].dir[dir].bytes);
			free(set->all[i].dir[dir].gaps);
		}
	}
	free(set->all);
	memset(set, 0, sizeof(*set));
}

struct observed *observed_add(struct observed_set *set, const struct weft_flow *flow)
{
	if (set->count == set->room) {
		set->room = set->room ? set->room * 2 : 64;
		set->all = realloc(set->all, set->room * sizeof(*set->all));
		if (!set->all)
			abort();
	}
	set->all[set->count] = (struct observed){.flow = *flow};
	return &set->all[set->count++];
}

static void dir_grow(struct observed_dir *dir, uint64_t len)
{
	if (dir->len + len > dir->room) {
		dir->room = (dir->len + len) * 2;
		dir->bytes = realloc(dir->bytes, dir->room);
		if (!dir->bytes)
			abort();
	}
}

void observed_data(struct observed_dir *dir, const uint8_t *bytes, uint64_t len)
{
	dir_grow(dir, len);
	memcpy(dir->bytes + dir->len, bytes, len);
	dir->len += len;
}

void observed_gap(struct observed_dir *dir, uint64_t len, enum weft_gap_cause cause)
{
	struct conv_gap *last = dir->gaps_count ? &dir->gaps[dir->gaps_count - 1] : NULL;

	dir_grow(dir, len);
	memset(dir->bytes + dir->len, 0, len);
	if (last && last->off + last->len_bytes == dir->len) {
		last->len_bytes += len;
		last->causes |= 1u << cause;
	} else {
		dir->gaps = realloc(dir->gaps, (dir->gaps_count + 1) * sizeof(*dir->gaps));
		if (!dir->gaps)
			abort();
		dir->gaps[dir->gaps_count++] = (struct conv_gap){dir->len, len, 1u << cause};
	}
	dir->len += len;
}

/* ---- events ---- */

static struct observed *find_flow(struct observed_set *set, uint64_t id)
{
	for (uint32_t i = set->count; i-- > 0;)
		if (set->all[i].flow.id == id)
			return &set->all[i];
	return NULL;
}

static void on_gap(struct observed_set *set, struct observed_dir *dir,
		   const struct weft_event *event)
{
	if (event->gap.off != dir->len || !event->gap.len_bytes)
		fail(set, "gap at %llu (%llu bytes), expected offset %llu",
		     (unsigned long long)event->gap.off, (unsigned long long)event->gap.len_bytes,
		     (unsigned long long)dir->len);
	else if (event->gap.len_bytes > 1u << 24)
		fail(set, "gap of %llu bytes, port %u", (unsigned long long)event->gap.len_bytes,
		     event->flow->src_port);
	else if (LIMITS >> event->gap.cause & 1 & ~(set->limits >> event->gap.cause))
		fail(set, "gap because of a limit that was not reached");
	else
		observed_gap(dir, event->gap.len_bytes, event->gap.cause);
}

static void trace(const struct weft_event *event)
{
	unsigned long long off = 0;
	unsigned long long len = 0;
	int kind = 0;

	if (event->type == WEFT_EVENT_DATA) {
		off = event->data.off;
		len = event->data.len_bytes;
	} else if (event->type == WEFT_EVENT_GAP) {
		off = event->gap.off;
		len = event->gap.len_bytes;
		kind = event->gap.cause;
	} else if (event->type == WEFT_EVENT_ANOMALY) {
		off = event->anomaly.off;
		len = event->anomaly.len_bytes;
		kind = event->anomaly.kind;
	} else if (event->type == WEFT_EVENT_CLOSE) {
		kind = event->close->reason;
	}
	printf("# %10.6f s use %u type %d dir %d off %llu len %llu kind %d\n",
	       (double)(event->time_ns % 100000000000ull) / 1e9, event->flow->use, event->type,
	       event->dir, off, len, kind);
}

static int take_event(const struct weft_event *event, struct observed_set *set)
{
	struct observed *conn = find_flow(set, event->flow->id);

	if (set->trace_port &&
	    (event->flow->src_port == set->trace_port || event->flow->dst_port == set->trace_port))
		trace(event);
	if (event->type == WEFT_EVENT_OPEN) {
		if (conn)
			fail(set, "OPEN twice");
		else
			observed_add(set, event->flow);
		return 0;
	}
	if (!conn || conn->closed) {
		fail(set, "event %d %s", event->type, conn ? "after CLOSE" : "before OPEN");
		return 0;
	}
	switch (event->type) {
	case WEFT_EVENT_DATA:
		if (event->data.off != conn->dir[event->dir].len || !event->data.len_bytes)
			fail(set, "data at %llu, expected offset %llu",
			     (unsigned long long)event->data.off,
			     (unsigned long long)conn->dir[event->dir].len);
		else
			observed_data(&conn->dir[event->dir], event->data.bytes,
				      event->data.len_bytes);
		break;
	case WEFT_EVENT_GAP:
		on_gap(set, &conn->dir[event->dir], event);
		break;
	case WEFT_EVENT_CLOSE:
		conn->closed = true;
		conn->reason = event->close->reason;
		conn->midstream = event->close->midstream;
		break;
	case WEFT_EVENT_ANOMALY:
		conn->anomalies |= 1u << event->anomaly.kind;
		break;
	case WEFT_EVENT_OPEN:
	case WEFT_EVENT_DROP:
		break;
	}
	return 0;
}

int observed_event(const struct weft_event *event, void *ctx)
{
	struct observed_set *set = ctx;
	bool was_right = !set->error[0];

	take_event(event, set);
	if (was_right && set->error[0])
		set->error_port = event->flow->src_port;
	return 0;
}

/* ---- comparing ---- */

static bool same_endpoint(const struct conv_truth *truth, int side, const uint8_t *addr,
			  uint16_t port)
{
	return truth->port[side] == port && !memcmp(truth->addr[side], addr, 16);
}

/* Return: true if @flow is the connection of @truth. *ret_swapped: true if its client is side 1. */
static bool same_connection(const struct conv_truth *truth, const struct weft_flow *flow,
			    bool *ret_swapped)
{
	if (flow->use != truth->use || memcmp(flow->vlan, truth->vlan, sizeof(flow->vlan)))
		return false;
	for (int swapped = 0; swapped < 2; swapped++) {
		if (same_endpoint(truth, swapped, flow->src_addr, flow->src_port) &&
		    same_endpoint(truth, !swapped, flow->dst_addr, flow->dst_port)) {
			*ret_swapped = swapped;
			return true;
		}
	}
	return false;
}

static bool in_gap(const struct observed_dir *dir, uint64_t off, uint64_t *ret_end)
{
	for (uint32_t i = 0; i < dir->gaps_count; i++) {
		const struct conv_gap *gap = &dir->gaps[i];

		if (off >= gap->off && off < gap->off + gap->len_bytes) {
			*ret_end = gap->off + gap->len_bytes;
			return true;
		}
	}
	return false;
}

/*
 * Checks that delivered bytes equal the sent ones; @lead bytes of the direction precede the truth's
 * start.
 */
static void compare_bytes(struct observed_set *set, const struct conv_truth_dir *truth,
			  const struct observed_dir *dir, uint64_t lead)
{
	uint64_t off = lead;

	while (off < dir->len) {
		uint64_t sent = truth->start + off - lead;

		if (in_gap(dir, off, &off))
			continue;
		if (sent >= truth->bytes_len) {
			fail(set, "bytes after the end of what was sent");
			return;
		}
		if (dir->bytes[off] != truth->bytes[sent]) {
			fail(set, "byte at offset %llu is wrong", (unsigned long long)off);
			return;
		}
		off++;
	}
}

static void compare_loose(struct observed_set *set, const struct conv_truth_dir *truth,
			  const struct observed_dir *dir)
{
	uint64_t certain = dir->gaps_count ? dir->gaps[0].off : dir->len;

	compare_bytes(set, truth, dir, 0);
	if (certain < truth->end_min)
		fail(set, "%llu bytes before the reset, at least %llu are certain",
		     (unsigned long long)certain, (unsigned long long)truth->end_min);
}

static void compare_gaps(struct observed_set *set, const struct conv_truth_dir *truth,
			 const struct observed_dir *dir, uint64_t lead)
{
	uint32_t skip = lead ? 1 : 0;
	uint32_t expected = 0;

	for (uint32_t i = 0; i < truth->gaps_count; i++) {
		uint64_t off = truth->gaps[i].off - truth->start + lead;
		uint64_t end = off + truth->gaps[i].len_bytes;
		const struct conv_gap *gap = &dir->gaps[i + skip];

		if (off >= dir->len)
			break; /* a tail that may be missing; lengths are compared elsewhere */
		end = end < dir->len ? end : dir->len;
		expected++;
		if (i + skip >= dir->gaps_count || gap->off != off || gap->len_bytes != end - off) {
			fail(set, "no gap of %llu bytes at offset %llu, but %llu at %llu",
			     (unsigned long long)(end - off), (unsigned long long)off,
			     (unsigned long long)(i + skip < dir->gaps_count ? gap->len_bytes : 0),
			     (unsigned long long)(i + skip < dir->gaps_count ? gap->off : 0));
			return;
		}
	}
	if (dir->gaps_count != expected + skip)
		fail(set, "gap of %llu bytes at offset %llu where nothing is missing",
		     (unsigned long long)dir->gaps[expected + skip].len_bytes,
		     (unsigned long long)dir->gaps[expected + skip].off);
}

static void compare_dir(struct observed_set *set, const struct conv_truth_dir *truth,
			const struct observed_dir *dir)
{
	struct conv_truth_dir later = *truth;
	uint64_t expected = truth->end - truth->start;
	uint64_t lead = 0;

	if (dir->len < expected && expected - dir->len <= truth->start_unsure_bytes) {
		later.start += expected - dir->len;
		later.start_unsure_bytes = 0;
		compare_dir(set, &later, dir);
		return;
	}
	if (truth->loose) {
		compare_loose(set, truth, dir);
		return;
	}
	if (truth->lead_gap_allowed && dir->gaps_count && !dir->gaps[0].off &&
	    !(truth->gaps_count && truth->gaps[0].off == truth->start))
		lead = dir->gaps[0].len_bytes;
	if (dir->len - lead < truth->end_min - truth->start ||
	    dir->len - lead > truth->end - truth->start) {
		fail(set, "%llu bytes, expected %llu to %llu",
		     (unsigned long long)(dir->len - lead),
		     (unsigned long long)(truth->end_min - truth->start),
		     (unsigned long long)(truth->end - truth->start));
		return;
	}
	compare_gaps(set, truth, dir, lead);
	compare_bytes(set, truth, dir, lead);
}

/* Checks that every required anomaly was reported, and no anomaly that is not allowed. */
static void compare_anomalies(struct observed_set *set, const struct conv_truth *truth,
			      const struct observed *conn)
{
	uint32_t missing = truth->anomalies_must & ~conn->anomalies;
	uint32_t wrong = conn->anomalies & ~(truth->anomalies_must | truth->anomalies_may);

	if (missing)
		fail(set, "anomaly %s is not reported",
		     weft_anomaly_name((enum weft_anomaly)__builtin_ctz(missing)));
	if (wrong)
		fail(set, "anomaly %s is reported, but there was none",
		     weft_anomaly_name((enum weft_anomaly)__builtin_ctz(wrong)));
}

static void compare_connection(struct observed_set *set, const struct conv_truth *truth,
			       const struct observed *conn, bool swapped, bool with_reasons)
{
	for (int from = 0; from < 2; from++) {
		char inner[sizeof(set->error)];

		compare_dir(set, &truth->dir[from], &conn->dir[from ^ swapped]);
		if (set->error[0]) {
			memcpy(inner, set->error, sizeof(inner));
			snprintf(set->error, sizeof(set->error), "bytes of side %d: %.400s", from,
				 inner);
			return;
		}
	}
	if (truth->opener_known && swapped)
		fail(set, "reported as opened by the wrong side");
	if (with_reasons && !conn->closed)
		fail(set, "no CLOSE");
	if (with_reasons && !(truth->reasons >> conn->reason & 1))
		fail(set, "close reason %d is not among %#x", conn->reason, truth->reasons);
	if (with_reasons)
		compare_anomalies(set, truth, conn);
}

static bool is_same_cause(const struct conv_gap *gap, const struct conv_gap *other, bool acked)
{
	if (gap->causes == other->causes)
		return true;
	return acked && gap->causes == 1u << WEFT_GAP_CLOSED &&
	       other->causes == 1u << WEFT_GAP_TIMEOUT;
}

static void compare_causes(struct observed_set *set, const struct observed_dir *dir,
			   const struct observed_dir *other, bool acked)
{
	for (uint32_t i = 0; i < dir->gaps_count; i++) {
		const struct conv_gap *gap = &dir->gaps[i];

		for (uint32_t j = 0; j < other->gaps_count; j++) {
			const struct conv_gap *same = &other->gaps[j];

			if (gap->off == same->off && gap->len_bytes == same->len_bytes &&
			    !is_same_cause(gap, same, acked))
				fail(set, "gap of %llu bytes at %llu: causes %#x, expected %#x",
				     (unsigned long long)gap->len_bytes,
				     (unsigned long long)gap->off, gap->causes, same->causes);
		}
	}
}

const char *observed_compare_causes(struct observed_set *set, const struct observed_set *other,
				    bool acked, uint16_t *ret_port)
{
	for (uint32_t i = 0; i < set->count && !set->error[0]; i++) {
		const struct weft_flow *flow = &set->all[i].flow;

		*ret_port = flow->src_port;
		for (uint32_t j = 0; j < other->count; j++) {
			const struct weft_flow *same = &other->all[j].flow;

			if (same->use != flow->use || same->src_port != flow->src_port ||
			    same->dst_port != flow->dst_port)
				continue;
			for (int dir = 0; dir < 2; dir++)
				compare_causes(set, &set->all[i].dir[dir], &other->all[j].dir[dir],
					       acked);
		}
	}
	return set->error[0] ? set->error : NULL;
}

static uint32_t truth_of_port(const struct conv_batch *batch, uint16_t port)
{
	for (uint32_t i = 0; i < batch->truths_count; i++)
		if (batch->truths[i].port[0] == port || batch->truths[i].port[1] == port)
			return i;
	return 0;
}

const char *observed_compare(struct observed_set *set, const struct conv_batch *batch,
			     bool with_reasons, uint32_t *ret_conversation)
{
	*ret_conversation = truth_of_port(batch, set->error_port);
	for (uint32_t i = 0; i < batch->truths_count && !set->error[0]; i++) {
		const struct conv_truth *truth = &batch->truths[i];
		struct observed *conn = NULL;
		bool swapped = false;

		*ret_conversation = i;
		for (uint32_t at = 0; at < set->count && !conn; at++)
			if (same_connection(truth, &set->all[at].flow, &swapped))
				conn = &set->all[at];
		if (!conn && truth->certain)
			fail(set, "connection is missing");
		if (!conn)
			continue;
		conn->claimed = true;
		compare_connection(set, truth, conn, swapped, with_reasons);
	}
	for (uint32_t at = 0; at < set->count && !set->error[0]; at++) {
		const struct observed *conn = &set->all[at];

		if (!conn->claimed && (conn->dir[0].len || conn->dir[1].len)) {
			*ret_conversation = truth_of_port(batch, conn->flow.src_port);
			fail(set, "a connection nobody made: port %u to %u, use %u",
			     conn->flow.src_port, conn->flow.dst_port, conn->flow.use);
		}
	}
	return set->error[0] ? set->error : NULL;
}
