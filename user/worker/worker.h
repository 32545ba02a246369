/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * worker.h - one thread that owns its flows, pages and timers, and its loop.
 *
 * Each round of the loop handles requests, a batch from each source and each ring, and, in live
 * capture, timers. After a round without frames, the worker sleeps until a socket or a ring has
 * frames, or a request is posted; in live capture, at most 20 ms. While a ring of host mode is
 * busy, the worker checks the ring every 1 to 6 ms instead.
 */
#ifndef WF_WORKER_WORKER_H
#define WF_WORKER_WORKER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <weft/limits.h>

#include "base/log.h"
#include "base/owner.h"
#include "base/waiter.h"
#include "deliver/dispatch.h"
#include "packet/stamp_clock.h"
#include "unread/unread.h"
#include "base/activity.h"
#include "worker/mailbox.h"
#include "worker/mpsc.h"
#include "worker/pipeline.h"
#include "metrics/metrics.h"

struct wf_arena;
struct wf_page_pool;
struct wf_source;
struct wf_subscription;
struct wf_worker;

enum {
	WF_BATCH_FRAMES = 64,
	WF_FEED_BYTES =
		262144, /* size of the ring from the replay reader to a worker: 4096 frames */
	WF_INBOX_BYTES = 65536,	 /* size of the ring from other workers to a worker: 1024 frames */
	WF_OUTBOX_FRAMES = 1024, /* maximum number of frames that wait because another worker's
				    inbox is full */
};

/* The state that all workers of an engine share. */
struct wf_crew {
	struct wf_worker *workers; /* array, owned by the engine */
	uint32_t count;		   /* number of workers, running or to be started */
	uint32_t allocated;
	struct wf_arena *arena; /* borrowed */
	bool live;		/* timers follow the system clock; a full outbox drops frames */
	/*
	 * true once the handle stops: live sources return only the frames already in their rings,
	 * and the rest of files is not read
	 */
	_Atomic bool stopping;
	/* time of the latest packet fed by the reader; valid once feeds have ended */
	uint64_t last_ns;
	struct wf_mailboxes mailboxes; /* mailboxes of the workers and the reader */
	_Atomic uint32_t drained;      /* number of workers whose sources have ended */
	_Atomic uint64_t between;      /* number of frames handed over but not yet processed */
	_Atomic uint32_t running;      /* number of worker threads that have not ended */
	struct wf_waiter *ended;       /* borrowed: woken when a worker thread ends */
	/*
	 * first error of a source, such as -EBADMSG for a damaged file, or -ENODEV: an interface
	 * was lost; 0: none
	 */
	_Atomic int error;
	char error_text[WF_LOG_BYTES]; /* written by the thread that sets error */
};

struct wf_outbox_entry {
	uint32_t worker;
	struct wf_frame frame;
};

/* Owned by its thread while it runs; main initialises and frees it. */
struct wf_worker {
	struct wf_metrics metrics; /* written by the worker */
	struct wf_unread unread;   /* written by the worker */
	struct wf_activity activity;
	struct wf_crew *crew; /* borrowed */
	uint32_t index;
	pthread_t thread;
	struct wf_owner owner; /* the thread that runs this worker */
	bool is_started;
	int pin_cpu;		      /* CPU to pin the thread to; -1: not pinned */
	int node;		      /* NUMA node of that CPU; -1: not known */
	uint32_t arena_part;	      /* part of the arena from which memory is taken first */
	struct wf_page_pool *pages;   /* owned */
	struct wf_pipeline *pipeline; /* owned */
	struct wf_dispatch dispatch;
	struct wf_source *sources[WEFT_INTERFACES_MAX]; /* borrowed from the engine */
	bool source_ended[WEFT_INTERFACES_MAX];
	uint32_t sources_count;
	bool has_feed;	     /* replay with a reader thread */
	bool has_submitted;  /* packets are submitted with weft_submit() */
	struct wf_mpsc feed; /* ring from the reader thread; closed at the end of the file, or when
				the handle stops */
	struct wf_mpsc inbox;
	struct wf_mpsc submitted;
	/* not live: turns the times of submitted packets into time that never goes back */
	struct wf_stamp_clock submitted_clock;
	struct wf_waiter waiter; /* the worker sleeps here */
	struct wf_mailbox mailbox;
	/*
	 * number of frames, since the last sleep, from sources that can collect frames without
	 * waking the worker; whether a ring of such a source is filling; and the time for which
	 * they last collected frames
	 */
	uint32_t collected_frames;
	bool is_filling;
	int collect_ms;
	bool has_requests; /* true while requests are not fully handled: the worker does not sleep
			      for long */
	uint64_t housekeep_ns; /* CLOCK_MONOTONIC time of the next housekeeping */
	uint32_t outbox_count;
	struct wf_outbox_entry outbox[WF_OUTBOX_FRAMES];
};

/*
 * Record that a source has failed with @err, with the calling thread's last logged error as its
 * text. The first failure of a run is kept. Thread: any.
 */
void wf_crew_fail(struct wf_crew *crew, int err);

/*
 * Return the worker that the calling thread runs; NULL if it runs no worker of @crew. Thread: any.
 */
struct wf_worker *wf_crew_self(const struct wf_crew *crew);

int wf_worker_start(struct wf_worker *worker);
void wf_worker_join(struct wf_worker *worker);

/* Count the frames that @source lost for lack of memory. Thread: the one that reads @source. */
void wf_worker_count_lost(struct wf_source *source, struct wf_metrics *metrics);

/*
 * Pass @frame to worker @to; implements the callback handoff of pipeline_opts.h. @ctx: the worker
 * that passes the frame. If the inbox of @to is full, or frames wait in the outbox of @ctx, the
 * frame is put into the outbox. If the outbox is full, or if the frame's bytes are lent and can't
 * be copied to a page, this function drops and counts the frame.
 */
void wf_worker_handoff(void *ctx, uint32_t to, const struct wf_frame *frame);

#endif
