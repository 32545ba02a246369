/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * maps.h - policy into BPF maps, counters out of them. Thread: any, unless told.
 */
#ifndef WF_CAPTURE_MAPS_H
#define WF_CAPTURE_MAPS_H

#include <stddef.h>
#include <stdint.h>

#include <weft/opts.h>

#include "bpf/shared.h"

/* Write the port set as a bitmap of WEFT_PORT_WORDS words. Thread: main. */
int wf_maps_set_ports(int map_fd, const uint16_t *ports, size_t count);

/* Fill a prefix trie. Thread: main. */
int wf_maps_set_prefixes(int map_fd, const struct weft_prefix *prefixes, size_t count);

/*
 * Sum the first @words of the only element of a per-CPU array, a struct of __u64s that has
 * @value_bytes, over all CPUs.
 */
int wf_maps_sum_percpu(int map_fd, size_t value_bytes, uint64_t *ret_words, size_t words);

#endif
