/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * page_class.h - the classes of one worker's pages: spans cut into pages of one size each.
 *
 * Thread: the worker.
 */
#ifndef WF_MEMORY_PAGE_CLASS_H
#define WF_MEMORY_PAGE_CLASS_H

#include "memory/sizing.h"
#include "memory/span_internal.h"

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
	uint32_t ready_spans; /* at most so many stay empty */
	uint32_t spans;	      /* of this cut */
	uint32_t old_spans;   /* of former cuts */
	uint32_t cut;
	uint64_t used_pages; /* of this cut */
	uint64_t old_pages;  /* taken, of former cuts */
	struct wf_page_class_metrics metrics;
};

/* All classes of one pool, and the spans that they share. */
struct wf_page_classes {
	struct wf_page_class list[WF_PAGE_CLASS_COUNT];
	struct wf_arena *arena; /* borrowed */
	uint32_t home_index;	/* of the pool, for its spans */
	uint64_t spans;		/* of all classes, of all cuts */
	uint64_t max_spans;
	bool spares_the_last; /* the last 1/WEFT_SHORT_PARTS of the budget is left to others */
};

/* @bytes: rounded up; 0: the class is not in use. */
void wf_page_class_init(struct wf_page_class *class, uint32_t bytes,
			struct wf_page_class_metrics metrics);

/* Make sure that a partial span exists, from the class's own. Return: false: no page is free. */
bool wf_page_class_has_page(struct wf_page_class *class);

/* Get a span from the arena, if need be in exchange for one kept ready. Return: false: no. */
bool wf_page_class_fetch(struct wf_page_classes *classes, struct wf_page_class *class);

/* A page of a class that has one, for @bytes, with one reference. */
struct wf_page *wf_page_class_take(struct wf_page_class *class, size_t bytes);

void wf_page_class_count_failure(struct wf_page_class *class);

/* @page of one of the classes has no holder any more. */
void wf_page_class_put(struct wf_page_classes *classes, struct wf_page *page);

/* Give back empty spans beyond @keep. */
void wf_page_class_release(struct wf_page_classes *classes, struct wf_page_class *class,
			   uint32_t keep);

/* From now on pages of @bytes; 0: the class is not in use any more. */
void wf_page_class_recut(struct wf_page_classes *classes, struct wf_page_class *class,
			 uint32_t bytes);

/*
 * Follow the traffic of @sizing: how many empty spans each class keeps ready, and which size the
 * tuned class has. @squeeze: of the arena, see wf_arena_set_squeeze(). Return: whether the tuned
 * class was recut.
 */
bool wf_page_class_adapt(struct wf_page_classes *classes, const struct wf_sizing *sizing,
			 uint32_t squeeze);

bool wf_page_class_is_valid(const struct wf_page_class *class);

#endif
