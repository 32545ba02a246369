// SPDX-License-Identifier: BSD-2-Clause
/*
 * overload.c - computes the percentage of new flows to shed, so that the other flows are captured
 * whole.
 */
#include "pressure/overload.h"

#include <string.h>

#include <weft/limits.h>

#include "base/clock.h"

enum {
	/*
	 * at least 2 % of the new flows are captured, so that the end of an overload can be
	 * detected
	 */
	PERCENT_MAX = 98,
	LEAST_PERCENT = 5, /* percentages below this are rounded down to 0 */
	HIGH_FILL_PERCENT = 50,
	CALM_FILL_PERCENT = 25,
	LOSS_READINGS_MIN = 4, /* minimum readings with a loss in a series before shedding begins */
};

/* Minimum time between two rises: the effect of a rise on the load shows only after a delay. */
#define SETTLE_NS (200 * WF_NS_PER_MS)

/*
 * Shedding begins when a series of losses, each at most SERIES_GAP_NS after the previous one, has
 * lasted SERIES_MIN_NS and has LOSS_READINGS_MIN readings.
 */
#define SERIES_MIN_NS (300 * WF_NS_PER_MS)
#define SERIES_GAP_NS (WF_NS_PER_SEC)

void wf_overload_init(struct wf_overload *overload)
{
	memset(overload, 0, sizeof(*overload));
	overload->hold_ns = WEFT_SHED_CALM_MS * WF_NS_PER_MS;
}

static uint64_t rate_since(const struct wf_overload *overload, uint64_t now_ns)
{
	uint64_t frames = overload->last.received_frames - overload->base.received_frames;
	uint64_t ms = (now_ns - overload->base_ns) / WF_NS_PER_MS;

	return ms ? frames * 1000 / ms : 0;
}

/*
 * Raise the percentage, up to PERCENT_MAX: shed half of the flows still captured, or more if the
 * loss was larger.
 */
static void rise(struct wf_overload *overload, bool has_lost, uint64_t now_ns)
{
	uint64_t lost = overload->last.lost_frames - overload->base.lost_frames;
	uint64_t received = overload->last.received_frames - overload->base.received_frames;
	uint32_t taken = 100 - overload->percent;
	uint32_t step = (uint32_t)(taken * lost / (lost + received + 1));
	uint64_t rate = rate_since(overload, now_ns);

	if (has_lost)
		overload->full_rate = rate > overload->rate ? rate : overload->rate;
	if (overload->trials && overload->hold_ns < WEFT_SHED_CALM_MAX_MS * WF_NS_PER_MS)
		overload->hold_ns *= 2;
	overload->percent += step > taken / 2 ? step : taken / 2;
	if (overload->percent > PERCENT_MAX)
		overload->percent = PERCENT_MAX;
	overload->rises++;
	overload->trials = 0;
	overload->changed_ns = now_ns;
}

static void fall(struct wf_overload *overload, uint64_t now_ns)
{
	overload->percent -= (overload->percent + 2) / 3;
	if (overload->percent < LEAST_PERCENT)
		overload->percent = 0;
	if (++overload->trials > 2)
		overload->hold_ns /= 2;
	if (!overload->percent || overload->hold_ns < WEFT_SHED_CALM_MS * WF_NS_PER_MS)
		overload->hold_ns = WEFT_SHED_CALM_MS * WF_NS_PER_MS;
	overload->falls++;
	overload->changed_ns = overload->calm_ns = now_ns;
}

/*
 * Return the duration without overload that must pass before the percentage is lowered as a trial.
 * It is short if the workers' frame rate is below half of full_rate, because the overload is then
 * over.
 */
static uint64_t hold_ns(const struct wf_overload *overload)
{
	return 2 * overload->rate < overload->full_rate ? WEFT_SHED_CALM_MS * WF_NS_PER_MS
							: overload->hold_ns;
}

/*
 * Update the base reading and the rate. Workers take frames in batches, so the rate is measured
 * over at least SETTLE_NS.
 */
static void move_base(struct wf_overload *overload, const struct wf_overload_reading *reading,
		      uint64_t now_ns)
{
	if (overload->base_ns && now_ns - overload->base_ns < SETTLE_NS)
		return;
	if (overload->base_ns)
		overload->rate = rate_since(overload, now_ns);
	overload->base = *reading;
	overload->base_ns = now_ns;
}

static void note_loss(struct wf_overload *overload, uint64_t now_ns)
{
	if (!overload->loss_ns || now_ns - overload->loss_ns > SERIES_GAP_NS) {
		overload->series_ns = now_ns;
		overload->loss_readings = 0;
	}
	overload->loss_ns = now_ns;
	overload->loss_readings++;
}

static bool do_losses_repeat(const struct wf_overload *overload)
{
	return overload->loss_readings >= LOSS_READINGS_MIN &&
	       overload->loss_ns - overload->series_ns >= SERIES_MIN_NS;
}

/* Return true if more flows than now must be shed. */
static bool is_overloaded(const struct wf_overload *overload, bool has_lost)
{
	if (!overload->percent)
		return has_lost && do_losses_repeat(overload);
	return has_lost || overload->last.fill_percent >= HIGH_FILL_PERCENT;
}

uint32_t wf_overload_judge(struct wf_overload *overload, const struct wf_overload_reading *reading,
			   uint64_t now_ns)
{
	bool has_lost = overload->base_ns && reading->lost_frames != overload->last.lost_frames;

	overload->last = *reading;
	if (has_lost || reading->fill_percent > CALM_FILL_PERCENT || !overload->base_ns)
		overload->calm_ns = now_ns;
	if (has_lost)
		note_loss(overload, now_ns);
	if (is_overloaded(overload, has_lost)) {
		if (!overload->rises || now_ns - overload->changed_ns >= SETTLE_NS)
			rise(overload, has_lost, now_ns);
	} else if (overload->percent && now_ns - overload->calm_ns >= hold_ns(overload)) {
		fall(overload, now_ns);
	}
	move_base(overload, reading, now_ns);
	return overload->percent;
}

bool wf_overload_is_calm(const struct wf_overload *overload, uint64_t now_ns)
{
	return !overload->percent &&
	       (!overload->loss_ns || now_ns - overload->loss_ns > SERIES_GAP_NS);
}
