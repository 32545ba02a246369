/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ifaces.h - the interfaces of an engine, taken together.
 *
 * A flow may be seen on several (both directions of a pair of taps, say): its counts are summed,
 * and it is idle if it is idle on all.
 *
 * Thread: main, where not told otherwise.
 */
#ifndef WF_ENGINE_IFACES_H
#define WF_ENGINE_IFACES_H

#include <weft/limits.h>
#include <weft/source.h>

#include "capture/live/iface.h"

struct wf_metrics;
struct wf_overload_reading;

/* An interface as asked for, until wf_setup_make() opens it. */
struct wf_ifaces_entry {
	char *name;			 /* owned */
	struct weft_interface_opts opts; /* arrays owned */
	struct wf_iface *iface;		 /* owned; NULL: not open */
};

/* All zero: none. */
struct wf_ifaces {
	struct wf_ifaces_entry list[WEFT_INTERFACES_MAX];
	uint32_t count;
	bool is_detached;
};

/* @opts are copied. Return: 0; -ENOSPC; -ENODEV: no such interface; -ENOMEM. Logged. */
int wf_ifaces_add(struct wf_ifaces *ifaces, const char *ifname,
		  const struct weft_interface_opts *opts);

/* All are closed. */
void wf_ifaces_fini(struct wf_ifaces *ifaces);

/* Return: 0; an error of wf_iface_attach(): the first ones are attached. */
int wf_ifaces_attach(const struct wf_ifaces *ifaces);

/* Those that are open. Idempotent. */
void wf_ifaces_detach(struct wf_ifaces *ifaces);
void wf_ifaces_close(struct wf_ifaces *ifaces);

/* May new flows be shed on all of them? */
bool wf_ifaces_may_shed(const struct wf_ifaces *ifaces);

void wf_ifaces_stats_add(const struct wf_ifaces *ifaces, struct wf_metrics *sum);

/* ---- callbacks; @ctx: the struct wf_ifaces, open. Thread: any ---- */

/* As wf_iface_set_verdict(), on all. Return: 0: it was set on one or more. */
int wf_ifaces_set_verdict(void *ctx, const struct weft_flow_key *key,
			  const enum weft_verdict verdict[2], struct wf_kept *ret_kept);

/* Move the counts of all into their flow maps. */
void wf_ifaces_move_counts(void *ctx);

/* Tell the kernel's programs that this process lives. */
void wf_ifaces_beat(void *ctx);

/* For shedding: how full the receive rings are, and which part of the new flows to leave. */
void wf_ifaces_read_load(void *ctx, struct wf_overload_reading *ret_reading);
void wf_ifaces_shed(void *ctx, uint32_t percent);

#endif
