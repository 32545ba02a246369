/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * drops.h - the drops of the queues of the outputs, and the time of the last one.
 *
 * An episode begins with a drop and ends when nothing was dropped for WF_DROPS_EPISODE_SEC. The
 * first drop of an episode is logged.
 */
#ifndef WF_AGENT_WATCH_DROPS_H
#define WF_AGENT_WATCH_DROPS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weft/log.h>

struct wf_sink;

enum { WF_DROPS_EPISODE_SEC = 10 };

/** struct wf_drops - the drops of one output; zeroed: no drops yet */
struct wf_drops {
	/* drops since the start, at the last check; main thread only */
	uint64_t seen_events, seen_bytes;
	_Atomic uint64_t events, bytes; /* drops in the present episode, or in the last one */
	_Atomic uint64_t grown_ns;	/* CLOCK_MONOTONIC time of the last check with drops */
};

/*
 * Record that an output has dropped @events and @bytes since its start. Return: true if an episode
 * begins. Thread: main.
 */
bool wf_drops_note(struct wf_drops *drops, uint64_t events, uint64_t bytes, uint64_t now_ns);

/*
 * Check each of the outputs @sinks, whose drops are in the array @drops, and log the beginning of
 * each episode. Thread: main.
 */
void wf_drops_tick(struct wf_drops *drops, struct wf_sink *const *sinks, size_t sinks_count,
		   weft_log_fn log_fn, void *log_ctx);

/* Return the time since the last drop; UINT64_MAX if there was none. Thread: any. */
uint64_t wf_drops_age_ns(const struct wf_drops *drops, uint64_t now_ns);

#endif
