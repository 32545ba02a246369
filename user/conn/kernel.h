/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kernel.h - directions whose data the kernel keeps from user space: the requests for that, and the
 * kernel's counts of what it kept.
 *
 *   limit reached ─► request ──after the batch──► the worker sets the verdict in the kernel's map
 *                                                        │ data: counted there, not steered
 *   FIN, RST, the other side's acknowledgements still come ◄┘
 *
 * A request is an output: conn/ never sets a verdict itself. The worker takes the list of requests,
 * carries them out and reports each result to wf_bypass_done() (conn/bypass.h).
 *
 * The kernel forgets the least recently used flows, and their verdicts with them. Data that still
 * comes of a bypassed direction shows that: then the verdict is requested again, and counted.
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
	uint64_t id; /* of the flow: a later one on the same key has not made the request */
	enum weft_dir dir;
	enum weft_verdict verdict;
	uint64_t near_off; /* STEER: about where the data goes on */
};

/* Set up by the worker, if a kernel steers segments to it. */
struct wf_kernel {
	/* Read the kernel's record of the flow @key. Return: 0; -ENOENT. */
	int (*look)(void *ctx, const struct weft_flow_key *key, struct wf_kept *ret_kept);
	void *ctx;
	uint32_t count;
	struct wf_kernel_request requests[WF_KERNEL_REQUESTS];
};

static inline unsigned int wf_kernel_endpoint(const struct wf_flow *flow, enum weft_dir dir)
{
	return dir == WEFT_TO_SERVER ? flow->client : !flow->client;
}

/* All that is wanted of @half was delivered: request the bypass, unless it is in force. */
void wf_kernel_ask_bypass(const struct wf_half *half);

/* Data came of @half, which is bypassed: it was on its way, or the verdict is gone. */
void wf_kernel_note_late(const struct wf_half *half, const struct wf_packet *packet);

/* The kernel's record @kept was just read: add to the counts of both directions. */
void wf_kernel_follow(struct wf_conns *conns, struct wf_flow *flow, const struct wf_kept *kept);

/* The approximate offset of the stream by the kernel's counts, for lack of acknowledgements. */
uint64_t wf_kernel_guess_off(const struct wf_half *half);

/*
 * @flow was silent for a long time. Is it busy in the kernel? Then its last_ns follows.
 */
bool wf_kernel_is_busy(struct wf_conns *conns, struct wf_flow *flow, uint64_t now_ns);

/* @flow ends: add the segments that the kernel kept to its counts. */
void wf_kernel_settle(struct wf_conns *conns, struct wf_flow *flow);

#endif
