// SPDX-License-Identifier: BSD-2-Clause
/*
 * disk_full.c - a write to a full disk is repeated at short intervals, because there is no cheap
 * call that reports quotas and free inodes. At most one pair of messages is logged in
 * LOG_INTERVAL_NS, in case space becomes free in small pieces.
 */
#include "sink/disk_full.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "sink/sink_class.h"

#define NS_PER_SEC	1000000000ull
#define RETRY_NS	(NS_PER_SEC / 10)
#define LOG_INTERVAL_NS (10 * NS_PER_SEC)

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_SEC + (uint64_t)ts.tv_nsec;
}

bool wf_disk_full_continues(const struct wf_sink *sink, int err)
{
	return (err == -ENOSPC || err == -EDQUOT) &&
	       sink->opts.on_disk_full == WF_DISK_FULL_CONTINUE;
}

void wf_disk_full_begin(struct wf_disk_full *disk, struct wf_sink *sink, const char *name, int err)
{
	uint64_t now = now_ns();

	wf_sink_failed(sink, err);
	disk->err = err;
	disk->retry_ns = now + RETRY_NS;
	if (disk->full)
		return;
	disk->full = true;
	atomic_store(&sink->disk_is_full, true);
	disk->is_logged = !disk->logged_ns || now - disk->logged_ns >= LOG_INTERVAL_NS;
	if (!disk->is_logged)
		return;
	disk->logged_ns = now;
	wf_sink_log(sink, WEFT_LOG_ERROR,
		    "%s can't be written: %s; output is left out until there is room again", name,
		    strerror(-err));
}

bool wf_disk_full_waits(const struct wf_disk_full *disk)
{
	return disk->full && now_ns() < disk->retry_ns;
}

void wf_disk_full_end(struct wf_disk_full *disk, struct wf_sink *sink, const char *name)
{
	if (!disk->full)
		return;
	disk->full = false;
	atomic_store(&sink->disk_is_full, false);
	if (disk->is_logged)
		wf_sink_log(sink, WEFT_LOG_WARN,
			    "%s: there is room again; so far %llu bytes of streams and %llu events "
			    "were not written",
			    name, (unsigned long long)atomic_load(&sink->counts.failed_bytes),
			    (unsigned long long)atomic_load(&sink->counts.failed_events));
}
