/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * filter_maps.h - replaces the kernel's filter as a whole while the programs run.
 *
 *   prepare  clears and fills the set that is not in use
 *   switch   selects that set with one store, and waits (base/grace.h) until no program reads the
 *            old set
 *
 * The word that selects the set is mapped into this process, so a switch cannot fail.
 *
 * Thread: any, one call at a time.
 */
#ifndef WF_CAPTURE_MAPS_FILTER_MAPS_H
#define WF_CAPTURE_MAPS_FILTER_MAPS_H

#include <stdint.h>

#include <weft/source.h>

struct weft_filter;

struct wf_filter_maps {
	struct weft_filter *now; /* owned mapping of the map weft_filter; NULL: none */
	int filter_fd;		 /* borrowed, like the descriptors below */
	int ports_fd;
	int allow_fd;
	int deny_fd;
};

/*
 * Map the word that selects the set. The caller has set the descriptors, and `now` to NULL. Return:
 * 0 or negative errno.
 */
int wf_filter_maps_init(struct wf_filter_maps *maps);

/* Unmap the word. @maps may be all zero. */
void wf_filter_maps_fini(struct wf_filter_maps *maps);

/*
 * Write the filter of @wanted into the unused set. Only ports, allow, deny and sample are used.
 * *@ret_word: the word that selects this set. Return: 0 or negative errno.
 */
int wf_filter_maps_prepare(const struct wf_filter_maps *maps,
			   const struct weft_interface_opts *wanted, uint64_t *ret_word);

/* Switch to the prepared filter. @word: the word that wf_filter_maps_prepare() wrote. */
void wf_filter_maps_switch(const struct wf_filter_maps *maps, uint64_t word);

#endif
