/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * worker.h - one thread that owns its flows, pages and timers, and its loop.
 *
 * The loop: requests, a batch from each source and each ring, timers; after a round without any,
 * sleep until a socket or a ring has frames, or a request comes.
 */
#ifndef WF_WORKER_WORKER_H
#define WF_WORKER_WORKER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <weft/limits.h>

#include "base/owner.h"
#include "base/waiter.h"
#include "deliver/dispatch.h"
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
	WF_FEED_BYTES = 262144,	 /* of the ring from the replay's reader: 4096 frames */
	WF_INBOX_BYTES = 65536,	 /* of the ring from other workers: 1024 frames */
	WF_OUTBOX_FRAMES = 1024, /* waiting because another worker's inbox is full */
};

/* The state that all workers of an engine share. */
struct wf_crew {
	struct wf_worker *workers; /* array, owned by the engine */
	uint32_t count;		   /* running, or to be started */
	uint32_t allocated;
	struct wf_arena *arena; /* borrowed */
	bool live;		/* time goes on without packets; a full inbox loses frames */
	_Atomic bool stopping;	/* sources bring only the frames that are in their rings */
	uint64_t last_ns;	/* latest packet that the reader fed; valid once feeds have ended */
	struct wf_mailboxes mailboxes; /* of the workers, and of the reader */
	_Atomic uint32_t drained;      /* workers whose sources have ended */
	_Atomic uint64_t between;      /* frames handed over and not processed yet */
	_Atomic uint32_t running;      /* threads that have not ended */
	struct wf_waiter *ended;       /* borrowed: woken when one ends */
	_Atomic int error;	       /* -EBADMSG once a source ended by damage */
};

struct wf_outbox_entry {
	uint32_t worker;
	struct wf_frame frame;
};

/* Owned by its thread once started; main sets it up and takes it down. */
struct wf_worker {
	struct wf_metrics metrics; /* written by the worker */
	struct wf_crew *crew;	   /* borrowed */
	uint32_t index;
	pthread_t thread;
	struct wf_owner owner; /* its thread, once it runs */
	bool is_started;
	int pin_cpu;		      /* -1: anywhere */
	int node;		      /* of that CPU; -1: not known */
	uint32_t arena_part;	      /* the part of the arena that its memory comes from first */
	struct wf_page_pool *pages;   /* owned */
	struct wf_pipeline *pipeline; /* owned */
	struct wf_dispatch dispatch;
	struct wf_source *sources[WEFT_INTERFACES_MAX]; /* borrowed from the engine */
	bool source_ended[WEFT_INTERFACES_MAX];
	uint32_t sources_count;
	bool has_feed;	     /* replay with a reader */
	bool has_submitted;  /* packets come by weft_submit() */
	struct wf_mpsc feed; /* closed by the reader at the end, or when the handle stops */
	struct wf_mpsc inbox;
	struct wf_mpsc submitted;
	uint64_t submitted_ns;	 /* latest time of a submitted packet */
	struct wf_waiter waiter; /* the worker sleeps */
	struct wf_mailbox mailbox;
	bool has_requests;     /* not fully handled: don't sleep long */
	uint64_t housekeep_ns; /* CLOCK_MONOTONIC: when it is due next */
	uint32_t outbox_count;
	struct wf_outbox_entry outbox[WF_OUTBOX_FRAMES];
};

int wf_worker_start(struct wf_worker *worker);
void wf_worker_join(struct wf_worker *worker);

/* Count the frames for which @source had no memory. Thread: the one that reads it. */
void wf_worker_count_lost(struct wf_source *source, struct wf_metrics *metrics);

/* The handoff of pipeline.h; @ctx: the worker that hands over. A frame without room is counted. */
void wf_worker_handoff(void *ctx, uint32_t to, const struct wf_frame *frame);

#endif
