/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * read_ring.h - the source that reads the two ring buffers of one worker, for tests of
 * capture/ring/.
 */
#ifndef TESTS_UNIT_SUPPORT_READ_RING_H
#define TESTS_UNIT_SUPPORT_READ_RING_H

#include "capture/ring/host_ring.h"
#include "capture/source.h"
#include "unit/support/written_ring.h"

enum { MAX_FRAMES = 64 };

static struct wf_host_ring *ring;
static struct wf_source *source;
static struct wf_frame frames[MAX_FRAMES];

/* Takes a batch into `frames`. Return: the number of frames. */
static inline int take(void)
{
	return source->ops->recv(source, frames, MAX_FRAMES);
}

static inline struct wf_host_ring_counts counts(void)
{
	struct wf_host_ring_counts now;

	wf_host_ring_counts(ring, &now);
	return now;
}

/* Opens two rings of RING_BYTES. Return: that of wf_host_ring_open(). */
static inline int open_ring(int first_fd, int overflow_fd)
{
	const struct wf_host_ring_opts opts = {
		.first_fd = first_fd,
		.overflow_fd = overflow_fd,
		.first_bytes = RING_BYTES,
		.overflow_bytes = RING_BYTES,
	};

	return wf_host_ring_open(&opts, &ring);
}

#endif
