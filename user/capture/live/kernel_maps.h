/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kernel_maps.h - the maps that the XDP program of tap mode and the tc program of host mode have in
 * common: filter, flows, hot flows and counters. Also loads verdict.bpf.c, which uses them.
 *
 * A program's maps are found by their names, so this file does not depend on the program.
 *
 * Thread: main, unless stated otherwise.
 */
#ifndef WF_CAPTURE_LIVE_KERNEL_MAPS_H
#define WF_CAPTURE_LIVE_KERNEL_MAPS_H

#include <stdint.h>

#include <weft/source.h>

#include "bpf/hash.h"
#include "capture/maps/filter_maps.h"
#include "capture/maps/hot_flows.h"
#include "capture/maps/map_sizes.h"

struct bpf_object;
struct verdict_bpf;
struct weft_sample;
struct weft_tunnel_ports;
struct weft_verdict_request;
struct wf_metrics;
struct wf_pins;

/* The caller sets all members to zero before the first call. */
struct wf_kernel_maps {
	struct verdict_bpf *verdict; /* owned */
	struct wf_filter_maps filter;
	struct wf_hot_flows hot;
	int flows_fd; /* borrowed from the program's object, like all members below */
	int handshakes_fd;
	int counts_fd;
	unsigned long long *hot_epoch;
	unsigned int *shed_below;
	unsigned int *policy;
	const struct weft_sample *samples;
};

struct wf_kernel_maps_opts {
	const struct bpf_object *object;   /* loaded; it outlives the struct wf_kernel_maps */
	unsigned long long *hot_epoch;	   /* weft_hot_epoch of the program */
	unsigned int *shed_below;	   /* weft_shed_below of the program */
	unsigned int *policy;		   /* weft_policy of the program */
	const struct weft_sample *samples; /* weft_samples of the program */
	uint32_t handshakes;		   /* weft_handshake_slots of the program */
	uint32_t hot_cpus;		   /* weft_hot_cpus of the program */
	uint32_t hot_slots;		   /* weft_hot_slots of the program */
	const struct weft_hash_secret *secret;
	const struct weft_interface_opts *filter; /* ports, prefixes and sample are used */
};

/*
 * Write @ports to weft_vxlan_ports and weft_geneve_ports of a program that is not loaded yet. If
 * @ports is NULL, the program keeps the default ports.
 */
void wf_kernel_ports_set(const volatile uint16_t *vxlan, const volatile uint16_t *geneve,
			 const struct weft_tunnel_ports *ports);

/*
 * Set the sizes of the maps of @object, which is not loaded yet. If @sizes->flows is 0, the sizes
 * for one interface and a memory limit of WEFT_MEMORY_MB are set. *ret_sizes: the sizes that were
 * set. Return: 0 or negative errno.
 */
int wf_kernel_maps_resize(struct bpf_object *object, const struct wf_map_sizes *sizes,
			  struct wf_map_sizes *ret_sizes);

/* Write the filter, and load verdict.bpf.c. Return: 0 or negative errno, logged. */
int wf_kernel_maps_init(struct wf_kernel_maps *maps, const struct wf_kernel_maps_opts *opts);
void wf_kernel_maps_fini(struct wf_kernel_maps *maps);

/* Pin the maps. Return: 0 or negative errno, logged. */
int wf_kernel_maps_pin(const struct wf_kernel_maps *maps, const struct wf_pins *pins);

/*
 * Set the verdicts of one flow. After the call, @request has the verdicts before the call, and the
 * counters. Return: 0; -ENOENT if the flow has no entry; -EAGAIN if the verdicts are set, but the
 * counters were moved during each attempt to read them; other negative errno. Thread: any.
 */
int wf_kernel_maps_set_verdict(const struct wf_kernel_maps *maps,
			       struct weft_verdict_request *request);

/* Move all counters to the flow map: wf_hot_flows_move(). Thread: any, one call at a time. */
int wf_kernel_maps_move_hot(struct wf_kernel_maps *maps);

/*
 * Prepare the filter of @wanted (ports, prefixes, sample) without using it. A later call of
 * wf_kernel_maps_switch_filter() with *ret_word replaces the whole filter; frames that are captured
 * after the return of that call have the policy number @policy. Return: 0 or negative errno; after
 * an error, the filter in use stays. Thread: any, one call at a time.
 */
int wf_kernel_maps_prepare_filter(const struct wf_kernel_maps *maps,
				  const struct weft_interface_opts *wanted, uint64_t *ret_word);
void wf_kernel_maps_switch_filter(const struct wf_kernel_maps *maps, uint64_t word,
				  uint32_t policy);

/* Shed new flows whose 32-bit shed hash is below @below. Thread: any. */
void wf_kernel_maps_set_shed(const struct wf_kernel_maps *maps, uint32_t below);

/* Add the counters of the program, summed over CPUs. Thread: any. */
void wf_kernel_maps_stats_add(const struct wf_kernel_maps *maps, struct wf_metrics *sum);

#endif
