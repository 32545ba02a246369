/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * iface_stats.h - reads the counters of an interface.
 */
#ifndef WF_CAPTURE_LIVE_IFACE_STATS_H
#define WF_CAPTURE_LIVE_IFACE_STATS_H

#include <stdbool.h>
#include <stdint.h>

#include <weft/interface.h>

struct wf_frame;
struct wf_iface;
struct wf_metrics;

/* Load of the receive rings of one worker; the counters only rise. */
struct wf_iface_load {
	/*
	 * tap mode: frames lost because a receive ring was full or a fill ring empty; host mode:
	 * because both rings of the worker were full
	 */
	uint64_t lost_frames;
	uint64_t received_frames;
	/* tap mode: fill level of the fullest receive ring; host mode: of both rings together */
	uint32_t fill_percent;
};

/*
 * Return the state of the interface. @ret_name: IF_NAMESIZE bytes, set to its present name unless
 * the interface no longer exists. Thread: any, while it is attached.
 */
enum weft_interface_state wf_iface_state(const struct wf_iface *iface, char *ret_name);

/* Read the load of the receive rings of @worker. Thread: any, between open and close. */
void wf_iface_load(const struct wf_iface *iface, uint32_t worker, struct wf_iface_load *ret_load);

/*
 * Copy sample @index, a frame without TCP that a program left to the host, to @head, which
 * has WF_IFACE_SAMPLE_BYTES; *@ret_frame refers to it. Return: false if there is no such sample
 * yet. Thread: any, between open and close.
 */
enum { WF_IFACE_SAMPLES = 32, WF_IFACE_SAMPLE_BYTES = 248 };
bool wf_iface_sample(const struct wf_iface *iface, uint32_t index, uint8_t *head,
		     struct wf_frame *ret_frame);

/* Add the counters of programs, sockets and sources. Thread: any, between open and close. */
void wf_iface_stats_add(const struct wf_iface *iface, struct wf_metrics *sum);

#endif
