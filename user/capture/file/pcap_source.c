// SPDX-License-Identifier: BSD-2-Clause
/*
 * pcap_source.c - common code of mapped files, pipes and sets: monotonic time of frames, progress,
 * damage, end of input.
 */
#include "capture/file/pcap_source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "memory/page.h"

int wf_pcap_source_init(struct wf_pcap_source *file, const struct wf_source_ops *ops,
			wf_pcap_read_fn read, const char *name)
{
	file->source.ops = ops;
	file->read = read;
	file->name = strdup(name);
	return file->name ? 0 : -ENOMEM;
}

void wf_pcap_source_fini(struct wf_pcap_source *file)
{
	if (file->format.skipped)
		wf_warn("%s: skipped %llu packets of interfaces with an unsupported link type",
			file->name, (unsigned long long)file->format.skipped);
	if (file->has_held)
		wf_page_put(file->held.page);
	wf_pcap_format_fini(&file->format);
	free(file->name);
}

/*
 * Set the monotonic time (packet/stamp_clock.h) of @count frames. Return: the number of frames
 * whose time is known. The last frame is held back if its time depends on the stamp of the next
 * one.
 */
static int set_clock(struct wf_pcap_source *file, struct wf_frame *frames, int count)
{
	struct wf_frame *last = &frames[count - 1];

	for (struct wf_frame *frame = frames; frame < last; frame++)
		wf_stamp_clock_set(&file->clock, frame, frame[1].time_ns);
	file->has_held = wf_stamp_clock_needs_next(&file->clock, last->time_ns);
	if (wf_unlikely(file->has_held)) {
		file->held = *last;
		return count - 1;
	}
	wf_stamp_clock_set(&file->clock, last, last->time_ns);
	return count;
}

/*
 * Return the frame that was held back. No later frame confirmed its stamp, so it gets the monotonic
 * time of the frame before it.
 */
static int release_held(struct wf_pcap_source *file, struct wf_frame *ret_frame)
{
	*ret_frame = file->held;
	file->has_held = false;
	wf_stamp_clock_set(&file->clock, ret_frame, wf_stamp_clock_now(&file->clock));
	return 1;
}

int wf_pcap_source_read(struct wf_source *source, struct wf_frame *frames, unsigned int max)
{
	struct wf_pcap_source *file = (struct wf_pcap_source *)source;

	return file->read(file, frames, max);
}

int wf_pcap_source_recv(struct wf_source *source, struct wf_frame *frames, unsigned int max)
{
	struct wf_pcap_source *file = (struct wf_pcap_source *)source;
	unsigned int held;
	int count;

	do {
		held = file->has_held;
		count = file->read(file, frames + held, max - held);
		if (count < 0 && held)
			return release_held(file, frames);
		if (count <= 0)
			return count;
		frames[0] = held ? file->held : frames[0];
		count = set_clock(file, frames, count + (int)held);
	} while (!count);
	return count;
}

void wf_pcap_source_advance(struct wf_pcap_source *file, uint64_t read_bytes)
{
	atomic_store_explicit(&file->read_bytes, read_bytes, memory_order_relaxed);
	atomic_store_explicit(&file->packets, file->format.packets, memory_order_relaxed);
}

int wf_pcap_source_damaged(struct wf_pcap_source *file, uint64_t off, const char *why)
{
	wf_error("%s: damaged at byte %llu (packet %llu): %s", file->name, (unsigned long long)off,
		 (unsigned long long)(file->format.packets + file->format.skipped + 1), why);
	file->err = file->format.err ? file->format.err : -EBADMSG;
	return file->err;
}

int wf_pcap_source_ended(struct wf_pcap_source *file)
{
	file->err = -ENODATA;
	return file->err;
}
