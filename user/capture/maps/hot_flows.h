/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hot_flows.h - moves the counters of hot-flow slots to the kernel's flow map.
 *
 * bpf/hot_flow.h describes the slots. The counters are moved twice a second while segments
 * arrive, and before the entries of the flow map are listed for a request (control/flows.c).
 */
#ifndef WF_CAPTURE_MAPS_HOT_FLOWS_H
#define WF_CAPTURE_MAPS_HOT_FLOWS_H

#include <stdbool.h>
#include <stdint.h>

/* Descriptors and memory of the loaded programs; borrowed, valid until wf_hot_flows_fini(). */
struct wf_hot_maps {
	int counts_fd;		   /* map with the struct weft_cpu of each CPU */
	int move_fd;		   /* descriptor of the program weft_move */
	unsigned long long *epoch; /* weft_hot_epoch, in memory shared with the BPF program */
	uint32_t cpus_count;	   /* number of CPUs with slots (all possible CPUs); 0: none */
	uint32_t slots;		   /* number of slots in each half of a CPU's slots */
};

struct wf_hot_flows {
	struct wf_hot_maps maps;
	/*
	 * owned: frames that each CPU had counted at the previous change of the epoch's lowest bit,
	 * when the programs began to use the other half of the slots
	 */
	uint64_t *seen;
	/* owned: the same for the change that the present call of wf_hot_flows_move() makes */
	uint64_t *now;
	uint8_t *values; /* owned: buffer for the struct weft_cpu of all CPUs */

	/*
	 * true: some counters of this half of the slots could not be moved; indexed by the lowest
	 * bit of the epoch
	 */
	bool is_left[2];
};

/*
 * Return the number of CPUs that get slots, which is the number of possible CPUs. Return 0 (no
 * slots) if that number is unknown, or if membarrier(2) can't wait for running programs
 * (nohz_full): counters could then not be moved.
 */
uint32_t wf_hot_flows_cpus(void);

/* Allocate the buffers of @hot. Return: 0; -ENOMEM, and then @hot is all zero. */
int wf_hot_flows_init(struct wf_hot_flows *hot, const struct wf_hot_maps *maps);

/* Free the buffers of @hot, which may be all zero. */
void wf_hot_flows_fini(struct wf_hot_flows *hot);

/*
 * Move the counters of all segments that the programs had processed before the call. The call waits
 * for an RCU grace period (some ms) if there are new segments. Return: 0 on success; -ENOBUFS if
 * the flow map is full and some counters stay in their slots; other negative errno. Thread: any,
 * one call at a time.
 */
int wf_hot_flows_move(struct wf_hot_flows *hot);

#endif
