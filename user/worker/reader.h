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
	uint32_t halvings;	    /* of crew->halvings, done */
	uint64_t tend_ns;
	pthread_t thread;
	bool is_started;
};

/*
 * What needs no packet: the pool follows the traffic, and gives back half if that was asked.
 * Thread: the reader.
 */
void wf_reader_tend(struct wf_reader *reader, uint64_t now_ns);

int wf_reader_start(struct wf_reader *reader);
void wf_reader_join(struct wf_reader *reader);

#endif
