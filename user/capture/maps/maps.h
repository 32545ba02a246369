/* SPDX-License-Identifier: BSD-2-Clause */
/* maps.h - sums per-CPU values, and reads the kernel memory that maps use. Thread: any. */
#ifndef WF_CAPTURE_MAPS_MAPS_H
#define WF_CAPTURE_MAPS_MAPS_H

#include <stddef.h>
#include <stdint.h>

/*
 * Sum the first @words words of a per-CPU array's only element over all CPUs. The element is a
 * struct of __u64 members with a size of @value_bytes. Return: 0 on success; negative errno.
 */
int wf_maps_sum_percpu(int map_fd, size_t value_bytes, uint64_t *ret_words, size_t words);

struct bpf_object;

/*
 * Return the kernel memory of all maps of @objects, in bytes. A map that objects share counts once.
 * The ring buffers in a map of maps are not included. Elements of @objects may be NULL.
 */
uint64_t wf_maps_bytes(const struct bpf_object *const *objects, size_t count);

#endif
