// SPDX-License-Identifier: BSD-2-Clause
/*
 * iface_watch.c - reads the state of each interface several times a second.
 *
 * Netlink notifications are not used: they are lost when a socket's buffer is full, and the kernel
 * sends none when the bpf_link of a program is detached.
 */
#include "engine/iface_watch.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "capture/live/iface_stats.h"
#include "engine/ifaces.h"

static bool is_final(enum weft_interface_state state)
{
	return state >= WEFT_INTERFACE_DETACHED;
}

static void log_state(const char *name, enum weft_interface_state state)
{
	switch (state) {
	case WEFT_INTERFACE_UP:
		wf_info("capture: %s: the interface is up", name);
		return;
	case WEFT_INTERFACE_NO_CARRIER:
		wf_warn("capture: %s: the interface has no link (no carrier), so nothing arrives",
			name);
		return;
	case WEFT_INTERFACE_DOWN:
		wf_warn("capture: %s: the interface is down, so nothing arrives; to set it up: "
			"ip link set dev %s up",
			name, name);
		return;
	case WEFT_INTERFACE_DETACHED:
		wf_error("capture: %s: another process detached weft's BPF program; the interface "
			 "is not captured any more",
			 name);
		return;
	case WEFT_INTERFACE_GONE:
		wf_error("capture: %s: the interface is gone: it was deleted, or moved to another "
			 "network namespace; it is not captured any more",
			 name);
		return;
	}
}

static enum weft_interface_state state_of(const struct wf_watched_iface *watched)
{
	return atomic_load_explicit(&watched->state, memory_order_relaxed);
}

/* Return true if no interface can be captured any more. */
static bool are_all_lost(const struct wf_iface_watch *watch)
{
	for (uint32_t i = 0; i < watch->ifaces->count; i++)
		if (!is_final(state_of(&watch->list[i])))
			return false;
	return true;
}

static void watch_name(struct wf_watched_iface *watched, const char *added, const char *name)
{
	if (!strcmp(watched->known_name, name))
		return;
	if (watched->known_name[0])
		wf_warn("capture: %s: the interface is now named %s; the capture goes on, and "
			"commands still know it as %s",
			watched->known_name, name, added);
	memcpy(watched->known_name, name, IF_NAMESIZE);
}

static void watch_one(struct wf_iface_watch *watch, uint32_t i)
{
	const struct wf_ifaces_entry *entry = &watch->ifaces->list[i];
	struct wf_watched_iface *watched = &watch->list[i];
	enum weft_interface_state before = state_of(watched);
	enum weft_interface_state state;
	char name[IF_NAMESIZE] = "";

	if (is_final(before))
		return;
	state = wf_iface_state(entry->iface, name);
	if (name[0])
		watch_name(watched, entry->name, name);
	if (state == before)
		return;
	log_state(watched->known_name[0] ? watched->known_name : entry->name, state);
	atomic_store_explicit(&watched->since_ns, wf_clock_realtime_ns(), memory_order_relaxed);
	atomic_store_explicit(&watched->state, state, memory_order_relaxed);
	if (is_final(state))
		watch->lost(watch->ctx, are_all_lost(watch));
}

static uint64_t run(void *ctx, uint64_t now_ns)
{
	struct wf_iface_watch *watch = ctx;

	for (uint32_t i = 0; i < watch->ifaces->count; i++)
		watch_one(watch, i);
	return now_ns + WF_IFACE_WATCH_MS * WF_NS_PER_MS;
}

int wf_iface_watch_start(struct wf_iface_watch *watch)
{
	return wf_periodic_start(&watch->thread, "weft-links", run, watch);
}

void wf_iface_watch_stop(struct wf_iface_watch *watch)
{
	if (watch->thread.is_started)
		wf_periodic_stop(&watch->thread);
}

void wf_iface_watch_each(const struct wf_iface_watch *watch, weft_interface_fn fn, void *ctx)
{
	for (uint32_t i = 0; i < watch->ifaces->count; i++) {
		const struct weft_interface interface = {
			.name = watch->ifaces->list[i].name,
			.state = state_of(&watch->list[i]),
			.since_ns = atomic_load_explicit(&watch->list[i].since_ns,
							 memory_order_relaxed),
			.mode = watch->ifaces->list[i].opts.mode,
		};

		fn(&interface, ctx);
	}
}
