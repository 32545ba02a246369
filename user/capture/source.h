/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * source.h - where one worker's frames come from; the engine knows nothing else of capture.
 *
 * A live worker has one for each interface (its sockets on all queues), a replay
 * has one that reads the file. One thread uses a source.
 */
#ifndef WF_CAPTURE_SOURCE_H
#define WF_CAPTURE_SOURCE_H

#include <stdbool.h>

#include "packet/frame.h"

struct wf_source;

struct wf_source_ops {
	/*
	 * Take up to @max frames. The receiver owns one reference to each frame's
	 * page; mapped frames stay readable until close.
	 *
	 * Return: how many; 0: none now (live); -ENODATA: no more will come;
	 * -EBADMSG: likewise, the file is damaged here (logged); all before it was handed out.
	 */
	int (*recv)(struct wf_source *source, struct wf_frame *frames, unsigned int max);

	/* The frames of the last recv have been processed: refill, wake the kernel. May be NULL. */
	void (*done)(struct wf_source *source);

	/*
	 * Write up to @max file descriptors to poll(2) for POLLIN. Return: how many.
	 * May be NULL: the source never has to be waited for.
	 */
	int (*fds)(struct wf_source *source, int *ret_fds, int max);

	/* Free it. All references to its frames are gone. */
	void (*close)(struct wf_source *source);
};

/* First member of each kind of source. */
struct wf_source {
	const struct wf_source_ops *ops;
	bool overran; /* set by recv, done: rings overflowed, frames are missing; cleared by who
			 reads it */
	bool starved; /* set by recv: it found no page, workers should give up held data; likewise
		       */
	uint32_t lost_frames; /* read, but there was no memory to hand them out; likewise */
};

#endif
