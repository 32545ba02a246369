/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reader.h - replay with several workers: one thread reads the capture files (or a pipe) and passes
 * each frame to the worker that owns its flow.
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
	struct wf_metrics metrics; /* written by the reader */
	struct wf_source *source;  /* borrowed from the engine */
	struct wf_crew *crew;	   /* borrowed */
	struct wf_decoder decoder; /* computes the steering hash and decodes fragments */
	struct wf_defrag *defrag;  /* owned */
	/* borrowed; pages for fragments, and for packets read from a pipe */
	struct wf_page_pool *pages;
	struct wf_mailbox mailbox; /* mailbox of the reader, which handles only
				      WF_REQUEST_HALVE_CACHES and the level */
	uint32_t level;		   /* last posted pressure level */
	uint64_t housekeep_ns;	   /* CLOCK_MONOTONIC time of the next housekeeping */
	pthread_t thread;
	bool is_started;
};

/*
 * Adjust the page pool to the traffic, and free half of its cached spans if requested or if the
 * pressure level has risen to high or above. Call between two batches. Thread: the reader.
 */
void wf_reader_housekeep(struct wf_reader *reader, uint64_t now_ns);

int wf_reader_start(struct wf_reader *reader);
void wf_reader_join(struct wf_reader *reader);

#endif
