// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_flow_user.c - the application's pointer of a connection: all later events contain the
 * pointer, and it is released once, after the CLOSE event.
 */
#include "unit/support/test.h"
#include "unit/support/packet_builder.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <weft/weft.h>

#include "packet/packet.h"

enum { CONNS = 200, SEGMENTS = 5, WORKERS = 3 };

#define START_NS 1700000000000000000ull

/* The application's state for each connection. */
struct mine {
	uint64_t id;
	uint32_t events;
	bool is_closed;
};

static struct weft *weft;
static _Atomic uint32_t wrong;
static _Atomic uint32_t made;
static _Atomic uint32_t released;

static int on_event(const struct weft_event *event, void *ctx)
{
	struct mine *mine = event->user;

	if (event->type == WEFT_EVENT_OPEN) {
		wrong += mine != NULL;
		mine = calloc(1, sizeof(*mine));
		mine->id = event->flow->id;
		wrong += weft_flow_user_set(weft, event->flow, mine) != 0;
		made++;
	}
	mine->events++;
	wrong += mine->id != event->flow->id || event->flow->worker >= WORKERS ||
		 event->flow->interface != 0;
	if (event->type == WEFT_EVENT_CLOSE) {
		wrong += mine->events < 3; /* OPEN, at least one DATA, CLOSE */
		mine->is_closed = true;
	}
	return 0;
}

/* The second inline subscription reads the pointer that the first has set. */
static int read_only(const struct weft_event *event, void *ctx)
{
	const struct mine *mine = event->user;

	wrong += event->type != WEFT_EVENT_OPEN && (!mine || mine->id != event->flow->id);
	return 0;
}

static void on_release(void *user, void *ctx)
{
	struct mine *mine = user;

	wrong += !mine->is_closed || ctx != &made;
	released++;
	free(mine);
}

static void submit_conn(uint16_t port)
{
	static struct packet_builder pb;

	for (uint32_t i = 0; i < SEGMENTS; i++) {
		const struct pb_tcp tcp = {
			.src_port = port, .dst_port = 80, .seq = 1 + i * 4, .flags = WF_TCP_ACK};
		struct weft_packet packet = {.bytes = pb.bytes, .time_ns = START_NS};

		pb_segment(&pb, "10.0.0.1", "10.0.0.2", &tcp, "data", 4);
		packet.cap_bytes = (uint32_t)pb.len_bytes;
		assert_int_equal(weft_submit(weft, &packet, 1, -1), 1);
	}
}

TEST(flow_user_comes_with_every_event_and_is_released_once)
{
	WEFT_OPTS(weft_opts, opts, .memory_max_bytes = 32 << 20, .workers = WORKERS);
	WEFT_OPTS(weft_sub_opts, keeps, .inline_fn = on_event);
	WEFT_OPTS(weft_sub_opts, reads, .inline_fn = read_only);
	WEFT_OPTS(weft_sub_opts, queued, .queue_bytes = 1 << 20);
	struct weft_sub *sub[3];
	struct weft_event events[16];
	int count;

	assert_int_equal(weft_new(&opts, &weft), 0);
	assert_int_equal(weft_add_submit(weft, NULL), 0);
	assert_int_equal(weft_flow_on_release(weft, on_release, &made), 0);
	assert_int_equal(weft_subscribe(weft, &keeps, &sub[0]), 0);
	assert_int_equal(weft_subscribe(weft, &reads, &sub[1]), 0);
	assert_int_equal(weft_subscribe(weft, &queued, &sub[2]), 0);
	assert_int_equal(weft_start(weft), 0);
	assert_int_equal(weft_flow_on_release(weft, NULL, NULL), -EBUSY);
	for (uint16_t port = 1000; port < 1000 + CONNS; port++)
		submit_conn(port);
	weft_stop(weft);
	while ((count = weft_sub_poll(sub[2], events, 16, -1)) > 0)
		for (int i = 0; i < count; i++)
			assert_null(events[i].user);
	assert_int_equal(count, -ESHUTDOWN);
	assert_int_equal(weft_wait(weft, -1), 0);
	weft_free(weft);
	assert_int_equal(wrong, 0);
	assert_int_equal(made, CONNS);
	assert_int_equal(released, CONNS);
}

TEST(flow_user_set_outside_of_a_callback_is_refused)
{
	struct weft_flow flow = {.src_port = 1};

	assert_int_equal(weft_new(NULL, &weft), 0);
	assert_int_equal(weft_flow_user_set(weft, &flow, &flow), -ENOENT);
	weft_free(weft);
}
