/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * engine.h - the memory, sources, workers and subscriptions of one handle, and their lifetime.
 *
 *   new → sources.h → subscribe → start → (stop) → wait → free
 *
 *   live:                sockets, ring buffers of host mode, weft_submit() ─► workers
 *   replay, one worker:  file ─► worker
 *   replay, N workers:   file ─► reader ─► workers
 *
 * Stopping: sources are detached or ended first; then each worker empties its rings, and when no
 * frame is between workers any more, each flushes its flows and closes its end of every
 * subscription's queue.
 *
 * Thread: main, unless stated otherwise.
 */
#ifndef WF_ENGINE_ENGINE_H
#define WF_ENGINE_ENGINE_H

#include <stdint.h>

#include <weft/interface.h>
#include <weft/opts.h>
#include <weft/source.h>
#include <weft/submit.h>
#include <weft/subscribe.h>
#include <weft/worker.h>

#include "deliver/registry.h"

struct wf_engine;
struct wf_budget;
struct wf_housekeeping;
struct wf_metrics;

/* Create an engine. @opts: copied; defaults must be filled in and ranges checked. */
int wf_engine_new(const struct weft_opts *opts, struct wf_engine **ret_engine);
int wf_engine_subscribe(struct wf_engine *engine, const struct weft_sub_opts *opts,
			struct weft_sub **ret_sub);
int wf_engine_start(struct wf_engine *engine);

/* Submit packets: see weft_submit(). Thread: any. */
int wf_engine_submit(struct wf_engine *engine, const struct weft_packet *packets, uint32_t count,
		     int timeout_ms);

/* Wait for the end of the engine: see weft_wait(). */
int wf_engine_wait(struct wf_engine *engine, int timeout_ms);

/* Request the engine to stop. Thread: any; async-signal-safe. */
void wf_engine_stop(struct wf_engine *engine);
void wf_engine_free(struct wf_engine *engine);

/* Add the metrics of all threads and interfaces to @ret_sum. Thread: any. */
void wf_engine_stats(const struct wf_engine *engine, struct wf_metrics *ret_sum);

/*
 * Call @fn for each subscription, with its statistics. *@ret_removed: the sum of the counters
 * of removed subscriptions. If the lock can't be taken in time, nothing is read. Return: 0;
 * -ETIMEDOUT. Thread: any.
 */
int wf_engine_subs_each(struct wf_engine *engine, wf_registry_stats_fn fn, void *ctx,
			struct weft_sub_stats *ret_removed);

/*
 * Call @fn with the metrics of each interface. The name and the metrics are lent for the call.
 * Thread: any.
 */
typedef void (*wf_iface_stats_fn)(const char *ifname, const struct wf_metrics *counted, void *ctx);
void wf_engine_iface_stats_each(const struct wf_engine *engine, wf_iface_stats_fn fn, void *ctx);

/* Call @fn for each worker: see weft/worker.h. Thread: any. */
void wf_engine_workers_each(const struct wf_engine *engine, weft_worker_fn fn, void *ctx);

/* Call @fn for each interface: see weft/interface.h. Thread: any. */
void wf_engine_interfaces_each(const struct wf_engine *engine, weft_interface_fn fn, void *ctx);

/* Return the name of the interface with @number, counted from 1; NULL if there is none. Thread:
 * any. */
const char *wf_engine_interface_name(const struct wf_engine *engine, uint8_t number);

/*
 * Return the path of the capture file with @number, counted from 1; NULL if there is none. Thread:
 * any, after the start.
 */
const char *wf_engine_file_name(const struct wf_engine *engine, uint16_t number);

/* Return the housekeeping thread; NULL before wf_engine_start(). */
struct wf_housekeeping *wf_engine_housekeeping(const struct wf_engine *engine);

/* Return the memory budget of the handle. Thread: any. */
struct wf_budget *wf_engine_budget(const struct wf_engine *engine);

#endif
