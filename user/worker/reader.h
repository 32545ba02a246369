/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reader.h - replay with several workers: one thread reads the file and feeds the owners.
 */
#ifndef WF_WORKER_READER_H
#define WF_WORKER_READER_H

#include <pthread.h>
#include <stdbool.h>

#include "decode/decode.h"
#include "metrics/metrics.h"
#include "worker/mailbox.h"

struct wf_crew;
struct wf_defrag;
struct wf_page_pool;
struct wf_source;

struct wf_reader {
	struct wf_metrics metrics;  /* written by the reader */
	struct wf_source *source;   /* borrowed from the engine */
	struct wf_crew *crew;	    /* borrowed */
	struct wf_decoder decoder;  /* for the steering hash, and for fragments */
	struct wf_defrag *defrag;   /* owned */
	struct wf_page_pool *pages; /* borrowed; where a pipe's packets are read into */
	struct wf_mailbox mailbox;  /* of the requests, it halves its caches only */
	uint32_t level;		    /* of memory pressure, as last requested */
	uint64_t housekeep_ns;	    /* when it is due next */
	pthread_t thread;
	bool is_started;
};

/*
 * Between two batches: the pool follows the traffic, and gives back half of its spare spans if that
 * was requested, or if memory pressure has risen. Thread: the reader.
 */
void wf_reader_housekeep(struct wf_reader *reader, uint64_t now_ns);

int wf_reader_start(struct wf_reader *reader);
void wf_reader_join(struct wf_reader *reader);

#endif
