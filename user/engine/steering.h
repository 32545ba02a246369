/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * steering.h - chooses which worker owns a flow when packets come from a NIC.
 *
 *   by hash    each queue has a socket for each worker; the XDP program's hash picks one of them
 *   by queue   each queue has one socket, owned by worker (queue % workers);
 *              the NIC's hash must bring both directions of a connection to one queue
 *
 * By queue, each worker reads fewer rings. The value auto of capture.nic_hash chooses this
 * only if the NIC reports a symmetric hash. A worker that receives a segment of another worker's
 * flow passes the segment to that worker.
 */
#ifndef WF_ENGINE_STEERING_H
#define WF_ENGINE_STEERING_H

#include <stdbool.h>
#include <stdint.h>

#include "bpf/hash.h"
#include "packet/rss.h"

struct wf_crew;
struct weft_flow_key;
struct wf_ifaces;

/* How packets are steered. Zeroed storage means steering by hash. */
struct wf_steering {
	bool by_queue;
	/* computes the worker that owns a flow if packets are steered by queue */
	struct wf_rss rss;
};

/*
 * Choose how packets are steered. Call before the interfaces are opened. Return: 0 on success;
 * -EINVAL or -EOPNOTSUPP if steering by queue is required but not possible (logged).
 */
int wf_steering_choose(struct wf_steering *steering, const struct wf_ifaces *ifaces,
		       uint32_t workers);

/*
 * Warn if many segments arrived at a worker that does not own their flow. Call after the workers
 * have ended.
 */
void wf_steering_report_strays(const struct wf_steering *steering, const struct wf_crew *crew,
			       const char *ifname);

/* Return the queue hash for decoders; NULL if packets are steered by hash. */
const struct wf_rss *wf_steering_rss(const struct wf_steering *steering);

/*
 * Return the hash that the decoder computes for the flow's segments. Thread: any, once the engine
 * was started.
 */
uint32_t wf_steering_flow_hash(const struct wf_steering *steering,
			       const struct weft_hash_secret *secret,
			       const struct weft_flow_key *key);

#endif
