/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * iface_setup.h - what an interface is opened with.
 */
#ifndef WF_CAPTURE_LIVE_IFACE_SETUP_H
#define WF_CAPTURE_LIVE_IFACE_SETUP_H

#include <stdbool.h>
#include <stdint.h>

#include "capture/maps/map_sizes.h"

struct weft_hash_secret;
struct weft_interface_opts;
struct wf_arena;
struct wf_page_pool;

/* All pointers are borrowed; pools and arena outlive the interface. */
struct wf_iface_setup {
	const struct weft_interface_opts *opts;
	struct wf_arena *arena;	     /* pinned: wf_arena_pin() */
	struct wf_page_pool **pools; /* one a worker */
	uint32_t workers;
	bool by_queue; /* queue q has one socket, of worker q % workers; else one for each */
	struct wf_map_sizes maps;
	const struct weft_hash_secret *secret;
};

#endif
