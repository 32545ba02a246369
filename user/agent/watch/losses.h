/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * losses.h - the metrics that count lost frames, and when their sum last grew.
 */
#ifndef WF_AGENT_WATCH_LOSSES_H
#define WF_AGENT_WATCH_LOSSES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct weft;

/** struct wf_losses - the last losses of a capture; zeroed: no losses yet */
struct wf_losses {
	uint64_t frames;	   /* sum of all losses at the last check; main thread only */
	uint64_t checked_ns;	   /* time of the last check; main thread only */
	_Atomic uint64_t grown_ns; /* CLOCK_MONOTONIC time of the last check with a larger sum */
};

/* Return true if the metric @name counts wanted frames that did not reach their connection. */
bool wf_losses_has(const char *name);

/* Read the metrics, at most once per second. Thread: main. */
void wf_losses_tick(struct wf_losses *losses, const struct weft *weft, uint64_t now_ns);

/* Record that the sum of all losses is @frames at @now_ns. Thread: main. */
void wf_losses_note(struct wf_losses *losses, uint64_t frames, uint64_t now_ns);

/* Return the time since the last loss; UINT64_MAX if there was none. Thread: any. */
uint64_t wf_losses_age_ns(const struct wf_losses *losses, uint64_t now_ns);

#endif
