/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kernel.h - bypassed directions, whose data the kernel keeps: requests for a bypass, and the
 * kernel's counts of the segments that it kept.
 *
 *   limit reached ─► request ──after the batch──► the worker sets the verdict in the kernel's map
 *                                                        │ data: counted there, not steered
 *   FIN, RST, the other side's acknowledgements still come ◄┘
 *
 * A request is an output: conn/ never sets a verdict itself. The worker takes the list of requests,
 * carries them out and reports each result to wf_bypass_done() (conn/bypass.h).
 *
 * The kernel evicts the least recently used flows together with their verdicts. Data that still
 * arrives from a bypassed direction shows an eviction: the verdict is then requested again, which
 * is counted.
 *
 * Bound: WF_KERNEL_REQUESTS wait. A request that finds the list full is dropped; the direction's
 * next data makes it again.
 *
 * Thread: the worker. The counts cost a system call: when such a flow ends, and when it was silent
 * for its time-out.
 */
#ifndef WF_CONN_KERNEL_H
#define WF_CONN_KERNEL_H

#include <stdint.h>

#include "conn/half.h"
#include "packet/verdict.h"

enum { WF_KERNEL_REQUESTS = 64 };

struct wf_kernel_request {
	struct weft_flow_key key;
	uint32_t hash;
	uint64_t id; /* flow id; distinguishes the flow from a later one with the same key */
	enum weft_dir dir;
	enum weft_verdict verdict;
	uint64_t near_off; /* STEER: approximate offset at which the data continues */
};

/* Interface to the kernel. Exists if a kernel steers segments to the worker, which sets it up. */
struct wf_kernel {
	/* Read the kernel's record of the flow @key. Return: 0; -ENOENT: there is none. */
	int (*look)(void *ctx, const struct weft_flow_key *key, struct wf_kept *ret_kept);
	void *ctx;
	uint32_t count;
	struct wf_kernel_request requests[WF_KERNEL_REQUESTS];
};

static inline unsigned int wf_kernel_endpoint(const struct wf_flow *flow, enum weft_dir dir)
{
	return dir == WEFT_TO_SERVER ? flow->client : !flow->client;
}

/* Request the bypass of @half, of which all wanted data was delivered, unless it is in force. */
void wf_kernel_ask_bypass(const struct wf_half *half);

/*
 * Count data of the bypassed @half. It was already on its way, or else the verdict is lost and is
 * requested again.
 */
void wf_kernel_note_late(const struct wf_half *half, const struct wf_packet *packet);

/* Add the growth of the kernel's counts in @kept, which was just read, to both directions. */
void wf_kernel_follow(struct wf_conns *conns, struct wf_flow *flow, const struct wf_kept *kept);

/* Estimate the offset of the stream from the kernel's counts, if acknowledgements are not seen. */
uint64_t wf_kernel_guess_off(const struct wf_half *half);

/*
 * Return true if the kernel counted recent segments of @flow, which seemed silent for a long time;
 * flow->last_ns is then updated.
 */
bool wf_kernel_is_busy(struct wf_conns *conns, struct wf_flow *flow, uint64_t now_ns);

/* Add the segments that the kernel kept to the counts of @flow, which ends. */
void wf_kernel_settle(struct wf_conns *conns, struct wf_flow *flow);

#endif
