/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * iface_setup.h - the parameters of wf_iface_open().
 */
#ifndef WF_CAPTURE_LIVE_IFACE_SETUP_H
#define WF_CAPTURE_LIVE_IFACE_SETUP_H

#include <stdbool.h>
#include <stdint.h>

#include "capture/maps/map_sizes.h"

struct weft_hash_secret;
struct weft_tunnel_ports;
struct weft_interface_opts;
struct wf_arena;
struct wf_page_pool;

/* All pointers are borrowed; pools and arena outlive the interface. */
struct wf_iface_setup {
	const struct weft_interface_opts *opts;
	struct wf_arena *arena;	     /* tap mode: the caller has called wf_arena_pin() */
	struct wf_page_pool **pools; /* one per worker */
	uint32_t workers;
	/*
	 * true: each queue q has one socket, which belongs to worker q % workers; false: each queue
	 * has one socket per worker
	 */
	bool by_queue;
	struct wf_map_sizes maps;
	uint64_t host_ring_bytes; /* host mode: size of an overflow ring, a power of two */
	const struct weft_hash_secret *secret;
	const struct weft_tunnel_ports *tunnel_ports; /* NULL: the default ports */
	bool ignore_vlan;			      /* VLAN ids are not part of the flow key */
};

#endif
