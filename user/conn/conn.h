/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conn.h - defines struct wf_conns, which contains all connections of one worker.
 *
 * Thread: the worker.
 */
#ifndef WF_CONN_CONN_H
#define WF_CONN_CONN_H

#include <stdbool.h>
#include <stdint.h>

#include <weft/flows.h>
#include <weft/opts.h>

#include "flow/half_open.h"
#include "flow/flow.h"
#include "flow/flow_table.h"
#include "flow/recent.h"
#include "reassembly/stream.h"
#include "rules/depths.h"
#include "rules/rules.h"

struct wf_dispatch;
struct wf_kernel;
struct wf_metrics;
struct wf_splits;

struct wf_conns {
	struct wf_flow_table table;
	struct wf_half_open half_open;
	struct wf_recent recent;
	struct wf_stream_env stream_env;
	struct wf_flow_timeouts timeouts;
	const struct weft_opts *opts; /* opts, dispatch, metrics and kernel are borrowed */
	struct wf_rules rules;	      /* rules for new connections; their lists are borrowed */
	struct wf_depths depths;
	struct wf_dispatch *dispatch;
	struct wf_metrics *metrics;
	/* borrowed; NULL: connections with directions in different VLANs are not looked for */
	struct wf_splits *splits;
	weft_flow_release_fn release; /* set by weft_flow_on_release(); NULL: none */
	void *release_ctx;
	struct wf_kernel *kernel; /* NULL if no kernel program steers segments to this worker */
	/* borrowed: requests for verdicts, which the worker carries out in the kernel or itself */
	struct wf_kernel *requests;
	/* @requests contains a request that the worker carries out before the next segment */
	bool wants_verdict;

	/* Members for memory pressure, shared with the worker's loop. */
	bool refuse_midstream; /* set by the worker: reject flows whose handshake was not seen */
	/*
	 * set when there was no memory to hold or to deliver data, or when a source found no free
	 * page (WF_REQUEST_FREE_HELD); the worker then gives up holes to free memory, and clears it
	 */
	bool is_starved;

	/*
	 * All times here and in flows, except wf_flow.start_ns, are monotonic time: CLOCK_MONOTONIC
	 * in live capture, else the time of packet/stamp_clock.h. now_ns never goes back from one
	 * packet to the next, so that the outcome does not depend on when timers run. start_ns,
	 * events and records have times of day.
	 */
	uint64_t now_ns;
	uint64_t skew_ns; /* the last packet's time of day minus its monotonic time; modulo 2^64 */

	uint16_t file; /* number of the capture file of the last packet, from 1; 0: none */

	/* The TCP timestamps of flows that have been silent since this time are too old for PAWS.
	 */
	uint64_t paws_expired_ns;

	/*
	 * Until this time, a hole is assumed to be a loss in weft's own full rings, not a late
	 * segment.
	 */
	uint64_t overrun_until_ns;
};

#endif
