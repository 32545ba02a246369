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
	struct wf_dispatch *dispatch;
	struct wf_metrics *metrics;
	/* borrowed; NULL: connections with directions in different VLANs are not looked for */
	struct wf_splits *splits;
	weft_flow_release_fn release; /* set by weft_flow_on_release(); NULL: none */
	void *release_ctx;
	struct wf_kernel *kernel; /* NULL if no kernel steers segments to this worker */

	/* Members for memory pressure, shared with the worker's loop. */
	bool refuse_midstream; /* set by the worker: reject flows whose handshake was not seen */
	/* read by the worker: there was no memory for a segment or its data */
	bool is_starved;

	/*
	 * All times here and in flows are passing time: CLOCK_MONOTONIC in live capture, else the
	 * time of packet/stamp_clock.h. Passing time never goes back from one packet to the next,
	 * so that the outcome does not depend on when timers run. Only events and records have
	 * times of day.
	 */
	uint64_t now_ns;
	uint64_t skew_ns; /* the last packet's time of day minus its passing time; modulo 2^64 */

	/* The timestamps of flows that have been silent since this time are too old for PAWS. */
	uint64_t paws_expired_ns;

	/* Until this time a hole is attributed to weft's own full rings, not to late segments. */
	uint64_t overrun_until_ns;
};

#endif
