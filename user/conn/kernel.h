/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kernel.h - requests to the kernel to bypass a direction, and reads its counts of bypassed
 * segments.
 *
 *   limit reached ─► request ──after the batch──► the worker sets the verdict in the BPF map
 *                                                        │ data: counted there, not steered
 *   FIN, RST, the other side's acknowledgements still come ◄┘
 *
 * conn/ never sets a verdict itself; it only adds a request to a list. The worker carries out the
 * requests of the list and reports each result to wf_bypass_done() (conn/bypass.h).
 *
 * The kernel evicts the least recently used flows together with their verdicts. If data still
 * arrives from a bypassed direction, its flow was evicted. wf_kernel_note_late() then requests the
 * verdict again, and wf_bypass_done() counts the repetition.
 *
 * Bound: at most WF_KERNEL_REQUESTS requests are in the list. If it is full, a new request is
 * dropped. wf_kernel_note_late() makes it again when the next data of the direction arrives.
 *
 * Thread: the worker. Reading the counts costs a system call, so they are read only when a flow
 * with a verdict ends or was silent for its time-out, and when a bypass ends and the offset of the
 * stream must be estimated.
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
	/* id of the flow, which distinguishes it from a later flow with the same key */
	uint64_t id;
	enum weft_dir dir;
	enum weft_verdict verdict;
	uint64_t near_off; /* STEER only: approximate offset at which the data continues */
};

/*
 * The worker's interface to the kernel. It exists only if the kernel steers segments to the worker.
 */
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

/*
 * Request the bypass of @half, of which all wanted data was delivered. Do nothing if @half is
 * already bypassed.
 */
void wf_kernel_ask_bypass(const struct wf_half *half);

/*
 * Count @packet, whose data arrived although the kernel bypasses @half. Data soon after the last
 * request is expected. Later data shows that the kernel has lost the verdict, and this function
 * requests it again.
 */
void wf_kernel_note_late(const struct wf_half *half, const struct wf_packet *packet);

/*
 * Add the increase of the kernel's counts to both directions of @flow. @kept: the kernel's record,
 * which was just read.
 */
void wf_kernel_follow(struct wf_conns *conns, struct wf_flow *flow, const struct wf_kept *kept);

/*
 * Return the stream's offset estimated from the kernel's counts. Used if acknowledgements are not
 * seen.
 */
uint64_t wf_kernel_guess_off(const struct wf_half *half);

/*
 * Return true if the kernel counted recent segments of @flow, which seemed silent for a long time;
 * flow->last_ns is then updated.
 */
bool wf_kernel_is_busy(struct wf_conns *conns, struct wf_flow *flow, uint64_t now_ns);

/* Add the segments that the kernel bypassed to the counts of @flow. Called when @flow ends. */
void wf_kernel_settle(struct wf_conns *conns, struct wf_flow *flow);

#endif
