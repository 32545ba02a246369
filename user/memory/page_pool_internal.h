/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * page_pool_internal.h - a pool's body, for its two halves: classes and rx frames.
 */
#ifndef WF_MEMORY_PAGE_POOL_INTERNAL_H
#define WF_MEMORY_PAGE_POOL_INTERNAL_H

#include "memory/frame_stock.h"
#include "memory/page_pool.h"
#include "memory/sizing.h"
#include "memory/span_internal.h"

struct wf_home;
struct wf_metrics;

enum {
	WF_PAGE_ALIGN_BYTES = 64,
	WF_PAGE_BYTES_MIN = 128, /* smaller ones would leave part of a span unused */
};

enum wf_page_class_id {
	WF_PAGE_SMALL = 0,
	WF_PAGE_MEDIUM,
	WF_PAGE_LARGE,
	WF_PAGE_SPAN,  /* the sizes up to here ascend */
	WF_PAGE_TUNED, /* of the size that saves most with the traffic of the moment */
};
#define WF_PAGE_CLASS_COUNT (WF_PAGE_TUNED + 1)

/* Where a class counts: lines of metrics.def. */
struct wf_page_class_metrics {
	_Atomic uint64_t *spans;
	_Atomic uint64_t *free_pages;
	_Atomic uint64_t *used_pages;
	_Atomic uint64_t *taken_pages;
	_Atomic uint64_t *failed_pages;
	_Atomic uint64_t *unused_bytes;
};

/*
 * Spans of pages of one size. When the size changes (a new cut), the spans of the
 * old one leave the lists and go back to the arena as their pages are put.
 */
struct wf_page_class {
	uint32_t page_bytes; /* 0: the class is not in use */
	uint32_t pages;	     /* in a span */

	struct wf_span_list partial; /* some pages free, some taken */
	struct wf_span_list empty;   /* no page taken: kept ready */
	uint32_t empty_spans;
	uint32_t ready_spans; /* so many may stay empty */
	uint32_t spans;	      /* of this cut */
	uint32_t old_spans;   /* of former cuts */
	uint32_t cut;
	uint64_t used_pages; /* of this cut */
	uint64_t old_pages;  /* taken, of former cuts */
	struct wf_page_class_metrics metrics;
};

struct wf_page_pool {
	struct wf_arena *arena; /* borrowed */
	struct wf_home *home;	/* in the arena */
	uint32_t home_index;

	/* rx frames */
	struct wf_frame_stock stock;
	uint32_t frames;	/* made by this pool */
	uint32_t frames_spill;	/* more free ones than this are offered to other pools */
	uint32_t frames_keep;	/* fewer free ones than this: copy, don't keep */
	uint32_t frames_plenty; /* as many free ones as this: even ill filled ones are kept */

	struct wf_page_class classes[WF_PAGE_CLASS_COUNT];
	uint64_t max_spans;
	bool takes_incoming; /* the take under way is of wf_page_pool_take_incoming() */
	uint64_t max_class_pages;
	uint64_t spans;	     /* of all classes, of all cuts */
	uint64_t idle_bytes; /* free pages, as told to the budget */
	uint64_t tended_ns;
	struct wf_metrics *metrics; /* borrowed */
	bool adaptive;
	struct wf_sizing sizing;
};

/* ---- page_class.c: thread: the worker ---- */

void wf_page_class_init(struct wf_page_class *class, uint32_t bytes,
			struct wf_page_class_metrics metrics);

/* Have a partial span, from the class's own. Return: false: it has no free page. */
bool wf_page_class_has_page(struct wf_page_class *class);

/* Get a span from the arena, if need be in exchange for one kept ready. Return: false: no. */
bool wf_page_class_fetch(struct wf_page_pool *pool, struct wf_page_class *class);

/* A page of a class that has one, for @bytes, with one reference. */
struct wf_page *wf_page_class_take(struct wf_page_class *class, size_t bytes);

void wf_page_class_count_failure(struct wf_page_class *class);

/* @page of one of the pool's classes has no holder any more. */
void wf_page_class_put(struct wf_page_pool *pool, struct wf_page *page);

/* Give back empty spans beyond @keep. */
void wf_page_class_release(struct wf_page_pool *pool, struct wf_page_class *class, uint32_t keep);

/* From now on pages of @bytes; 0: the class is not in use any more. */
void wf_page_class_recut(struct wf_page_pool *pool, struct wf_page_class *class, uint32_t bytes);

bool wf_page_class_is_valid(const struct wf_page_class *class);

/* ---- page_pool.c and rx_frames.c ---- */

/* The pool whose worker the calling thread is, or NULL. */
extern _Thread_local struct wf_page_pool *wf_page_pool_mine
	__attribute__((tls_model("initial-exec")));

/* The last holder of @page has put it. Thread: any. */
void wf_page_come_home(struct wf_page *page);

/* The worker itself put the last reference to one of the rx frames. */
void wf_page_pool_put_frame(struct wf_page_pool *pool, struct wf_page *page);

/* Make @opts' frames. Return: 0; -EINVAL: frame_bytes; -ENOBUFS. */
int wf_page_pool_make_frames(struct wf_page_pool *pool, const struct wf_page_pool_opts *opts);

/* Let go of all frames; the arena's last pool with frames returns their spans. */
void wf_page_pool_drop_frames(struct wf_page_pool *pool);

#endif
