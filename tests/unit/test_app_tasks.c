// SPDX-License-Identifier: BSD-2-Clause
/*
 * Tests of the calls for applications that keep data about connections: cleanup tasks, memory that
 * is charged to the limit, and the half-open connections of an address.
 */
#include "unit/support/test.h"
#include "unit/support/handle_metrics.h"
#include "unit/support/packet_builder.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <string.h>

#include <weft/weft.h>

#include "packet/packet.h"

enum { MEBIBYTE = 1 << 20, LIMIT_BYTES = 32 * MEBIBYTE, WORKERS = 2 };

#define INTERVAL_NS 10000000ull
#define TTL_NS	    5000000000ull

static struct weft *weft;
static _Atomic uint32_t runs;
static _Atomic uint64_t seen_ttl_ns;

static int setup(void **state)
{
	WEFT_OPTS(weft_opts, opts, .memory_max_bytes = LIMIT_BYTES, .workers = WORKERS,
		  .monitor_interval_ms = 10);

	assert_int_equal(weft_new(&opts, &weft), 0);
	assert_int_equal(weft_add_submit(weft, NULL), 0);
	return 0;
}

static int teardown(void **state)
{
	weft_free(weft);
	return 0;
}

/* Reports two removed items in the first run; fails in later runs. */
static int64_t remove_items(void *ctx, uint64_t now_ns, uint64_t ttl_ns)
{
	assert_ptr_equal(ctx, &weft);
	seen_ttl_ns = ttl_ns;
	return runs++ ? -EIO : 2;
}

static void find_task(const struct weft_cleanup *task, void *ctx)
{
	struct weft_cleanup *found = ctx;

	if (!strcmp(task->name, "mine"))
		*found = *task;
}

TEST_WITH(app_cleanup_task_runs_and_is_counted, setup, teardown)
{
	WEFT_OPTS(weft_cleanup_opts, opts, .name = "mine", .interval_ns = INTERVAL_NS,
		  .ttl_ns = TTL_NS, .run_fn = remove_items, .ctx = &weft);
	struct weft_cleanup task = {.name = NULL};

	assert_int_equal(weft_cleanup_add(weft, &opts), 0);
	assert_int_equal(weft_start(weft), 0);
	while (task.errors < 1) {
		poll(NULL, 0, 1);
		weft_cleanup_each(weft, find_task, &task);
	}
	assert_int_equal(task.removed, 2);
	assert_int_equal(task.last_err, -EIO);
	assert_int_equal(task.ttl_ns, TTL_NS);
	assert_int_equal(seen_ttl_ns, TTL_NS);
	assert_int_equal(weft_cleanup_add(weft, &opts), -EBUSY);
}

TEST_WITH(app_cleanup_task_without_a_function_or_beyond_the_limit_is_rejected, setup, teardown)
{
	WEFT_OPTS(weft_cleanup_opts, opts, .name = "mine");

	assert_int_equal(weft_cleanup_add(weft, &opts), -EINVAL);
	opts.run_fn = remove_items;
	for (int i = 0; i < WEFT_CLEANUP_ADDED_MAX; i++)
		assert_int_equal(weft_cleanup_add(weft, &opts), 0);
	assert_int_equal(weft_cleanup_add(weft, &opts), -ENOSPC);
}

TEST_WITH(app_memory_is_charged_to_the_limit, setup, teardown)
{
	assert_int_equal(weft_start(weft), 0);
	assert_int_equal(weft_memory_limit(weft), LIMIT_BYTES);
	assert_int_equal(weft_memory_reserve(weft, LIMIT_BYTES), -ENOBUFS);
	assert_int_equal(weft_memory_reserve(weft, MEBIBYTE), 0);
	weft_memory_release(weft, MEBIBYTE / 2);
	weft_stop(weft);
	assert_int_equal(weft_wait(weft, -1), 0);
	assert_int_equal(handle_metric(weft, "memory_state_bytes"), MEBIBYTE / 2);
	weft_memory_release(weft, MEBIBYTE / 2);
}

static void submit_syn(const char *src, uint16_t port)
{
	static struct packet_builder pb;
	const struct pb_tcp tcp = {.src_port = port, .dst_port = 80, .seq = 1, .flags = WF_TCP_SYN};
	struct weft_packet packet = {.bytes = pb.bytes, .time_ns = 1700000000000000000ull};

	pb_segment(&pb, src, "10.0.0.9", &tcp, NULL, 0);
	packet.cap_bytes = (uint32_t)pb.len_bytes;
	assert_int_equal(weft_submit(weft, &packet, 1, -1), 1);
}

static void set_addr(uint8_t *addr, const char *text)
{
	memset(addr, 0, 10);
	memset(addr + 10, 0xff, 2);
	assert_int_equal(inet_pton(AF_INET, text, addr + 12), 1);
}

TEST_WITH(app_half_open_connections_are_read_for_each_address, setup, teardown)
{
	uint8_t addrs[3][16];
	uint32_t counts[3];

	set_addr(addrs[0], "10.0.0.1");
	set_addr(addrs[1], "10.0.0.2");
	set_addr(addrs[2], "10.0.0.9");
	assert_int_equal(weft_half_open_read(weft, addrs, 3, counts), -ENODEV);
	assert_int_equal(weft_start(weft), 0);
	for (uint16_t port = 1; port <= 20; port++)
		submit_syn("10.0.0.1", port);
	submit_syn("10.0.0.2", 1);
	do {
		poll(NULL, 0, 1);
		assert_int_equal(weft_half_open_read(weft, addrs, 3, counts), 0);
	} while (counts[0] + counts[1] < 21);
	assert_int_equal(counts[0], 20);
	assert_int_equal(counts[1], 1);
	assert_int_equal(counts[2], 0);
	assert_int_equal(weft_half_open_read(weft, addrs, WEFT_HALF_OPEN_ADDRS_MAX + 1, counts),
			 -EINVAL);
}
