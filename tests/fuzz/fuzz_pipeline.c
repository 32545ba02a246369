// SPDX-License-Identifier: BSD-2-Clause
/*
 * fuzz_pipeline.c - sends hostile segments of a few connections through the whole pipeline: weft
 * must deliver only bytes that were sent, and free all memory.
 *
 *   input: settings, then one record of RECORD_BYTES for each segment
 *
 * The fuzzer records the bytes of each segment: each delivered byte must occur in some segment at
 * its stream offset. weft chooses the sequence number at which a stream begins. The fuzzer tries
 * every plausible start; all data of a direction must be correct for at least one of them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/engine_run.h"
#include "fuzz/rng.h"
#include "fuzz/wire.h"

enum {
	FLOWS = 4,
	SETTINGS_BYTES = 6,
	RECORD_BYTES = 10,
	SEGMENTS_MAX = 160,
	PAYLOAD_MAX = 300,
	FRAME_MAX = WIRE_HEADERS_MAX + PAYLOAD_MAX,
};

/* A segment that an endpoint sent and the tap captured. */
struct carried {
	uint8_t flow;
	uint8_t from;
	uint16_t flags;
	uint32_t seq;
	uint32_t ack;
	uint32_t len; /* only the captured part */
	uint8_t payload[PAYLOAD_MAX];
};

/*
 * State of one direction of a reported connection: the next offset, and the sequence numbers of
 * offset 0 (bases) for which all delivered bytes were correct so far.
 */
struct reported_dir {
	uint64_t next;
	uint32_t bases[3 * SEGMENTS_MAX];
	uint32_t bases_count;
	bool begun;
};

struct reported {
	uint64_t id;
	int flow;
	bool swapped;
	bool closed;
	struct reported_dir dir[2];
};

/* The segments that one side of a flow sent. */
struct sent {
	uint16_t index[SEGMENTS_MAX];
	uint32_t count;
};

struct world {
	struct carried carried[SEGMENTS_MAX];
	struct sent sent[FLOWS + 1][2]; /* the last element belongs to no flow */
	uint32_t count;
	uint8_t *frames; /* owned; valid as long as weft may read them */
	struct reported reported[SEGMENTS_MAX];
	uint32_t reported_count;
	bool traced; /* FUZZ_TRACE is set: print every segment and event */
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition, const char *what)
{
	if (!condition) {
		fprintf(stderr, "fuzz_pipeline: %s\n", what);
		abort();
	}
}

/* ---- addresses of the flows ---- */

static void flow_addr(int flow, int side, uint8_t *mapped)
{
	memset(mapped, 0, 16);
	if (flow & 1) {
		mapped[0] = 0x20;
	} else {
		memset(mapped + 10, 0xff, 2);
		mapped[12] = 10;
	}
	mapped[14] = (uint8_t)side;
	mapped[15] = (uint8_t)(1 + flow);
}

static uint16_t flow_port(int flow, int side)
{
	return (uint16_t)(side ? 80 : 5000 + flow);
}

static int find_flow(const struct weft_flow *flow, bool *ret_swapped)
{
	for (int i = 0; i < FLOWS; i++) {
		for (int swapped = 0; swapped < 2; swapped++) {
			uint8_t src[16];
			uint8_t dst[16];

			flow_addr(i, swapped, src);
			flow_addr(i, !swapped, dst);
			if (!memcmp(flow->src_addr, src, 16) && !memcmp(flow->dst_addr, dst, 16) &&
			    flow->src_port == flow_port(i, swapped) &&
			    flow->dst_port == flow_port(i, !swapped)) {
				*ret_swapped = swapped;
				return i;
			}
		}
	}
	return -1;
}

/* ---- events of weft ---- */

static struct reported *find_reported(struct world *world, uint64_t id)
{
	for (uint32_t i = 0; i < world->reported_count; i++)
		if (world->reported[i].id == id)
			return &world->reported[i];
	return NULL;
}

static bool was_carried(const struct world *world, int flow, int from, uint32_t seq, uint8_t byte)
{
	const struct sent *sent = &world->sent[flow][from];

	for (uint32_t i = 0; i < sent->count; i++) {
		const struct carried *carried = &world->carried[sent->index[i]];
		uint32_t at = seq - carried->seq - (carried->flags & WIRE_SYN ? 1 : 0);

		if (at < carried->len && carried->payload[at] == byte)
			return true;
	}
	return false;
}

static void gather_bases(const struct world *world, int flow, int from, struct reported_dir *dir)
{
	dir->begun = true;
	for (uint32_t i = 0; i < world->count; i++) {
		const struct carried *carried = &world->carried[i];

		if (carried->flow != flow)
			continue;
		if (carried->from == from) {
			dir->bases[dir->bases_count++] = carried->seq;
			dir->bases[dir->bases_count++] = carried->seq + 1;
		} else if (carried->flags & WIRE_ACK) {
			dir->bases[dir->bases_count++] = carried->ack;
		}
	}
}

static void on_data(struct world *world, struct reported *reported, const struct weft_event *event)
{
	struct reported_dir *dir = &reported->dir[event->dir];
	int from = (int)event->dir ^ reported->swapped;
	uint32_t kept = 0;

	require(event->data.off == dir->next && event->data.len_bytes, "data leaves something out");
	dir->next += event->data.len_bytes;
	if (!dir->begun)
		gather_bases(world, reported->flow, from, dir);
	for (uint32_t i = 0; i < dir->bases_count; i++) {
		uint32_t seq = dir->bases[i] + (uint32_t)event->data.off;
		uint32_t at = 0;

		while (at < event->data.len_bytes &&
		       was_carried(world, reported->flow, from, seq + at, event->data.bytes[at]))
			at++;
		if (at == event->data.len_bytes)
			dir->bases[kept++] = dir->bases[i];
	}
	dir->bases_count = kept;
	require(kept > 0, "a byte was delivered that no segment carried");
}

static void trace(const struct weft_event *event)
{
	fprintf(stderr, "flow %llu type %d dir %d", (unsigned long long)event->flow->id,
		event->type, event->dir);
	if (event->type == WEFT_EVENT_DATA)
		fprintf(stderr, " off %llu len %u", (unsigned long long)event->data.off,
			event->data.len_bytes);
	if (event->type == WEFT_EVENT_GAP)
		fprintf(stderr, " off %llu len %llu cause %d", (unsigned long long)event->gap.off,
			(unsigned long long)event->gap.len_bytes, event->gap.cause);
	fputc('\n', stderr);
}

static int on_event(const struct weft_event *event, void *ctx)
{
	struct world *world = ctx;
	struct reported *reported = find_reported(world, event->flow->id);

	if (world->traced)
		trace(event);
	if (event->type == WEFT_EVENT_OPEN) {
		require(!reported && world->reported_count < SEGMENTS_MAX,
			"OPEN twice, or too often");
		reported = &world->reported[world->reported_count++];
		*reported = (struct reported){.id = event->flow->id};
		reported->flow = find_flow(event->flow, &reported->swapped);
		require(reported->flow >= 0, "a connection that nobody made");
		return 0;
	}
	require(reported != NULL, "an event before OPEN");
	require(!reported->closed, "an event after CLOSE");
	switch (event->type) {
	case WEFT_EVENT_DATA:
		on_data(world, reported, event);
		break;
	case WEFT_EVENT_GAP:
		require(event->gap.off == reported->dir[event->dir].next && event->gap.len_bytes,
			"a gap leaves something out");
		reported->dir[event->dir].next += event->gap.len_bytes;
		break;
	case WEFT_EVENT_CLOSE:
		reported->closed = true;
		break;
	case WEFT_EVENT_ANOMALY:
		require(event->anomaly.shown_bytes <= WEFT_CONFLICT_BYTES_MAX, "too much shown");
		break;
	case WEFT_EVENT_OPEN:
	case WEFT_EVENT_DROP:
		break;
	}
	return 0;
}

/* ---- segments of the endpoints ---- */

/* Returns the byte at sequence number @seq of a stream; @version selects one of four contents. */
static uint8_t content(uint32_t flow, uint32_t from, uint32_t seq, uint32_t version)
{
	return (uint8_t)rng_mix((uint64_t)seq << 8 | version << 4 | flow << 1 | from);
}

static uint32_t near_seq(uint32_t base, uint8_t coarse, uint8_t fine)
{
	switch (coarse & 7) {
	case 6:
		return base + ((uint32_t)fine << 12);
	case 7:
		return base + ((uint32_t)fine << 24);
	default:
		return base + (uint32_t)(coarse & 7) * 256 + fine - 64;
	}
}

static uint16_t flags_of(uint8_t byte)
{
	static const uint16_t usual[8] = {
		WIRE_ACK,
		WIRE_ACK,
		WIRE_ACK | WIRE_PSH,
		WIRE_SYN,
		WIRE_SYN | WIRE_ACK,
		WIRE_FIN | WIRE_ACK,
		WIRE_RST,
		WIRE_RST | WIRE_ACK,
	};

	return byte & 0x80 ? byte & 0x3f : usual[byte & 7];
}

/*
 * Writes the frame of a record, and enters the bytes that it carries into world->carried. Return:
 * length of the frame.
 */
static uint32_t make_frame(struct world *world, const uint8_t *record, uint8_t *frame)
{
	struct carried *carried = &world->carried[world->count];
	struct wire_segment segment = {.wscale = -1, .window = 0xffff};
	int flow = record[0] & (FLOWS - 1);
	int from = record[0] >> 2 & 1;
	uint32_t skip = flow & 1 ? 0 : 12;
	uint32_t isn = flow & 2 ? 0xfffffe00u : 1000u;
	uint8_t mapped[2][16];
	uint32_t len;

	segment.ip_version = flow & 1 ? 6 : 4;
	flow_addr(flow, from, mapped[0]);
	flow_addr(flow, !from, mapped[1]);
	memcpy(segment.src, mapped[0] + skip, 16 - skip);
	memcpy(segment.dst, mapped[1] + skip, 16 - skip);
	segment.sport = flow_port(flow, from);
	segment.dport = flow_port(flow, !from);
	segment.seq = near_seq(isn, record[1], record[2]);
	segment.ack = near_seq(isn, record[3], record[4]);
	segment.flags = flags_of(record[5]);
	segment.payload_bytes = record[6] > 200 ? PAYLOAD_MAX : record[6];
	segment.timestamps = record[7] & 1;
	segment.ts_val = record[7];
	segment.window = record[7] & 2 ? 0xffff : record[7];
	if (segment.flags & WIRE_SYN && record[7] & 4)
		segment.wscale = record[7] >> 4;
	*carried = (struct carried){.flow = (uint8_t)flow,
				    .from = (uint8_t)from,
				    .flags = segment.flags,
				    .seq = segment.seq,
				    .ack = segment.ack,
				    .len = segment.payload_bytes};
	for (uint32_t i = 0; i < segment.payload_bytes; i++)
		carried->payload[i] = content((uint32_t)flow, (uint32_t)from, segment.seq + i,
					      record[0] >> 3 & 3);
	segment.payload = carried->payload;
	len = (uint32_t)wire_build(frame, &segment);
	world->count++;
	return len;
}

/*
 * Flips a bit of the latest frame or cuts off its end, if the record says so. A flipped bit makes
 * the checksum wrong, so the frame carries nothing; a cut frame carries only the captured part.
 */
static void mutate(struct world *world, const uint8_t *record, uint8_t *frame, uint32_t *len)
{
	struct carried *carried = &world->carried[world->count - 1];
	uint32_t headers = *len - carried->len;
	uint32_t tcp = 14 + (carried->flow & 1 ? 40 : 20);

	if (record[0] & 0x80 && record[0] & 0x40) {
		uint32_t bit = (record[9] * 8u + record[8]) % ((*len - tcp) * 8);

		frame[tcp + bit / 8] ^= (uint8_t)(1u << bit % 8);
		carried->flow = FLOWS; /* belongs to no flow */
	} else if (record[0] & 0x80) {
		uint32_t cut = 1 + record[9] % (*len - 1);

		*len -= cut;
		if (*len < tcp + 20)
			carried->flow = FLOWS;
		carried->len = *len < headers ? 0 : *len - headers;
	}
}

static void trace_carried(const struct carried *carried, uint64_t time_ns)
{
	fprintf(stderr, "  segment flow %u from %u seq %u ack %u flags %#x len %u at %llu us\n",
		carried->flow, carried->from, carried->seq, carried->ack, carried->flags,
		carried->len, (unsigned long long)(time_ns / 1000 % 1000000000));
}

static void note_sent(struct world *world, uint32_t index)
{
	const struct carried *carried = &world->carried[index];
	struct sent *sent = &world->sent[carried->flow][carried->from];

	sent->index[sent->count++] = (uint16_t)index;
}

static struct engine_run_opts settings(const uint8_t *data, struct world *world)
{
	return (struct engine_run_opts){
		.memory_bytes = WEFT_MEMORY_MIN_MB << 20,
		.place = (enum engine_run_place)(data[0] % ENGINE_RUN_PLACE_COUNT),
		.batch = 1 + (data[0] >> 1) % 32,
		.checksum = WEFT_CHECKSUM_VERIFY,
		.deliver = (enum weft_deliver)(data[1] & 1),
		.overlap = (enum weft_overlap)(data[2] % WEFT_OVERLAP_COUNT),
		.stream_pages_max = data[3] & 1 ? 1 + data[3] / 16 : 0,
		.flows_max = data[4] & 1 ? 1 + data[4] / 64 : 64,
		.embryonic_max = data[4] & 2 ? 2 : 64,
		.depth_bytes = data[5] & 1 ? data[5] * 4u : 0,
		.event_fn = on_event,
		.ctx = world,
	};
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct world world;
	struct engine_run_opts opts;
	struct engine_run run;
	uint64_t time_ns = 1700000000000000000ull;
	const char *error;

	if (size < SETTINGS_BYTES + RECORD_BYTES)
		return 0;
	memset(&world, 0, sizeof(world));
	world.traced = getenv("FUZZ_TRACE");
	world.frames = malloc((size_t)SEGMENTS_MAX * FRAME_MAX);
	require(world.frames != NULL, "no memory");
	opts = settings(data, &world);
	engine_run_start(&run, &opts);
	for (size_t at = SETTINGS_BYTES; at + RECORD_BYTES <= size && world.count < SEGMENTS_MAX;
	     at += RECORD_BYTES) {
		uint8_t *frame = world.frames + (size_t)world.count * FRAME_MAX;
		const uint8_t *record = data + at;
		uint32_t whole = make_frame(&world, record, frame);
		uint32_t len = whole;

		mutate(&world, record, frame, &len);
		note_sent(&world, world.count - 1);
		time_ns += (uint64_t)(record[8] & 0x3f) << (record[8] & 0x40 ? 26 : 14);
		if (world.traced)
			trace_carried(&world.carried[world.count - 1], time_ns);
		engine_run_captured(&run, time_ns, frame, len, whole, WEFT_LINK_ETHERNET);
	}
	error = engine_run_finish(&run);
	require(!error, error ? error : "");
	for (uint32_t i = 0; i < world.reported_count; i++)
		require(world.reported[i].closed, "no CLOSE");
	free(world.frames);
	return 0;
}
