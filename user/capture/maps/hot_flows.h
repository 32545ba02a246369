/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hot_flows.h - moves to the kernel's flow map what its CPUs counted by themselves.
 *
 * See bpf/hot_flow.h. Done several times a second while segments come, and before the flow map
 * is read.
 */
#ifndef WF_CAPTURE_MAPS_HOT_FLOWS_H
#define WF_CAPTURE_MAPS_HOT_FLOWS_H

#include <stdbool.h>
#include <stdint.h>

/* Of the loaded programs; borrowed, they outlive us. */
struct wf_hot_maps {
	int counts_fd;		   /* struct weft_cpu of each CPU */
	int move_fd;		   /* the program that moves one CPU's half */
	unsigned long long *epoch; /* mapped */
	uint32_t cpus_count;	   /* possible ones; 0: the kernel uses no slots */
};

struct wf_hot_flows {
	struct wf_hot_maps maps;
	uint64_t *seen;	 /* owned: segments of each CPU, before the last turn of the halves */
	uint64_t *now;	 /* owned: before this turn */
	uint8_t *values; /* owned: what the kernel says of all CPUs */

	bool is_left[2]; /* something could not be moved out of this half */
};

/*
 * CPUs that may be given slots: possible ones, or 0 where the kernel can't tell when programs
 * that run have ended (nohz_full), so that counts could not be moved.
 */
uint32_t wf_hot_flows_cpus(void);

int wf_hot_flows_init(struct wf_hot_flows *hot, const struct wf_hot_maps *maps);
void wf_hot_flows_fini(struct wf_hot_flows *hot); /* all zero is allowed */

/*
 * The flow map now has all segments whose programs had ended before the call. Waits for an RCU
 * grace period (some ms) if there were any. Return: 0; -ENOBUFS: some still wait, as the flow
 * map has no room for them; other negative errno. Thread: one at a
 * time.
 */
int wf_hot_flows_move(struct wf_hot_flows *hot);

#endif
