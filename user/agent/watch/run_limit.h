/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run_limit.h - the time (--duration) and the number of packets (--count) after which a live run
 * ends by itself.
 *
 * A run can consist of several captures (--wait-for-interface); both limits apply to the run as a
 * whole. A reload can change both limits while the run continues.
 * Thread: main, except wf_run_limit_set().
 */
#ifndef WF_AGENT_WATCH_RUN_LIMIT_H
#define WF_AGENT_WATCH_RUN_LIMIT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct weft;
struct wf_config;

struct wf_run_limit {
	_Atomic uint64_t duration_ns; /* 0: no limit */
	_Atomic uint64_t packets_max; /* 0: no limit */
	uint64_t start_ns;	      /* CLOCK_MONOTONIC time of the first capture; 0: none */
	uint64_t packets_before;      /* packets of earlier captures */
};

void wf_run_limit_init(struct wf_run_limit *limit, const struct wf_config *config);

/* Use the limits of @config from now on. Thread: any. */
void wf_run_limit_set(struct wf_run_limit *limit, const struct wf_config *config);

/* Record that a capture has started. The duration counts from the start of the first capture. */
void wf_run_limit_start(struct wf_run_limit *limit);

/* Return true if the run has reached a limit. @weft: the present capture; NULL: none. */
bool wf_run_limit_is_reached(const struct wf_run_limit *limit, const struct weft *weft);

/* Add the packets of @weft, whose capture has ended, to those of earlier captures. */
void wf_run_limit_add(struct wf_run_limit *limit, const struct weft *weft);

#endif
