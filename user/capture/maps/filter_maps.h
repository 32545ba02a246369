/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * filter_maps.h - the kernel's filter, changed as a whole while the programs run.
 *
 *   prepare  the set that is not in use is emptied and filled
 *   switch   one word; after return no program looks at the old set any more
 *
 * Thread: one at a time.
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

/* @wanted: ports, allow, deny, sample count. Return: 0; negative errno. */
int wf_filter_maps_prepare(const struct wf_filter_maps *maps,
			   const struct weft_interface_opts *wanted, uint64_t *ret_word);
int wf_filter_maps_switch(const struct wf_filter_maps *maps, uint64_t word);

#endif
