/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fake_weft.h - a weft handle without an engine: one worker, for which the test itself makes
 * events.
 *
 * Defines the public functions that a sink uses, with the real queues. Exactly one file of a test
 * program includes it.
 */
#ifndef TESTS_UNIT_SUPPORT_FAKE_WEFT_H
#define TESTS_UNIT_SUPPORT_FAKE_WEFT_H

#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include <weft/weft.h>

#include "deliver/dispatch.h"
#include "deliver/registry.h"
#include "deliver/subscription.h"
#include "memory/arena.h"
#include "sink/sink.h"
#include "sink/sink_class.h"
#include "unit/support/delivery.h"

struct weft {
	struct wf_arena *arena;
	struct weft_sub *sub;
	struct wf_registry registry;
	struct wf_dispatch dispatch;
	struct weft_pressure_change changes[4];
	size_t changes_count;
	uint64_t shed_percent;
	enum weft_interface_state interface_state;
	char log[4096]; /* all log messages, one per line */
	/* a sink whose poll, when it found no event, returns only once the sink is to end; NULL:
	 * none */
	struct wf_sink *_Atomic pausing;
	_Atomic bool is_paused;
};

static struct weft fake;

int weft_subscribe(struct weft *weft, const struct weft_sub_opts *opts, struct weft_sub **ret_sub)
{
	int err = wf_registry_add(&weft->registry, opts, false, &weft->sub);

	if (err)
		return err;
	wf_dispatch_init(&weft->dispatch, &weft->registry, 0);
	*ret_sub = weft->sub;
	return 0;
}

int weft_sub_poll(struct weft_sub *sub, struct weft_event *events, int events_max, int timeout_ms)
{
	int count = wf_sub_poll(sub, events, events_max, timeout_ms);
	const struct wf_sink *pausing = atomic_load(&fake.pausing);

	while (!count && pausing && !wf_sink_is_ending(pausing)) {
		atomic_store(&fake.is_paused, true);
		sched_yield();
	}
	return count;
}

void weft_sub_stats_read(const struct weft_sub *sub, struct weft_sub_stats *ret_stats)
{
	wf_sub_stats(sub, ret_stats);
}

void weft_unsubscribe(struct weft_sub *sub)
{
	wf_registry_remove(sub);
}

void weft_stats_each(const struct weft *weft, weft_metric_fn fn, void *ctx)
{
	const struct weft_metric metrics[] = {
		{.name = "frames", .help = "help", .value = 12345},
		{.name = "shed_percent",
		 .help = "help",
		 .kind = WEFT_METRIC_GAUGE,
		 .value = weft->shed_percent},
	};

	fn(&metrics[0], ctx);
	fn(&metrics[1], ctx);
}

size_t weft_pressure_changes(const struct weft *weft, uint64_t after,
			     struct weft_pressure_change *ret_changes, size_t max)
{
	size_t count = 0;

	for (size_t i = 0; i < weft->changes_count && count < max; i++)
		if (weft->changes[i].number > after)
			ret_changes[count++] = weft->changes[i];
	return count;
}

void weft_interfaces_each(const struct weft *weft, weft_interface_fn fn, void *ctx)
{
	const struct weft_interface interface = {
		.name = "eth7", .state = weft->interface_state, .since_ns = 1795233600000000000ull};

	fn(&interface, ctx);
}

const char *weft_interface_name(const struct weft *weft, uint8_t number)
{
	static const char *const names[] = {NULL, "eth7", "eth8"};

	return names[number];
}

const char *weft_file_name(const struct weft *weft, uint16_t number)
{
	static const char *const names[] = {NULL, "a.pcap", "b.pcap", "-"};

	return names[number];
}

static void fake_log(enum weft_log_level level, const char *message, void *ctx)
{
	size_t len = strlen(fake.log);

	snprintf(fake.log + len, sizeof(fake.log) - len, "%s\n", message);
}

static int fake_open(const char *kind, struct wf_sink_opts opts, struct wf_sink **ret_sink)
{
	memset(&fake, 0, sizeof(fake));
	if (wf_arena_new(16 << 20, &fake.arena) ||
	    wf_registry_init(&fake.registry, fake.arena, 1, 1000))
		return -1;
	opts.log = fake_log;
	return wf_sink_open(&fake, kind, &opts, ret_sink);
}

static void fake_event(const struct weft_event *event)
{
	delivery_dispatch(&fake.dispatch, event);
}

/* Closes the queue, as at the end of a capture, and waits for the sink. Return: its result. */
static int fake_end(struct wf_sink *sink)
{
	wf_dispatch_close(&fake.dispatch);
	return wf_sink_join(sink);
}

/* Frees the fake handle; called by a test only if its sink could not be opened. */
static void fake_free(void)
{
	wf_registry_fini(&fake.registry);
	wf_arena_free(fake.arena);
}

static void fake_close(struct wf_sink *sink)
{
	wf_sink_close(sink);
	fake_free();
}

#endif
