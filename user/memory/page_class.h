/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * page_class.h - the size classes of one pool's pages: spans divided into pages of one size.
 *
 * Thread: the pool's owner.
 */
#ifndef WF_MEMORY_PAGE_CLASS_H
#define WF_MEMORY_PAGE_CLASS_H

#include "memory/sizing.h"
#include "memory/span_internal.h"

enum {
	WF_PAGE_ALIGN_BYTES = 64,
	/* a span has at most 480 pages, so pages of 64 bytes would leave more than half unused */
	WF_PAGE_BYTES_MIN = 128,
};

enum wf_page_class_id {
	WF_PAGE_SMALL = 0,
	WF_PAGE_MEDIUM,
	WF_PAGE_LARGE,
	/* pages of a whole span; the sizes of the classes in use from SMALL to SPAN ascend */
	WF_PAGE_SPAN,
	/* page size chosen at run time: the one that saves most bytes with the present traffic */
	WF_PAGE_TUNED,
};
#define WF_PAGE_CLASS_COUNT (WF_PAGE_TUNED + 1)

/* Metrics of one class: pointers to members of struct wf_metrics. */
struct wf_page_class_metrics {
	_Atomic uint64_t *spans;
	_Atomic uint64_t *free_pages;
	_Atomic uint64_t *used_pages;
	_Atomic uint64_t *taken_pages;
	_Atomic uint64_t *failed_pages;
	_Atomic uint64_t *unused_bytes;
};

/*
 * A size class: spans divided into pages of one size. Each change of the page size increments cut.
 * A span records the value of cut when it is divided. Spans with a former value are removed from
 * the lists; each returns to the arena when all its pages have been put.
 */
struct wf_page_class {
	uint32_t page_bytes; /* page size; 0: the class is not in use */
	uint32_t pages;	     /* number of pages in a span */

	struct wf_span_list partial; /* spans with both free and taken pages */
	struct wf_span_list empty;   /* spans with no page taken, kept ready for use */
	uint32_t empty_spans;
	uint32_t ready_spans; /* maximum number of empty spans that are kept */
	uint32_t spans;	      /* number of spans divided at the present page size */
	uint32_t old_spans;   /* number of spans divided at former page sizes */
	uint32_t cut;	      /* number of changes of the page size */
	uint64_t used_pages;  /* number of taken pages of the present page size */
	uint64_t old_pages;   /* number of taken pages of former page sizes */
	struct wf_page_class_metrics metrics;
};

/* All classes of one pool. */
struct wf_page_classes {
	struct wf_page_class list[WF_PAGE_CLASS_COUNT];
	struct wf_arena *arena; /* borrowed */
	uint32_t home_index;	/* index of the pool's home, stored in each span */
	/* number of spans of all classes, of present and former page sizes */
	uint64_t spans;
	uint64_t max_spans;
	/*
	 * true: unless more than 1/WEFT_SHORT_PARTS of the budget is left, a further span is taken
	 * only in place of an empty one
	 */
	bool spares_the_last;
};

/*
 * Initialize a class with pages of @bytes, rounded up to a multiple of WF_PAGE_ALIGN_BYTES. If
 * @bytes is 0, the class is not used.
 */
void wf_page_class_init(struct wf_page_class *class, uint32_t bytes,
			struct wf_page_class_metrics metrics);

/*
 * Make sure that the class has a partial span: if it has none, one of its empty spans becomes
 * partial. Return: false if the class has no free page.
 */
bool wf_page_class_has_page(struct wf_page_class *class);

/*
 * Take a span from the arena and divide it into pages of @class. If the arena has no free span, or
 * the limits of the classes allow no further one, first give back an empty span of any class.
 * Return: false if no span could be taken.
 */
bool wf_page_class_fetch(struct wf_page_classes *classes, struct wf_page_class *class);

/* Take a page for @bytes, with one reference. wf_page_class_has_page() must have returned true. */
struct wf_page *wf_page_class_take(struct wf_page_class *class, size_t bytes);

/* Count a request that @class could not serve. */
void wf_page_class_count_failure(struct wf_page_class *class);

/* Return @page, to which there are no more references, to its class. */
void wf_page_class_put(struct wf_page_classes *classes, struct wf_page *page);

/* Give back empty spans of @class to the arena until at most @keep are left. */
void wf_page_class_release(struct wf_page_classes *classes, struct wf_page_class *class,
			   uint32_t keep);

/* Change the page size of @class to @bytes. 0: the class is not used from now on. */
void wf_page_class_recut(struct wf_page_classes *classes, struct wf_page_class *class,
			 uint32_t bytes);

/*
 * Adapt to the traffic in @sizing: the number of empty spans that each class keeps, and the
 * page size of the tuned class. @pressure_level: see
 * wf_arena_set_pressure_level(). Return: true if the page size of the tuned class has changed.
 */
bool wf_page_class_adapt(struct wf_page_classes *classes, const struct wf_sizing *sizing,
			 uint32_t pressure_level);

bool wf_page_class_is_valid(const struct wf_page_class *class);

#endif
