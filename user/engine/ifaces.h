/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ifaces.h - applies each operation to all interfaces of an engine.
 *
 * A flow may be seen on several interfaces, such as the two directions of a pair of taps. Its
 * counts are summed, and it is idle only if it is idle on all interfaces.
 *
 * Thread: main, unless stated otherwise.
 */
#ifndef WF_ENGINE_IFACES_H
#define WF_ENGINE_IFACES_H

#include <weft/limits.h>
#include <weft/source.h>

#include "capture/live/iface.h"

struct wf_decoder;
struct wf_metrics;
struct wf_overload_reading;
struct wf_segment_filter;
struct wf_unread;

/* An added interface; wf_setup_make() opens it. */
struct wf_ifaces_entry {
	char *name;			 /* owned */
	struct weft_interface_opts opts; /* the arrays in it are owned */
	struct wf_iface *iface;		 /* owned; NULL until opened */
};

/* The interfaces of an engine. Zeroed storage is an empty list. */
struct wf_ifaces {
	struct wf_ifaces_entry list[WEFT_INTERFACES_MAX];
	uint32_t count;
	bool is_detached;
};

/*
 * Add an interface. @opts: copied. Return: 0 on success; -ENOSPC if WEFT_INTERFACES_MAX are added;
 * -ENODEV if there is no such interface; -EEXIST if it was already added; -ENOMEM. Failures are
 * logged.
 */
int wf_ifaces_add(struct wf_ifaces *ifaces, const char *ifname,
		  const struct weft_interface_opts *opts);

/* Free the list. All interfaces must be closed. */
void wf_ifaces_fini(struct wf_ifaces *ifaces);

/*
 * Attach all interfaces in order. Return: 0 on success; otherwise the error of wf_iface_attach(),
 * with the interfaces before the failing one left attached.
 */
int wf_ifaces_attach(const struct wf_ifaces *ifaces);

/* Add to @ret_needs the privileges that the attached interfaces need until they are closed. */
void wf_ifaces_needs(const struct wf_ifaces *ifaces, struct weft_needs *ret_needs);

/*
 * Begin the capture on all attached interfaces in order. Return: 0 on success; otherwise the error
 * of wf_iface_begin(), after which the interfaces behind the failing one have not begun.
 */
int wf_ifaces_begin(const struct wf_ifaces *ifaces);

/* Detach all open interfaces. Idempotent. Thread: main, or the stop thread. */
void wf_ifaces_detach(struct wf_ifaces *ifaces);

/* Close all open interfaces. Idempotent. */
void wf_ifaces_close(struct wf_ifaces *ifaces);

/*
 * Make the filter of datagrams that are rebuilt from fragments. They may be of any interface, so
 * this filter accepts all that the filter of any interface accepts. Return: 0; -ENOMEM.
 */
int wf_ifaces_segment_filter(const struct wf_ifaces *ifaces, struct wf_segment_filter **ret_filter);

/* Return true if shedding is allowed on all interfaces. */
bool wf_ifaces_may_shed(const struct wf_ifaces *ifaces);

/* Count the samples of frames without TCP of all interfaces: see unread/unread.h. Thread: any. */
void wf_ifaces_note_unread(const struct wf_ifaces *ifaces, const struct wf_decoder *decoder,
			   struct wf_unread *unread);

/* Add the metrics of all interfaces to @sum. Thread: any. */
void wf_ifaces_stats_add(const struct wf_ifaces *ifaces, struct wf_metrics *sum);

/* ---- callbacks; @ctx: the struct wf_ifaces, open. Thread: any ---- */

/*
 * Set the verdict on all interfaces: see wf_iface_set_verdict(). Return: 0 if it was set on at
 * least one interface; -EAGAIN if *@ret_kept was not set because the counts of one of these could
 * not be read; otherwise an error of wf_iface_set_verdict().
 */
int wf_ifaces_set_verdict(void *ctx, const struct weft_flow_key *key,
			  const enum weft_verdict verdict[2], struct wf_kept *ret_kept);

/* Move the per-CPU counts of each interface to its flow map. */
void wf_ifaces_move_counts(void *ctx);

/* Renew the heartbeat of tc filters: see wf_iface_beat(). */
void wf_ifaces_beat(void *ctx);

/* Read the load of the receive rings that @worker has on all interfaces. */
void wf_ifaces_read_load(void *ctx, uint32_t worker, struct wf_overload_reading *ret_reading);

/* Set the percentage of new flows that the BPF programs of all interfaces shed. */
void wf_ifaces_shed(void *ctx, uint32_t percent);

#endif
