/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * verdicts.h - carries out the verdicts on flows that connections and the application request.
 *
 *   a connection at its depth limit ─► struct wf_kernel ─┐ after each group of frames
 *   weft_flow_set(), weft_flow_end() ────────────────────┼─► kernel program, or user space ─► conn/
 *     in an inline callback: after the segment that ─────┘
 *     caused the callback, because its flow is still being processed then
 *
 * Bound: at most WF_VERDICTS_LATER requests wait for the end of one segment. Thread: the worker.
 */
#ifndef WF_WORKER_VERDICTS_H
#define WF_WORKER_VERDICTS_H

#include <stdbool.h>
#include <stdint.h>

#include "conn/kernel.h"
#include "packet/verdict.h"

enum { WF_VERDICTS_LATER = 64 };

/* A request of the application about one flow of this worker. */
struct wf_flow_request {
	struct weft_flow_key key;
	uint32_t hash;
	bool is_end;		   /* weft_flow_end(); otherwise weft_flow_set() */
	unsigned int endpoints;	   /* bit mask: 1u << index in the key; 0 if is_end */
	enum weft_verdict verdict; /* STEER, SHUNT or PASS */
};

/* type of wf_ifaces_set_verdict() */
typedef int (*wf_set_verdict_fn)(void *ctx, const struct weft_flow_key *key,
				 const enum weft_verdict verdict[2], struct wf_kept *ret_kept);

struct wf_verdicts {
	struct wf_conns *conns;	 /* borrowed */
	struct wf_kernel kernel; /* requests that connections make */
	wf_set_verdict_fn set;	 /* NULL: no kernel program steers packets to this worker */
	void *set_ctx;
	/*
	 * true while segments or timers are processed: a request made then comes from an inline
	 * callback
	 */
	bool is_inside;
	uint32_t later_count;
	struct wf_flow_request later[WF_VERDICTS_LATER];
};

/* @set: NULL if no kernel program steers packets to this worker. */
void wf_verdicts_init(struct wf_verdicts *verdicts, struct wf_conns *conns, wf_set_verdict_fn set,
		      void *set_ctx);

/*
 * Carry out @request at once, or in the next wf_verdicts_run() if verdicts->is_inside. Return: 0
 * (also if the request waits; its later result is not reported); -ENOENT: this worker does not
 * track the flow, or the kernel has no entry for it; -EALREADY: the verdict is STEER, but a
 * direction has reached the depth limit; -ENOBUFS: too many requests wait; -ENOMEM; another
 * negative errno if the kernel could not run the BPF program.
 */
int wf_verdicts_request(struct wf_verdicts *verdicts, const struct wf_flow_request *request);

/*
 * Carry out the requests in later[] and in kernel.requests[]. Call while no segment is being
 * processed.
 */
void wf_verdicts_run(struct wf_verdicts *verdicts);

#endif
