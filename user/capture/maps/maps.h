/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * maps.h - what user space reads from the programs' maps, and about them. Thread: any.
 */
#ifndef WF_CAPTURE_MAPS_MAPS_H
#define WF_CAPTURE_MAPS_MAPS_H

#include <stddef.h>
#include <stdint.h>

/*
 * Sum the first @words of the only element of a per-CPU array, a struct of __u64s that has
 * @value_bytes, over all CPUs.
 */
int wf_maps_sum_percpu(int map_fd, size_t value_bytes, uint64_t *ret_words, size_t words);

struct bpf_object;

/* Kernel memory of all maps of @objects, each counted once; objects may be NULL. */
uint64_t wf_maps_bytes(const struct bpf_object *const *objects, size_t count);

#endif
