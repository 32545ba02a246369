/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * outcome.h - counts exactly one outcome for each frame and each rebuilt datagram.
 *
 * Thread: the worker.
 */
#ifndef WF_WORKER_OUTCOME_H
#define WF_WORKER_OUTCOME_H

#include <stdbool.h>

#include "base/assert.h"
#include "metrics/metrics.h"

/* The outcome of a frame, or of a rebuilt datagram. */
enum wf_outcome {
	WF_OUTCOME_PROCESSED = 0,
	WF_OUTCOME_FRAGMENT,
	WF_OUTCOME_FILTERED,
	WF_OUTCOME_NOT_TCP,
	WF_OUTCOME_MALFORMED,
	WF_OUTCOME_CHECKSUM,
	/* passed to another worker, which counts the outcome unless the frame is lost on the way */
	WF_OUTCOME_HANDED_OFF,
	WF_OUTCOME_HELD, /* counted when the trial of its sender ends; see senders/ */
};

/* Count an outcome; frames and rebuilt datagrams have separate metrics. */
#define WF_OUTCOME_ADD(metrics, rebuilt, what)                              \
	do {                                                                \
		if (wf_unlikely(rebuilt))                                   \
			wf_metric_inc(metrics, rebuilt_##what##_datagrams); \
		else                                                        \
			wf_metric_inc(metrics, frames_##what##_frames);     \
	} while (0)

static inline __attribute__((always_inline)) void wf_outcome_count(struct wf_metrics *metrics,
								   bool rebuilt,
								   enum wf_outcome outcome)
{
	switch (outcome) {
	case WF_OUTCOME_PROCESSED:
		WF_OUTCOME_ADD(metrics, rebuilt, processed);
		break;
	case WF_OUTCOME_FRAGMENT:
		WF_OUTCOME_ADD(metrics, rebuilt, fragment);
		break;
	case WF_OUTCOME_FILTERED:
		WF_OUTCOME_ADD(metrics, rebuilt, filtered);
		break;
	case WF_OUTCOME_NOT_TCP:
		WF_OUTCOME_ADD(metrics, rebuilt, not_tcp);
		break;
	case WF_OUTCOME_MALFORMED:
		WF_OUTCOME_ADD(metrics, rebuilt, malformed);
		break;
	case WF_OUTCOME_CHECKSUM:
		WF_OUTCOME_ADD(metrics, rebuilt, checksum);
		break;
	case WF_OUTCOME_HANDED_OFF:
		wf_metric_inc(metrics, frames_handed_off_frames);
		return;
	case WF_OUTCOME_HELD:
		return;
	}
	if (!rebuilt)
		wf_metric_inc(metrics, frames);
}

#endif
