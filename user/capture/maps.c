// SPDX-License-Identifier: BSD-2-Clause
/*
 * maps.c - what user space writes into and reads from the programs' maps.
 */
#include "capture/maps.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

int wf_maps_sum_percpu(int map_fd, size_t value_bytes, uint64_t *ret_words, size_t words)
{
	const size_t stride = value_bytes / sizeof(uint64_t);
	const uint32_t zero = 0;
	int cpus = libbpf_num_possible_cpus();
	uint64_t *values;
	int err;

	memset(ret_words, 0, words * sizeof(*ret_words));
	if (cpus < 0)
		return cpus;
	values = calloc((size_t)cpus, value_bytes);
	if (!values)
		return -ENOMEM;
	err = bpf_map_lookup_elem(map_fd, &zero, values);
	for (size_t cpu = 0; !err && cpu < (size_t)cpus; cpu++)
		for (size_t i = 0; i < words; i++)
			ret_words[i] += values[cpu * stride + i];
	free(values);
	return err;
}
