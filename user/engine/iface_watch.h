/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * iface_watch.h - a thread that notices within WF_IFACE_WATCH_MS that an interface was deleted,
 * went up or down, got or lost its carrier, got another name, or lost its program.
 *
 * Thread: main starts the thread; main or the stop thread stops it; any thread may read the states.
 */
#ifndef WF_ENGINE_IFACE_WATCH_H
#define WF_ENGINE_IFACE_WATCH_H

#include <net/if.h>
#include <stdatomic.h>

#include <weft/interface.h>
#include <weft/limits.h>

#include "base/periodic.h"

struct wf_ifaces;

enum { WF_IFACE_WATCH_MS = 200 };

struct wf_watched_iface {
	_Atomic uint32_t state;	   /* enum weft_interface_state */
	_Atomic uint64_t since_ns; /* time of the last change of state, ns since 1970 */
	/* the interface's last known name; "": not known yet. Used only by the watching thread. */
	char known_name[IF_NAMESIZE];
};

struct wf_iface_watch {
	const struct wf_ifaces *ifaces; /* borrowed, open while the thread runs */
	/*
	 * Called once for each interface that can't be captured any more. @is_last: no other is
	 * captured.
	 */
	void (*lost)(void *ctx, bool is_last);
	void *ctx;
	struct wf_watched_iface list[WEFT_INTERFACES_MAX];
	struct wf_periodic thread;
};

/* Start the thread. Set ifaces, lost and ctx before. Return: 0; negative errno. */
int wf_iface_watch_start(struct wf_iface_watch *watch);

/* Stop the thread. Call before the interfaces are detached. Idempotent. */
void wf_iface_watch_stop(struct wf_iface_watch *watch);

/* Call @fn for each interface. */
void wf_iface_watch_each(const struct wf_iface_watch *watch, weft_interface_fn fn, void *ctx);

#endif
