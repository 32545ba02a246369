/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * steering.h - which worker owns a flow when packets come from a NIC.
 *
 *   by hash    each queue has a socket for each worker; the XDP program's hash picks one of them
 *   by queue   each queue has one socket, of worker queue % workers: for a NIC whose own hash
 *              brings both directions of a connection to one queue (rss.h)
 *
 * By queue, a queue's segments are not dealt out to several rings, and a worker looks into few.
 * It is chosen where it surely fits; a segment that comes to another worker than its owner is
 * handed over.
 */
#ifndef WF_ENGINE_STEERING_H
#define WF_ENGINE_STEERING_H

#include <stdbool.h>
#include <stdint.h>

#include "bpf/hash.h"
#include "decode/rss.h"

struct wf_crew;
struct weft_flow_key;
struct wf_ifaces;

/* All zero: by hash. */
struct wf_steering {
	bool by_queue;
	struct wf_rss rss; /* by queue: the worker of each queue */
};

/*
 * Before interfaces are opened. Return: 0; -EINVAL, -EOPNOTSUPP: by queue was asked for, and is
 * not possible; logged.
 */
int wf_steering_choose(struct wf_steering *steering, const struct wf_ifaces *ifaces,
		       uint32_t workers);

/* After the workers have ended: warn if many segments came to another worker than their owner. */
void wf_steering_report_strays(const struct wf_steering *steering, const struct wf_crew *crew,
			       const char *ifname);

/* For decoders; NULL: by hash. */
const struct wf_rss *wf_steering_rss(const struct wf_steering *steering);

/* The hash that decoding gives the flow's segments. Thread: any, once started. */
uint32_t wf_steering_flow_hash(const struct wf_steering *steering,
			       const struct weft_hash_secret *secret,
			       const struct weft_flow_key *key);

#endif
