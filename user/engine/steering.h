/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * steering.h - who owns a flow when packets come from a NIC.
 *
 *   by hash    each queue has a socket for each worker; the XDP program's hash picks one of them
 *   by queue   each queue has one socket, of worker queue % workers: for a NIC whose own hash
 *              brings both directions of a connection to one queue (rss.h)
 *
 * By queue, a queue's segments are not dealt out to several rings, and a worker looks into few.
 * It is chosen where it surely fits, and what comes to another than its owner is handed over.
 */
#ifndef WF_ENGINE_STEERING_H
#define WF_ENGINE_STEERING_H

#include <stdint.h>

struct wf_engine;
struct wf_flow_key;
struct wf_rss;

/*
 * Before interfaces are opened: sets engine->by_queue and rss. Return: 0; -EINVAL,
 * -EOPNOTSUPP: asked for by queue where that can't be; logged.
 */
int wf_engine_choose_steering(struct wf_engine *engine);

/* After the workers have ended: says so if many segments came to another than their owner. */
void wf_engine_tell_strays(const struct wf_engine *engine);

/* For whoever decodes; NULL: by hash. */
const struct wf_rss *wf_engine_rss(const struct wf_engine *engine);

/* The hash that decoding gives the flow's segments. Thread: any, once started. */
uint32_t wf_engine_flow_hash(const struct wf_engine *engine, const struct wf_flow_key *key);

#endif
