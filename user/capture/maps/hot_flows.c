// SPDX-License-Identifier: BSD-2-Clause
/*
 * hot_flows.c - moves the counters of hot-flow slots to the kernel's flow map.
 */
#include "capture/maps/hot_flows.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/grace.h"
#include "bpf/shared.h"

uint32_t wf_hot_flows_cpus(void)
{
	int cpus = libbpf_num_possible_cpus();

	return cpus > 0 && wf_grace_is_supported() ? (uint32_t)cpus : 0;
}

int wf_hot_flows_init(struct wf_hot_flows *hot, const struct wf_hot_maps *maps)
{
	memset(hot, 0, sizeof(*hot));
	hot->seen = calloc(maps->cpus_count + 1u, sizeof(*hot->seen));
	hot->now = calloc(maps->cpus_count + 1u, sizeof(*hot->now));
	hot->values = calloc(maps->cpus_count + 1u, sizeof(struct weft_cpu));
	if (!hot->seen || !hot->now || !hot->values) {
		free(hot->seen);
		free(hot->now);
		free(hot->values);
		memset(hot, 0, sizeof(*hot));
		return -ENOMEM;
	}
	hot->maps = *maps;
	return 0;
}

void wf_hot_flows_fini(struct wf_hot_flows *hot)
{
	if (!hot->seen)
		return;
	free(hot->seen);
	free(hot->now);
	free(hot->values);
	memset(hot, 0, sizeof(*hot));
}

/* ---- move ------------------------------------------------------------------------ */

static int read_cpus(struct wf_hot_flows *hot)
{
	const uint32_t zero = 0;

	return bpf_map_lookup_elem(hot->maps.counts_fd, &zero, hot->values);
}

static uint64_t seen_by(const struct wf_hot_flows *hot, uint32_t cpu)
{
	return ((const struct weft_cpu *)(const void *)hot->values)[cpu].counts.seen;
}

static bool is_any_new(const struct wf_hot_flows *hot)
{
	for (uint32_t cpu = 0; cpu < hot->maps.cpus_count; cpu++)
		if (seen_by(hot, cpu) != hot->seen[cpu])
			return true;
	return hot->is_left[0] || hot->is_left[1];
}

static int move_half(const struct wf_hot_flows *hot, uint32_t cpu, uint32_t half)
{
	struct weft_move_request request = {.from = (cpu * 2 + half) * hot->maps.slots};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = &request, .ctx_size_in = sizeof(request));
	int err = bpf_prog_test_run_opts(hot->maps.move_fd, &opts);

	if (err)
		return err;
	return request.left ? -ENOBUFS : 0;
}

/*
 * Move the counters in the half @half of each CPU's slots. A CPU is skipped if it has processed no
 * frame since it began to use @half (hot->seen), unless an earlier call left counters in @half.
 */
static int move_halves(struct wf_hot_flows *hot, uint32_t half)
{
	int err = read_cpus(hot);

	for (uint32_t cpu = 0; !err && cpu < hot->maps.cpus_count; cpu++)
		if (hot->is_left[half] || seen_by(hot, cpu) != hot->seen[cpu])
			err = move_half(hot, cpu, half);
	return err;
}

int wf_hot_flows_move(struct wf_hot_flows *hot)
{
	uint32_t half;
	int err;

	if (!hot->maps.cpus_count)
		return 0;
	err = read_cpus(hot);
	if (err || !is_any_new(hot))
		return err;
	for (uint32_t cpu = 0; cpu < hot->maps.cpus_count; cpu++)
		hot->now[cpu] = seen_by(hot, cpu);
	half = __atomic_fetch_add(hot->maps.epoch, 1, __ATOMIC_SEQ_CST) & 1;
	err = wf_grace_try();
	if (!err)
		err = move_halves(hot, half);
	hot->is_left[half] = err != 0;
	memcpy(hot->seen, hot->now, hot->maps.cpus_count * sizeof(*hot->seen));
	return err;
}
