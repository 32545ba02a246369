/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kernel.h - requests the bypass of a direction, and reads the kernel's counts of bypassed
 * segments.
 *
 *   limit reached ─► request ──after the group──► the worker sets the verdict in the BPF map
 *                                                        │ data and acknowledgements of the
 *                                                        │ direction: counted there, not steered
 *   SYN, FIN, RST, the other side's segments still come ◄┘
 *
 * conn/ never sets a verdict in the kernel; it only adds a request to a list, struct wf_kernel. The
 * worker carries out the requests of the list and reports each result to wf_bypass_done()
 * (conn/bypass.h).
 *
 * The kernel evicts the least recently used flows together with their verdicts. If data of a
 * bypassed direction still arrives some time after the request, the kernel has evicted the flow.
 * wf_kernel_note_late() then requests the lost verdict again, and wf_bypass_done() counts the
 * repetition.
 *
 * Bound: at most WF_KERNEL_REQUESTS requests are in the list. If it is full, a new request is
 * dropped. wf_kernel_note_late() repeats the request of a direction at its limit when the next data
 * of the direction arrives; a dropped request of wf_bypass_request() is counted and not repeated.
 *
 * Thread: the worker. Each result of a request contains the kernel's counts. Reading them at
 * another time costs a system call. It is done when a flow with a verdict ends or was silent for
 * its time-out, and when the offset of the stream must be estimated: if both directions are
 * bypassed and a bypass ends, or a FIN or RST arrives.
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
 * The worker's list of requests, and its interface to the kernel. Without a kernel program that
 * steers segments to the worker, @look is NULL, and the worker carries the requests out itself.
 */
struct wf_kernel {
	/*
	 * Read the kernel's record of the flow @key. Return: 0; -ENOENT: there is none; other
	 * negative errno.
	 */
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
 * already bypassed, or if no kernel program steers its segments.
 */
void wf_kernel_request_bypass(const struct wf_half *half);

/*
 * Count @packet, whose data arrived although the kernel bypasses @half. Data soon after the last
 * request is expected. Later data shows that the kernel has lost the verdict, and this function
 * requests it again: PASS if that was set last, otherwise SHUNT.
 */
void wf_kernel_note_late(const struct wf_half *half, const struct wf_packet *packet);

/*
 * Add the increase of the kernel's counts to both directions of @flow. @kept: the kernel's record,
 * which was just read.
 */
void wf_kernel_follow(struct wf_conns *conns, struct wf_flow *flow, const struct wf_kept *kept);

/*
 * Return the stream's present offset, estimated from the kernel's counts. Used if the kernel also
 * bypasses the acknowledgements, which otherwise show the offset.
 */
uint64_t wf_kernel_estimate_off(const struct wf_half *half);

/*
 * Return true if the kernel counted recent segments of @flow, which seemed silent for a long time;
 * flow->last_ns is then updated.
 */
bool wf_kernel_is_busy(struct wf_conns *conns, struct wf_flow *flow, uint64_t now_ns);

/* Add the segments that the kernel bypassed to the counts of @flow. Called when @flow ends. */
void wf_kernel_settle(struct wf_conns *conns, struct wf_flow *flow);

#endif
