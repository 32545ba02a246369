// SPDX-License-Identifier: BSD-2-Clause
/* test_show.c - losses that `weft subscribe` reports on standard error, and counts. */
#include "unit/support/test.h"
#include "unit/support/delivery.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/subscribe/show.h"

static struct wf_show show;
static char *said; /* the messages, without the rest of the program's */
static size_t said_bytes;

static int setup(void **state)
{
	show = (struct wf_show){.format = &wf_show_text, .out = fopen("/dev/null", "w")};
	return !show.out;
}

static int teardown(void **state)
{
	return fclose(show.out);
}

/* Asserts that the loss of @event is reported as @expected. */
static void assert_said(const struct weft_event *event, const char *expected)
{
	FILE *before = stderr;

	stderr = open_memstream(&said, &said_bytes);
	wf_show_event(&show, event);
	fclose(stderr);
	stderr = before;
	assert_string_equal(said, expected);
	free(said);
}

static struct weft_event loss(const struct weft_flow *flow)
{
	return (struct weft_event){
		.type = WEFT_EVENT_DROP, .dir = WEFT_TO_CLIENT, .flow = flow, .drop.events = 1};
}

TEST_WITH(show_reports_a_lost_range, setup, teardown)
{
	struct weft_flow flow = delivery_flow(1);
	struct weft_event event = loss(&flow);

	event.drop.data_bytes = event.drop.len_bytes = 1000;
	event.drop.off = 5;
	assert_said(&event, "weft: subscribe: lost: 1 event of 10.0.0.2.80-10.0.0.1.40000, 1000 "
			    "bytes at offset 5\n");
	event.drop.events = 2;
	assert_said(&event, "weft: subscribe: lost: 2 events of 10.0.0.2.80-10.0.0.1.40000, 1000 "
			    "bytes at offset 5\n");
	assert_int_equal(show.lost_events, 3);
	assert_int_equal(show.lost_bytes, 2000);
}

TEST_WITH(show_reports_lost_events_without_bytes, setup, teardown)
{
	struct weft_flow flow = delivery_flow(1);
	struct weft_event event = loss(&flow);

	assert_said(&event, "weft: subscribe: lost: 1 event of 10.0.0.2.80-10.0.0.1.40000, no "
			    "bytes\n");
}

TEST_WITH(show_reports_lost_connections, setup, teardown)
{
	struct weft_event event = loss(NULL);

	assert_said(&event, "weft: subscribe: lost: 1 event with 0 bytes, connections not known\n");
	event.drop.events = 70;
	event.drop.data_bytes = 9;
	event.drop.connections = 1;
	assert_said(&event, "weft: subscribe: lost: 70 events with 9 bytes, connections not known; "
			    "all events of 1 connection are lost\n");
	event.drop.connections = 2;
	assert_said(&event, "weft: subscribe: lost: 70 events with 9 bytes, connections not known; "
			    "all events of 2 connections are lost\n");
}
