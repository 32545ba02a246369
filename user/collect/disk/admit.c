// SPDX-License-Identifier: BSD-2-Clause
/*
 * admit.c - decides what a message changes: the table of connections, lines of events, and bytes
 * to be written. Lines and records of the journal are written to their buffers, and from there to
 * their files only if a buffer is full; the commit writes the rest.
 *
 * Messages of one connection arrive in the order of its stream. So a message that ends at or before
 * the end of what was received is there already: its sensor has sent it twice, because an
 * acknowledgement was lost for longer than the duplicate window of the stream.
 */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "collect/disk/store_internal.h"
#include "sink/format/json_out.h"

enum { NAMES_TRIED = 4096, HEAD_BYTES = WF_BUS_SENSOR_BYTES + WF_STREAM_NAME_BYTES + 64 };

/* ---- lines of events ---- */

static void add_line(struct wf_collect_store *store, const char *text, size_t len)
{
	int err = wf_event_file_add(&store->events, text, len);

	if (err && !store->err)
		store->err = err;
}

/*
 * Write the body of @message, which is an object, as a line with the sensor and the name of the
 * stream file in front.
 */
static void put_event(struct wf_collect_store *store, const struct wf_collect_flow *flow,
		      const struct wf_bus_message *message)
{
	const char *body = message->body;
	size_t len = message->body_bytes;
	char name[WF_STREAM_NAME_BYTES], head[HEAD_BYTES];
	int chars;

	while (len && strchr(" \r\n", body[len - 1]))
		len--;
	wf_collect_file_name(flow, message->dir, name);
	chars = snprintf(head, sizeof(head), "{\"host\":\"%s\",\"stream_file\":\"%s\"%s",
			 message->flow.sensor, name,
			 body[1 + strspn(body + 1, " ")] == '}' ? "" : ",");
	add_line(store, head, (size_t)chars);
	add_line(store, body + 1, len - 1);
	add_line(store, "\n", 1);
}

/* Return true if the body of @message is one line with a JSON object. */
static bool is_json(const struct wf_bus_message *message)
{
	const char *body = message->body;
	json_t *value;

	for (size_t i = 0; i + 1 < message->body_bytes; i++)
		if ((unsigned char)body[i] < ' ')
			return false;
	value = json_loadb(body, message->body_bytes, JSON_REJECT_DUPLICATES, NULL);
	json_decref(value);
	return value;
}

/* Write a line about a connection whose sensor was started again before the connection ended. */
static void put_cut(struct wf_collect_store *store, const struct wf_collect_flow *flow,
		    uint64_t time_ns)
{
	const struct wf_eve_source source = {.weft = NULL};
	struct weft_flow peers = flow->peers;
	char bytes[1024], name[WF_STREAM_NAME_BYTES];
	struct wf_json json = {.bytes = bytes, .room = sizeof(bytes)};

	peers.id = flow->id;
	wf_collect_file_name(flow, WEFT_TO_SERVER, name);
	wf_json_line_begin(&json);
	wf_json_text(&json, "host", flow->source->sensor);
	wf_json_text(&json, "stream_file", name);
	wf_eve_put_head(&json, &store->clock, time_ns, "flow_cut");
	wf_eve_put_flow(&json, &source, &peers);
	wf_json_object_begin(&json, "flow_cut");
	wf_json_u64(&json, "end_toserver", flow->end_off[WEFT_TO_SERVER]);
	wf_json_u64(&json, "end_toclient", flow->end_off[WEFT_TO_CLIENT]);
	wf_json_text(&json, "cause", "sensor_restarted");
	wf_json_object_end(&json);
	if (wf_json_line_end(&json))
		add_line(store, json.bytes, json.len);
	wf_collect_count(store->opts.counts, cuts, 1);
}

/* ---- connections ---- */

static void end_flow(struct wf_collect_store *store, struct wf_collect_flow *flow)
{
	wf_journal_end_flow(&store->journal, flow);
	wf_collect_flow_end(&store->flows, flow);
}

/*
 * Record which run of the sensor the message is of. With the first message of a new run, the
 * connections of the former one are cut. Messages of both runs in turn mean that two sensors have
 * the same name; then nothing is cut.
 */
static void set_boot(struct wf_collect_store *store, struct wf_collect_source *source,
		     const struct wf_bus_message *message)
{
	struct wf_collect_flow *flow, *older;

	if (message->flow.boot == source->boot)
		return;
	if (message->flow.boot == source->boot_before) {
		wf_collect_count(store->opts.counts, twins, 1);
		if (!store->said_twin)
			wf_collect_say(
				store, WEFT_LOG_WARN,
				"two sensors have the name %s, or it was started twice: give "
				"each its own name (sinks.nats.sensor)",
				source->sensor);
		store->said_twin = true;
		return;
	}
	for (flow = wf_collect_source_newest(&store->flows, source); flow; flow = older) {
		older = wf_collect_flow_older(&store->flows, flow);
		put_cut(store, flow, message->time_ns);
		end_flow(store, flow);
		/* The commit closes the files to which this batch has bytes to write. */
		if (!flow->is_changed)
			wf_collect_files_close(&store->files, flow);
	}
	source->boot_before = source->boot;
	source->boot = message->flow.boot;
}

static bool is_taken(const struct wf_collect_store *store, const struct weft_flow *peers,
		     struct wf_stream_number number, const struct wf_collect_flow *self)
{
	return wf_collect_flow_is_taken(&store->flows, peers, number, self, false) ||
	       wf_collect_files_exist(&store->files, peers, number);
}

/*
 * Choose the number of @flow as `weft replay` does: the use of the connection, or the next free
 * one; connections of several VLANs or tunnels with the same addresses get their ids in the name.
 * Return: false if none is free.
 */
static bool set_number(struct wf_collect_store *store, struct wf_collect_flow *flow)
{
	const struct wf_stream_number first = {.number = 1, .by_tenant = true};
	bool has_tenant = wf_stream_has_tenant(&flow->peers);
	struct wf_stream_number number = {.number = flow->peers.use};

	number.by_tenant =
		has_tenant && number.number > 1 && is_taken(store, &flow->peers, first, flow);
	for (int tries = 0; tries < NAMES_TRIED; tries++) {
		if (!is_taken(store, &flow->peers, number, flow)) {
			flow->number = number;
			return true;
		}
		number.number += number.by_tenant || !has_tenant;
		number.by_tenant = has_tenant;
	}
	return false;
}

void wf_collect_forget(struct wf_collect_store *store, struct wf_collect_flow *flow)
{
	if (!flow->is_closed)
		wf_collect_count(store->opts.counts, evicted, 1);
	wf_collect_files_close(&store->files, flow);
	wf_journal_remove_flow(&store->journal, flow);
	wf_collect_flow_remove(&store->flows, flow);
}

/* Return a new connection; NULL if it has no room or no name. */
static struct wf_collect_flow *add_flow(struct wf_collect_store *store,
					struct wf_collect_source *source,
					const struct wf_bus_message *message)
{
	struct wf_collect_flow *flow = wf_collect_flow_victim(&store->flows);

	if (flow)
		wf_collect_forget(store, flow);
	flow = wf_collect_flow_add(&store->flows, source, &message->flow, &message->peers);
	if (!flow)
		return NULL;
	/* Until set_number() has chosen a number, it is 0, which no name of a file contains. */
	if (!set_number(store, flow)) {
		wf_collect_flow_remove(&store->flows, flow);
		return NULL;
	}
	wf_journal_open_flow(&store->journal, flow);
	store->has_opened = true;
	return flow;
}

/* Let the commit write the ends of @flow, and close its files if it has ended. */
static void set_changed(struct wf_collect_store *store, struct wf_collect_flow *flow)
{
	if (flow->is_changed)
		return;
	flow->is_changed = true;
	store->changed[store->changed_count++] = flow;
}

/*
 * Process @message, the first one about @flow. If it is not OPEN, the OPEN message is missing, and
 * the stream begins at the offset of @message.
 */
static void begin_flow(struct wf_collect_store *store, struct wf_collect_flow *flow,
		       const struct wf_bus_message *message)
{
	flow->is_intended = false;
	set_changed(store, flow);
	flow->is_orphan = message->kind != WF_BUS_OPEN;
	if (!flow->is_orphan)
		return;
	flow->end_off[message->dir] = message->off;
	wf_collect_count(store->opts.counts, orphans, 1);
}

static void set_end_off(struct wf_collect_store *store, struct wf_collect_flow *flow,
			const struct wf_bus_message *message)
{
	flow->end_off[message->dir] = message->off + message->len_bytes;
	set_changed(store, flow);
}

/* ---- messages ---- */

static void put_data(struct wf_collect_store *store, struct wf_collect_flow *flow,
		     const struct wf_bus_message *message)
{
	store->items[store->items_count++] = (struct wf_collect_item){
		.flow = flow,
		.dir = message->dir,
		.bytes = message->body,
		.len_bytes = message->body_bytes,
		.off = message->off,
	};
	set_end_off(store, flow, message);
}

/* Apply @message to @flow, which is live. */
static void apply(struct wf_collect_store *store, struct wf_collect_flow *flow,
		  const struct wf_bus_message *message)
{
	struct wf_collect_counts *counts = store->opts.counts;

	switch (message->kind) {
	case WF_BUS_OPEN:
		wf_collect_count(counts, opens, 1);
		break;
	case WF_BUS_DATA:
		put_data(store, flow, message);
		return;
	case WF_BUS_GAP:
		wf_collect_count(counts, gaps, 1);
		break;
	case WF_BUS_DROP:
		wf_collect_count(counts, drops, 1);
		break;
	case WF_BUS_CLOSE:
		wf_collect_count(counts, closes, 1);
		set_changed(store, flow);
		end_flow(store, flow);
		break;
	}
	if (message->len_bytes) {
		wf_collect_count(counts, gap_bytes, message->len_bytes);
		set_end_off(store, flow, message);
	}
	put_event(store, flow, message);
}

/*
 * Return true if @message was collected before, or comes after the end of its connection. @flow:
 * this connection; NULL if it is not in the table.
 */
static bool is_known(const struct wf_collect_flow *flow, const struct wf_bus_message *message)
{
	if (!flow || flow->is_intended)
		return false;
	if (flow->is_closed || message->kind == WF_BUS_OPEN)
		return true;
	return message->len_bytes &&
	       message->off + message->len_bytes <= flow->end_off[message->dir];
}

/* Return the fault of a message that is well-formed, but can't follow what was received. */
static enum wf_bus_fault check(const struct wf_collect_flow *flow,
			       const struct wf_bus_message *message)
{
	uint64_t max = WF_COLLECT_FIRST_MAX;

	if (flow && !flow->is_intended && message->kind != WF_BUS_CLOSE &&
	    !(flow->is_orphan && !flow->end_off[message->dir]))
		max = flow->end_off[message->dir] + WF_COLLECT_DISTANCE_MAX;
	if (message->off > max || message->len_bytes > WF_COLLECT_FIRST_MAX)
		return WF_BUS_FAULT_OFFSET;
	if (message->kind != WF_BUS_DATA && !is_json(message))
		return WF_BUS_FAULT_BODY;
	return WF_BUS_FAULT_NONE;
}

/* Count a message and record its sequence number. */
static void note(struct wf_collect_store *store, uint32_t partition, uint64_t seq)
{
	wf_collect_count(store->opts.counts, messages, 1);
	store->position.seq[partition] = seq;
	store->messages++;
}

void wf_collect_store_reject(struct wf_collect_store *store, uint32_t partition, uint64_t seq,
			     enum wf_bus_fault fault)
{
	note(store, partition, seq);
	wf_collect_count(store->opts.counts, rejected[fault], 1);
	if (!store->said[fault])
		wf_collect_say(store, WEFT_LOG_WARN,
			       "message %" PRIu64 " of %s is rejected: %s; further ones are only "
			       "counted",
			       seq, store->head.stream, wf_bus_fault_text(fault));
	store->said[fault] = true;
}

enum wf_collect_result wf_collect_store_add(struct wf_collect_store *store, uint32_t partition,
					    uint64_t seq, const struct wf_bus_message *message)
{
	struct wf_collect_flow *flow = wf_collect_flow_find(&store->flows, &message->flow);
	struct wf_collect_source *source;
	enum wf_bus_fault fault;
	bool is_first = false;

	if (is_known(flow, message)) {
		note(store, partition, seq);
		wf_collect_count(store->opts.counts, duplicates, 1);
		return WF_COLLECT_KNOWN;
	}
	fault = check(flow, message);
	if (!fault) {
		source = wf_collect_source_get(&store->flows, message->flow.sensor, partition);
		if (source)
			set_boot(store, source, message);
		is_first = !flow || flow->is_intended;
		if (!flow && source)
			flow = add_flow(store, source, message);
		fault = flow ? WF_BUS_FAULT_NONE : WF_BUS_FAULT_ROOM;
	}
	if (fault) {
		wf_collect_store_reject(store, partition, seq, fault);
		return WF_COLLECT_REJECTED;
	}
	note(store, partition, seq);
	if (is_first)
		begin_flow(store, flow, message);
	if (message->time_ns > store->newest_ns)
		store->newest_ns = message->time_ns;
	flow->last_sec = wf_collect_now_sec();
	wf_collect_flow_touch(&store->flows, flow);
	apply(store, flow, message);
	return WF_COLLECT_TAKEN;
}
