/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conn.h - the connections of one worker.
 *
 * Thread: the worker.
 */
#ifndef WF_CONN_CONN_H
#define WF_CONN_CONN_H

#include <stdbool.h>
#include <stdint.h>

#include <weft/opts.h>

#include "flow/half_open.h"
#include "flow/flow.h"
#include "flow/flow_table.h"
#include "flow/recent.h"
#include "reassembly/stream.h"

struct wf_dispatch;
struct wf_kernel;
struct wf_metrics;

struct wf_conns {
	struct wf_flow_table table;
	struct wf_half_open half_open;
	struct wf_recent recent;
	struct wf_stream_env stream_env;
	struct wf_flow_timeouts timeouts;
	const struct weft_opts *opts; /* borrowed, like all below */
	struct wf_dispatch *dispatch;
	struct wf_metrics *metrics;
	struct wf_kernel *kernel; /* NULL: no kernel steers to this worker */

	/* written by the worker under memory pressure, and read by it */
	bool refuse_midstream; /* open no flow whose handshake was not seen */
	bool is_starved;       /* a segment found no memory */

	/*
	 * All times here and in flows are packet times minus skew_ns. It changes when a capture's
	 * clock steps by more than WEFT_CLOCK_STEP_SEC, so that one broken timestamp, or a
	 * capture joined from several, neither ends all flows nor stops all timers.
	 */
	uint64_t now_ns;  /* highest so far */
	uint64_t skew_ns; /* wraps: the clock may step back */

	/* Until then a hole counts as frames that weft's own rings lost, not as late ones. */
	uint64_t overrun_until_ns;
};

#endif
