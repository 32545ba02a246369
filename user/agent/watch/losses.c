// SPDX-License-Identifier: BSD-2-Clause
/*
 * losses.c - the list of metrics that count lost frames, and when their sum last grew.
 */
#include "agent/watch/losses.h"

#include <string.h>

#include <weft/stats.h>

#define INTERVAL_NS 1000000000u

bool wf_losses_has(const char *name)
{
	static const char *const names[] = {
		"kernel_unsteered_frames", "kernel_ring_full_frames",	 "kernel_failed_frames",
		"xsk_ring_full_frames",	   "xsk_fill_empty_frames",	 "xsk_invalid_frames",
		"ring_invalid_frames",	   "frames_handoff_lost_frames", "frames_no_memory_frames",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

static void add_metric(const struct weft_metric *metric, void *ctx)
{
	uint64_t *frames = ctx;

	if (wf_losses_has(metric->name))
		*frames += metric->value;
}

void wf_losses_note(struct wf_losses *losses, uint64_t frames, uint64_t now_ns)
{
	if (frames > losses->frames)
		atomic_store(&losses->grown_ns, now_ns);
	losses->frames = frames;
}

void wf_losses_tick(struct wf_losses *losses, const struct weft *weft, uint64_t now_ns)
{
	uint64_t frames = 0;

	if (losses->checked_ns && now_ns - losses->checked_ns < INTERVAL_NS)
		return;
	losses->checked_ns = now_ns;
	weft_stats_each(weft, add_metric, &frames);
	wf_losses_note(losses, frames, now_ns);
}

uint64_t wf_losses_age_ns(const struct wf_losses *losses, uint64_t now_ns)
{
	uint64_t grown_ns = atomic_load(&losses->grown_ns);

	if (!grown_ns)
		return UINT64_MAX;
	return now_ns > grown_ns ? now_ns - grown_ns : 0;
}
