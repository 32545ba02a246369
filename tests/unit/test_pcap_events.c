// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_pcap_events.c - the packets of connections that are older than the output or not known any
 * more, and owners that can't write; test_sink_pcap.c has the other packets.
 */
#include "unit/support/test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pcap/pcap_events.h"
#include "unit/support/delivery.h"
#include "unit/support/packet_text.h"

#define OLDER "earlier bytes are older than this output, or its queue was full"

/* The owner of the events: its output, the result of its writes, and the losses reported to it. */
static struct wf_pcap_events *events;
static char written[1 << 20];
static int write_err;
static uint64_t failed_events, failed_bytes;

static int write_blocks(void *ctx)
{
	struct wf_pcapng_out *blocks = &events->buffer.blocks;

	if (write_err)
		return write_err;
	packet_text(blocks->bytes, blocks->len, written + strlen(written));
	blocks->len = 0;
	return 0;
}

static void fail_event(void *ctx, uint64_t len_bytes)
{
	failed_events++;
	failed_bytes += len_bytes;
}

static void warn(void *ctx, const char *message)
{
	fail_msg("warning: %s", message);
}

static const struct wf_pcap_owner owner = {
	.write = write_blocks,
	.fail = fail_event,
	.warn = warn,
	.begins_late = true,
};

static int setup(void **state)
{
	written[0] = '\0';
	write_err = 0;
	failed_events = failed_bytes = 0;
	events = malloc(sizeof(*events));
	return !events || wf_pcap_events_init(events, &owner, NULL);
}

static int teardown(void **state)
{
	wf_pcap_events_fini(events);
	free(events);
	return 0;
}

/* Takes an OPEN event that is marked as midway, with the ISNs 1000 and 5000. */
static void take_midway(const struct weft_flow *flow, uint64_t off_toserver, uint64_t off_toclient)
{
	struct weft_event event = delivery_open(flow);

	event.open = (struct weft_open){.off = {off_toserver, off_toclient},
					.isn = {1000, 5000},
					.has_isn = {true, true},
					.midway = true};
	wf_pcap_events_take(events, &event);
}

static void take_data(const struct weft_flow *flow, enum weft_dir dir, uint64_t off,
		      const char *text)
{
	struct weft_event event = delivery_data(flow, off, text, (uint32_t)strlen(text));

	event.dir = dir;
	wf_pcap_events_take(events, &event);
}

static void assert_packets(const char *expected)
{
	assert_int_equal(write_blocks(NULL), 0);
	assert_string_equal(written, expected);
}

TEST_WITH(pcap_events_older_connection_begins_with_its_next_bytes, setup, teardown)
{
	struct weft_flow flow = delivery_flow(9);

	take_midway(&flow, 100, 3ull << 32);
	take_data(&flow, WEFT_TO_CLIENT, 3ull << 32, "200");
	take_data(&flow, WEFT_TO_SERVER, 100, "GET /");
	assert_packets("< PA 5001 1101 [200] # weft: flow_id 9, " OLDER "\n"
		       "> A 1101 5004\n"
		       "> PA 1101 5004 [GET /]\n"
		       "< A 5004 1106\n");
}

TEST_WITH(pcap_events_older_connection_without_data_has_its_handshake, setup, teardown)
{
	struct weft_flow flow = delivery_flow(9);

	take_midway(&flow, 0, 0);
	assert_packets("> S 1000 0 # weft: flow_id 9\n"
		       "< SA 5000 1001\n"
		       "> A 1001 5001\n");
}

TEST_WITH(pcap_events_older_connection_of_reused_ports_has_a_made_up_handshake, setup, teardown)
{
	struct weft_flow flow = delivery_flow(9);

	flow.use = 2;
	take_midway(&flow, 100, 0);
	take_data(&flow, WEFT_TO_SERVER, 100, "a");
	assert_packets("> S 1100 0 # weft: flow_id 9, " OLDER ", handshake made up\n"
		       "< SA 5000 1101\n"
		       "> A 1101 5001\n"
		       "> PA 1101 5001 [a]\n"
		       "< A 5001 1102\n");
}

TEST_WITH(pcap_events_loss_after_the_beginning_is_a_missing_range, setup, teardown)
{
	struct weft_flow flow = delivery_flow(9);
	struct weft_event loss = {
		.type = WEFT_EVENT_DROP,
		.flow = &flow,
		.drop = {.events = 2, .data_bytes = 20, .off = 100, .len_bytes = 20},
	};

	take_midway(&flow, 100, 0);
	wf_pcap_events_take(events, &loss);
	take_data(&flow, WEFT_TO_SERVER, 120, "a");
	assert_packets("< A 5001 1121 # weft: flow_id 9, " OLDER
		       "; 20 bytes toserver from offset 100 are missing: "
		       "dropped, because the queue to this output was full\n"
		       "> PA 1121 5001 [a]\n"
		       "< A 5001 1122\n");
	assert_int_equal(failed_events, 0);
}

TEST_WITH(pcap_events_huge_gap_has_a_limited_number_of_packets, setup, teardown)
{
	struct weft_flow flow = delivery_flow(9);
	struct weft_event gap = delivery_gap(&flow, 10, (1ull << 62) + 5);
	size_t lines = 0;

	take_midway(&flow, 10, 0);
	wf_pcap_events_take(events, &gap);
	take_data(&flow, WEFT_TO_SERVER, (1ull << 62) + 15, "a");
	assert_int_equal(write_blocks(NULL), 0);
	for (const char *at = written; (at = strchr(at, '\n')); at++)
		lines++;
	assert_int_equal(lines, (1 << 11) + 1 + 2);
	assert_non_null(strstr(written, " 4611686018427387909 bytes toserver from offset 10 are"));
	assert_non_null(strstr(written, "\n> PA 1016 5001 [a]\n"));
	assert_int_equal(events->table.conns[1].next_off[0], (1ull << 62) + 16);
}

TEST_WITH(pcap_events_of_unknown_addresses_are_counted_as_failed, setup, teardown)
{
	const struct weft_flow unknown = {.id = 9};
	struct weft_event gap = delivery_gap(&unknown, 3, 100);
	struct weft_event close = delivery_close(&unknown, &(struct weft_flow_record){0});

	take_data(&unknown, WEFT_TO_SERVER, 0, "abc");
	wf_pcap_events_take(events, &gap);
	wf_pcap_events_take(events, &close);
	assert_packets("");
	assert_int_equal(failed_events, 2);
	assert_int_equal(failed_bytes, 3);
}

TEST_WITH(pcap_events_of_an_open_connection_need_no_addresses, setup, teardown)
{
	struct weft_flow flow = delivery_flow(9);
	const struct weft_flow unknown = {.id = 9};

	take_midway(&flow, 100, 0);
	take_data(&unknown, WEFT_TO_SERVER, 100, "a");
	assert_packets("> PA 1101 5001 [a] # weft: flow_id 9, " OLDER "\n"
		       "< A 5001 1102\n");
	assert_int_equal(failed_events, 0);
}

TEST_WITH(pcap_events_end_when_the_owner_cannot_write, setup, teardown)
{
	struct weft_flow flow = delivery_flow(9);
	static char text[60001];
	uint64_t off = 0;

	memset(text, 'x', 60000);
	take_midway(&flow, 0, 0);
	write_err = -ENOSPC;
	for (; off < 10 * 60000; off += 60000)
		take_data(&flow, WEFT_TO_SERVER, off, text);
	assert_int_equal(events->buffer.err, -ENOSPC);
	assert_true(failed_events > 0);
	assert_true(events->buffer.blocks.len <= WF_PCAP_BUFFER_BYTES);
}
