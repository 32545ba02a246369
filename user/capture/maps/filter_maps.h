/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * filter_maps.h - replaces the kernel's filter as a whole while the programs run.
 *
 *   prepare  clears and fills the set that is not in use
 *   switch   selects that set with one store; after the return, no program reads the old set
 *
 * Thread: any, one call at a time.
 */
#ifndef WF_CAPTURE_MAPS_FILTER_MAPS_H
#define WF_CAPTURE_MAPS_FILTER_MAPS_H

#include <stdint.h>

#include <weft/source.h>

struct wf_filter_maps {
	int filter_fd;
	int ports_fd;
	int allow_fd;
	int deny_fd;
};

/*
 * Write the filter of @wanted into the unused set. Only ports, allow, deny and sample are used.
 * Return: 0 or negative errno.
 */
int wf_filter_maps_prepare(const struct wf_filter_maps *maps,
			   const struct weft_interface_opts *wanted, uint64_t *ret_word);

/*
 * Switch to the prepared filter. @word: the word that wf_filter_maps_prepare() wrote. Return: 0 on
 * success; negative errno.
 */
int wf_filter_maps_switch(const struct wf_filter_maps *maps, uint64_t word);

#endif
