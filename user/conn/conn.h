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
	const struct weft_opts *opts; /* borrowed, as are dispatch, metrics and kernel */
	struct wf_dispatch *dispatch;
	struct wf_metrics *metrics;
	struct wf_kernel *kernel; /* NULL if no kernel steers segments to this worker */

	/* Memory pressure: the worker sets refuse_midstream, and reacts to is_starved. */
	bool refuse_midstream; /* reject flows whose handshake was not seen */
	bool is_starved;       /* memory for a segment or its data was missing */

	/*
	 * All times here and in flows are packet times minus skew_ns. skew_ns changes when the
	 * capture's clock steps by more than WEFT_CLOCK_STEP_SEC, so that one broken timestamp, or
	 * a file joined from several captures, neither ends all flows nor stops all timers.
	 */
	uint64_t now_ns;  /* highest time so far */
	uint64_t skew_ns; /* may wrap, since the clock may step back */

	/* Until this time a hole is attributed to weft's own full rings, not to late segments. */
	uint64_t overrun_until_ns;
};

#endif
