// SPDX-License-Identifier: BSD-2-Clause
/*
 * drops.c - the drops of the queues of the outputs, and the time of the last one.
 */
#include "agent/watch/drops.h"

#include <inttypes.h>
#include <stdio.h>

#include "agent/control/clock.h"
#include "sink/sink.h"

#define EPISODE_NS (WF_DROPS_EPISODE_SEC * UINT64_C(1000000000))

bool wf_drops_note(struct wf_drops *drops, uint64_t events, uint64_t bytes, uint64_t now_ns)
{
	bool begins;

	if (events <= drops->seen_events)
		return false;
	begins = wf_drops_age_ns(drops, now_ns) >= EPISODE_NS;
	if (begins) {
		atomic_store(&drops->events, 0);
		atomic_store(&drops->bytes, 0);
	}
	atomic_fetch_add(&drops->events, events - drops->seen_events);
	atomic_fetch_add(&drops->bytes, bytes - drops->seen_bytes);
	drops->seen_events = events;
	drops->seen_bytes = bytes;
	atomic_store(&drops->grown_ns, now_ns);
	return begins;
}

static void log_beginning(const struct wf_drops *drops, const struct wf_sink *sink,
			  weft_log_fn log_fn, void *log_ctx)
{
	const char *key = wf_sink_limit_key(sink);
	char message[320];

	snprintf(message, sizeof(message),
		 "%s: the queue is full, and has dropped %" PRIu64 " events with %" PRIu64
		 " payload bytes so far; if the output can keep up on average, a larger "
		 "delivery.queue_bytes%s%s helps",
		 wf_sink_name(sink), atomic_load(&drops->events), atomic_load(&drops->bytes),
		 key ? " or " : "", key ? key : "");
	if (log_fn)
		log_fn(WEFT_LOG_WARN, message, log_ctx);
}

void wf_drops_tick(struct wf_drops *drops, struct wf_sink *const *sinks, size_t sinks_count,
		   weft_log_fn log_fn, void *log_ctx)
{
	uint64_t now_ns = wf_clock_now_ns();

	for (size_t i = 0; i < sinks_count; i++) {
		struct wf_sink_stats stats;

		wf_sink_stats(sinks[i], &stats);
		if (wf_drops_note(&drops[i], stats.dropped_events, stats.dropped_bytes, now_ns))
			log_beginning(&drops[i], sinks[i], log_fn, log_ctx);
	}
}

uint64_t wf_drops_age_ns(const struct wf_drops *drops, uint64_t now_ns)
{
	uint64_t grown_ns = atomic_load(&drops->grown_ns);

	if (!grown_ns)
		return UINT64_MAX;
	return now_ns > grown_ns ? now_ns - grown_ns : 0;
}
