// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_charges.c - memory outside the arena is charged before it is allocated; if the limit is
 * exceeded, the allocation fails.
 *
 * Tests use the loopback device without opening it.
 */
#include "unit/support/test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <weft/log.h>

#include "api/opts.h"
#include "capture/live/tc_attach.h"
#include "engine/charges.h"
#include "engine/engine_body.h"
#include "engine/engine.h"
#include "senders/marks.h"
#include "splits/splits.h"
#include "memory/arena.h"
#include "memory/budget.h"

#define MIB (1ull << 20)

static char last_message[1024];

static void keep_message(enum weft_log_level level, const char *message, void *ctx)
{
	snprintf(last_message, sizeof(last_message), "%s", message);
}

/* Adds the loopback device, also a second time, which wf_engine_add_interface() rejects. */
static void add_loopback(struct wf_engine *engine, const struct weft_interface_opts *opts)
{
	struct wf_ifaces_entry *entry = &engine->ifaces.list[engine->ifaces.count++];

	entry->opts = *opts;
	entry->name = strdup("lo");
	assert_non_null(entry->name);
}

static struct wf_engine *make_engine_of(enum weft_mode mode, uint64_t limit_mb, uint32_t workers,
					uint32_t interfaces)
{
	WEFT_OPTS(weft_opts, wanted, .memory_max_bytes = limit_mb * MIB, .workers = workers);
	WEFT_OPTS(weft_interface_opts, iface, .mode = mode);
	struct weft_opts opts;
	struct wf_engine *engine;

	assert_int_equal(wf_opts_resolve(&wanted, &opts), 0);
	assert_int_equal(wf_engine_new(&opts, &engine), 0);
	for (uint32_t i = 0; i < interfaces; i++)
		add_loopback(engine, &iface);
	*last_message = 0;
	return engine;
}

static struct wf_engine *make_engine(uint64_t limit_mb, uint32_t workers, uint32_t interfaces)
{
	return make_engine_of(WEFT_MODE_TAP, limit_mb, workers, interfaces);
}

static int take(struct wf_engine *engine)
{
	const struct wf_charges_opts opts = {
		.weft = &engine->opts,
		.ifaces = &engine->ifaces,
		.subs_count = wf_registry_count(&engine->registry),
		.budget = wf_arena_budget(engine->arena),
	};

	return wf_charges_take(&engine->charges, &opts);
}

static uint64_t held(const struct wf_engine *engine, enum wf_budget_owner owner)
{
	return wf_budget_held(wf_arena_budget(engine->arena), owner);
}

TEST(charges_of_an_interface_have_accounts_of_their_own)
{
	struct wf_engine *engine = make_engine(512, 2, 1);
	uint64_t before = wf_budget_used(wf_arena_budget(engine->arena));

	assert_int_equal(take(engine), 0);
	assert_int_equal(held(engine, WF_BUDGET_WORKERS), 2 * sizeof(struct wf_worker) +
								  sizeof(struct wf_marks) +
								  sizeof(struct wf_splits));
	assert_true(held(engine, WF_BUDGET_MAPS) > 17 * MIB);
	assert_true(held(engine, WF_BUDGET_RINGS) > 14 * MIB);
	assert_true(held(engine, WF_BUDGET_RINGS) < 20 * MIB);
	assert_string_equal(last_message, "");
	wf_charges_release(&engine->charges);
	assert_int_equal(wf_budget_used(wf_arena_budget(engine->arena)), before);
	wf_engine_free(engine);
}

TEST(charges_without_interfaces_are_those_of_workers)
{
	struct wf_engine *engine = make_engine(16, 3, 0);

	assert_int_equal(take(engine), 0);
	assert_int_equal(held(engine, WF_BUDGET_WORKERS), 3 * sizeof(struct wf_worker) +
								  sizeof(struct wf_marks) +
								  sizeof(struct wf_splits));
	assert_int_equal(held(engine, WF_BUDGET_MAPS), 0);
	assert_int_equal(held(engine, WF_BUDGET_RINGS), 0);
	wf_charges_release(&engine->charges);
	wf_charges_release(&engine->charges);
	assert_int_equal(held(engine, WF_BUDGET_WORKERS), 0);
	wf_engine_free(engine);
}

TEST(charges_of_a_small_limit_scale_maps_down_and_say_so)
{
	struct wf_engine *engine = make_engine(64, 1, 1);

	assert_int_equal(take(engine), 0);
	assert_true(held(engine, WF_BUDGET_MAPS) < 64 * MIB / 4 + MIB);
	assert_int_equal(engine->charges.maps.flows, 16384);
	assert_non_null(strstr(last_message, "flow map has only 16384 entries, because of the "
					     "limits of 64 MiB and 1000000 connections"));
	wf_engine_free(engine);
}

TEST(charges_after_them_the_arena_can_be_pinned)
{
	for (uint32_t mb = 16; mb <= 512; mb *= 2) {
		struct wf_engine *engine = make_engine(mb, 1, 1);
		struct wf_budget *budget = wf_arena_budget(engine->arena);

		assert_int_equal(take(engine), 0);
		assert_int_equal(
			wf_arena_pin(engine->arena, wf_charges_headroom(engine->opts.workers)), 0);
		assert_true(wf_arena_bytes(engine->arena) >= (uint64_t)WEFT_WORKER_MIN_MB * MIB);
		assert_true(wf_budget_used(budget) <=
			    mb * MIB - wf_charges_headroom(engine->opts.workers));
		assert_true(wf_budget_is_valid(budget));
		wf_engine_free(engine);
	}
}

/* For each interface, the charge covers the kernel's records of all frames of the arena. */
TEST(charges_cover_the_records_of_all_frames)
{
	for (uint32_t mb = 32; mb <= 512; mb *= 2) {
		struct wf_engine *engine = make_engine(mb, 1, 8);

		assert_int_equal(take(engine), 0);
		assert_int_equal(
			wf_arena_pin(engine->arena, wf_charges_headroom(engine->opts.workers)), 0);
		assert_true(held(engine, WF_BUDGET_RINGS) >=
			    8 * wf_arena_bytes(engine->arena) / 4096 * (128 + 8));
		wf_engine_free(engine);
	}
}

/* A connection has one worker, so by default each worker's overflow ring holds 50 ms at
 * 10 Gbit/s. */
TEST(charges_of_host_mode_are_those_of_its_rings)
{
	struct wf_engine *engine = make_engine_of(WEFT_MODE_HOST, 1024, 3, 1);

	assert_int_equal(take(engine), 0);
	assert_int_equal(held(engine, WF_BUDGET_RINGS), wf_tc_rings_bytes(3, 64 * MIB));
	assert_in_range(held(engine, WF_BUDGET_RINGS), (192 + 12) * MIB, (195 + 12) * MIB);
	assert_string_equal(last_message, "");
	wf_engine_free(engine);
}

TEST(charges_of_host_mode_share_out_a_chosen_size)
{
	WEFT_OPTS(weft_interface_opts, host, .mode = WEFT_MODE_HOST, .host_ring_mb = 64);
	struct wf_engine *engine = make_engine_of(WEFT_MODE_HOST, 1024, 3, 0);

	add_loopback(engine, &host);
	assert_int_equal(take(engine), 0);
	assert_int_equal(held(engine, WF_BUDGET_RINGS), wf_tc_rings_bytes(3, 16 * MIB));
	assert_string_equal(last_message, "");
	wf_engine_free(engine);
}

TEST(charges_of_host_mode_take_a_quarter_of_the_limit_at_most)
{
	WEFT_OPTS(weft_interface_opts, host, .mode = WEFT_MODE_HOST, .host_ring_mb = 64);
	struct wf_engine *engine = make_engine_of(WEFT_MODE_HOST, 128, 1, 2);

	assert_int_equal(take(engine), 0);
	assert_int_equal(held(engine, WF_BUDGET_RINGS), 2 * wf_tc_rings_bytes(1, 16 * MIB));
	assert_null(strstr(last_message, "ring buffers"));
	wf_engine_free(engine);

	engine = make_engine_of(WEFT_MODE_HOST, 128, 1, 0);
	for (int i = 0; i < 2; i++)
		add_loopback(engine, &host);
	assert_int_equal(take(engine), 0);
	assert_int_equal(held(engine, WF_BUDGET_RINGS), 2 * wf_tc_rings_bytes(1, 16 * MIB));
	assert_non_null(strstr(last_message, "lo: ring buffers of 16384 KiB per worker instead of "
					     "65536, for a limit of 128 MiB"));
	wf_engine_free(engine);
}

TEST(charges_of_host_mode_and_tap_mode_work_together)
{
	struct wf_engine *engine = make_engine_of(WEFT_MODE_HOST, 128, 1, 1);
	WEFT_OPTS(weft_interface_opts, tap, .mode = WEFT_MODE_TAP);

	add_loopback(engine, &tap);
	assert_int_equal(take(engine), 0);
	assert_int_equal(wf_arena_pin(engine->arena, wf_charges_headroom(1)), 0);
	assert_true(held(engine, WF_BUDGET_RINGS) >
		    wf_tc_rings_bytes(1, 32 * MIB) +
			    wf_arena_bytes(engine->arena) / 4096 * (128 + 8));
	wf_engine_free(engine);
}

TEST(charges_beyond_the_limit_are_refused_with_the_sum)
{
	struct wf_engine *engine = make_engine(16, 1, WEFT_INTERFACES_MAX);
	struct wf_budget *budget = wf_arena_budget(engine->arena);
	uint64_t before = wf_budget_used(budget);
	double sum = 0;
	double parts[8];
	double limit;
	int fields;

	assert_int_equal(take(engine), -ENOBUFS);
	assert_int_equal(wf_budget_used(budget), before);
	fields = sscanf(
		last_message,
		"memory: the limit of %lf MiB is too small: %lf for tables + %lf for 0 "
		"subscriptions "
		"+ %lf for 1 workers + %lf for BPF maps of 16 interfaces + %lf for ring "
		"buffers of host mode and AF_XDP rings of %*u queues + %lf in reserve + at least %lf for data = %lf MiB; "
		"raise the limit",
		&limit, &parts[0], &parts[1], &parts[2], &parts[3], &parts[4], &parts[5], &parts[6],
		&parts[7]);
	assert_int_equal(fields, 9);
	assert_true(limit == 16);
	for (int i = 0; i < 7; i++)
		sum += parts[i];
	assert_true(sum - parts[7] < 0.5 && parts[7] - sum < 0.5);
	assert_true(parts[7] > limit);
	wf_engine_free(engine);
}

TEST(charges_subscriptions_that_leave_too_little_are_refused)
{
	struct wf_engine *engine = make_engine(16, 1, 1);
	WEFT_OPTS(weft_sub_opts, opts, .name = "large", .queue_bytes = 64 * MIB);
	struct weft_sub *sub;

	assert_int_equal(wf_engine_subscribe(engine, &opts, &sub), 0);
	opts.queue_bytes = 32 * MIB;
	assert_int_equal(wf_engine_subscribe(engine, &opts, &sub), 0);
	assert_int_equal(take(engine), -ENOBUFS);
	assert_non_null(strstr(last_message, "12.6 for 2 subscriptions"));
	wf_engine_free(engine);
}

static int prepare(void **state)
{
	weft_log_set(keep_message, NULL);
	return 0;
}

TEST_GROUP(prepare, NULL);
