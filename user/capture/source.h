/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * source.h - the interface through which a worker receives frames.
 *
 * In live capture, each worker has one source per interface: in tap mode its AF_XDP sockets, in
 * host mode its ring buffers. A replay has one source for all capture files. One thread reads a
 * source: a worker, or the reader of a replay (worker/reader.c). The main thread opens the sources
 * that these threads read, and closes them.
 */
#ifndef WF_CAPTURE_SOURCE_H
#define WF_CAPTURE_SOURCE_H

#include <stdbool.h>

#include "packet/frame.h"
#include "packet/look_ahead.h"

struct wf_source;

struct wf_source_ops {
	/*
	 * Take up to @max frames; @max is at least 2, because a source may have to look at the
	 * frame after the one that it returns. The receiver owns one reference to each frame's
	 * page; mapped frames stay readable until close, lent ones (WF_FRAME_LENT) until done.
	 *
	 * Return: the number of frames; 0 if no frame is available now; -ENODATA at the end;
	 * -EBADMSG if the file is damaged and nothing more can be read (logged); -ENOMEM. All
	 * frames before the end or the error have been returned.
	 */
	int (*recv)(struct wf_source *source, struct wf_frame *frames, unsigned int max);

	/*
	 * Called after all frames of a recv were processed: takes back lent frames, refills the
	 * fill rings and wakes the kernel if it needs that. May be NULL.
	 */
	void (*done)(struct wf_source *source);

	/*
	 * Write up to @max file descriptors that poll(2) can wait for (POLLIN). Return: their
	 * number. NULL: this source never has to be waited for.
	 */
	int (*fds)(struct wf_source *source, int *ret_fds, int max);

	/*
	 * @on true: the next frame ends a poll(2) on the descriptors of fds; the caller calls recv
	 * once more before it waits. @on false: frames arrive without a wake-up, and the caller
	 * calls recv from time to time instead of waiting. NULL: every frame ends a poll(2).
	 */
	void (*set_wake)(struct wf_source *source, bool on);

	/*
	 * Free what the source owns, and the source itself unless its interface owns it. The caller
	 * has released all references to the source's frames.
	 */
	void (*close)(struct wf_source *source);
};

/* First member of each kind of source. */
struct wf_source {
	const struct wf_source_ops *ops;
	uint8_t iface; /* number of the interface, counted from 1; 0: no interface */

	/* Set by the source; read and cleared by the thread that calls recv. */
	bool overran; /* recv or done found an overflow of a ring: frames are missing */
	bool starved; /* recv found no free page: workers should evict held data */
	/*
	 * Set and cleared by recv of a source with set_wake: so much of a ring was in use that the
	 * caller should wait less before the next recv.
	 */
	bool is_filling;
	uint32_t lost_frames; /* frames that were read and lost because no memory was free */

	/*
	 * Set by recv: the records that follow the returned frames. The caller may prefetch them
	 * while it processes the frames, until it calls recv or close. All zero: none, or unknown.
	 */
	struct wf_look_ahead ahead;
};

#endif
