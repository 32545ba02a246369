// SPDX-License-Identifier: BSD-2-Clause
/* maps.c - sums per-CPU values, and asks the kernel how much memory maps use. */
#include "capture/maps/maps.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
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

/* Return the memory of the map according to /proc/self/fdinfo; 0 if unknown. */
static uint64_t map_bytes(int map_fd)
{
	unsigned long long bytes = 0;
	char path[64];
	char line[128];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", map_fd);
	file = fopen(path, "re");
	if (!file)
		return 0;
	while (!bytes && fgets(line, sizeof(line), file))
		if (sscanf(line, "memlock: %llu", &bytes) != 1)
			bytes = 0;
	fclose(file);
	return bytes;
}

static uint32_t map_id(const struct bpf_map *map)
{
	struct bpf_map_info info = {0};
	uint32_t len = sizeof(info);

	return bpf_obj_get_info_by_fd(bpf_map__fd(map), &info, &len) ? 0 : info.id;
}

/* Return true if one of the first @count objects has the map with this id. */
static bool is_in(uint32_t id, const struct bpf_object *const *objects, size_t count)
{
	const struct bpf_map *map;

	for (size_t i = 0; i < count; i++) {
		if (!objects[i])
			continue;
		bpf_object__for_each_map(map, objects[i]) if (map_id(map) == id) return true;
	}
	return false;
}

uint64_t wf_maps_bytes(const struct bpf_object *const *objects, size_t count)
{
	const struct bpf_map *map;
	uint64_t bytes = 0;

	for (size_t i = 0; i < count; i++) {
		if (!objects[i])
			continue;
		bpf_object__for_each_map(map, objects[i]) if (!is_in(map_id(map), objects, i))
			bytes += map_bytes(bpf_map__fd(map));
	}
	return bytes;
}
