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

int wf_maps_set_ports(int map_fd, const uint16_t *ports, size_t count)
{
	uint64_t bits[WEFT_PORT_WORDS] = {0};

	for (size_t i = 0; i < count; i++)
		bits[ports[i] >> 6] |= 1ull << (ports[i] & 63);
	for (uint32_t word = 0; word < WEFT_PORT_WORDS; word++) {
		int err = bits[word] ? bpf_map_update_elem(map_fd, &word, &bits[word], BPF_ANY) : 0;

		if (err)
			return err;
	}
	return 0;
}

int wf_maps_set_prefixes(int map_fd, const struct weft_prefix *prefixes, size_t count)
{
	const uint32_t listed = 1;

	for (size_t i = 0; i < count; i++) {
		struct weft_prefix_key key = {.bits = prefixes[i].bits};
		int err;

		memcpy(key.addr, prefixes[i].addr, sizeof(key.addr));
		err = bpf_map_update_elem(map_fd, &key, &listed, BPF_ANY);
		if (err)
			return err;
	}
	return 0;
}

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
