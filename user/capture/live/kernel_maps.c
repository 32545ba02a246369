// SPDX-License-Identifier: BSD-2-Clause
/*
 * kernel_maps.c - sizes, pins and uses the maps that the programs of both modes have.
 */
#include "capture/live/kernel_maps.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <sched.h>
#include <string.h>

#include <weft/limits.h>

#include "base/grace.h"
#include "base/log.h"
#include "bpf/shared.h"
#include "capture/live/bpf_load.h"
#include "capture/live/pins.h"
#include "capture/maps/maps.h"
#include "metrics/metrics.h"
#include "skel/verdict.skel.h"

/*
 * Maximum number of retries of a read of counters. Several are needed if the scheduler preempts the
 * thread that moves the counters.
 */
enum { LOOKS_MAX = 10000 };

static int resize(struct bpf_object *object, const char *name, uint32_t entries)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, name);

	return map ? bpf_map__set_max_entries(map, entries) : -ENOENT;
}

int wf_kernel_maps_resize(struct bpf_object *object, const struct wf_map_sizes *sizes,
			  struct wf_map_sizes *ret_sizes)
{
	const struct wf_map_wants usual = {
		.limit_bytes = (uint64_t)WEFT_MEMORY_MB << 20,
		.flows_max = WEFT_FLOW_MAP_ENTRIES,
		.interfaces = 1,
		.cpus = wf_hot_flows_cpus(),
	};
	struct wf_map_sizes chosen;
	int err;

	if (!sizes->flows) {
		wf_map_sizes_choose(&usual, &chosen);
		sizes = &chosen;
	}
	err = resize(object, "weft_flows", sizes->flows);
	if (!err)
		err = resize(object, "weft_handshakes", sizes->handshakes);
	if (!err && sizes->hot_cpus)
		err = resize(object, "weft_hot_flows", 2 * sizes->hot_slots * sizes->hot_cpus);
	*ret_sizes = *sizes;
	return err;
}

static int explain(int err)
{
	if (err)
		wf_error("capture: can't prepare the BPF maps: %s", strerror(-err));
	return err;
}

void wf_kernel_ports_set(const volatile uint16_t *vxlan, const volatile uint16_t *geneve,
			 const struct weft_tunnel_ports *ports)
{
	if (!ports)
		return;
	memcpy((void *)vxlan, ports->vxlan, sizeof(ports->vxlan));
	memcpy((void *)geneve, ports->geneve, sizeof(ports->geneve));
}

/* ---- init ------------------------------------------------------------------------ */

/* Load verdict.bpf.c; it shares the maps of the capture program. */
static int load_verdict(struct wf_kernel_maps *maps, const struct wf_kernel_maps_opts *opts)
{
	int hot_fd = bpf_object__find_map_fd_by_name(opts->object, "weft_hot_flows");
	int err;

	maps->verdict = verdict_bpf__open();
	if (!maps->verdict)
		return explain(-errno);
	memcpy((void *)&maps->verdict->rodata->weft_secret, opts->secret, sizeof(*opts->secret));
	maps->verdict->rodata->weft_handshake_slots = opts->handshakes;
	maps->verdict->rodata->weft_hot_cpus = opts->hot_cpus;
	maps->verdict->rodata->weft_hot_slots = opts->hot_slots;
	err = bpf_map__reuse_fd(maps->verdict->maps.weft_flows, maps->flows_fd);
	if (!err)
		err = bpf_map__reuse_fd(maps->verdict->maps.weft_handshakes, maps->handshakes_fd);
	if (!err)
		err = bpf_map__reuse_fd(maps->verdict->maps.weft_hot_flows, hot_fd);
	return err ? explain(err) : wf_bpf_load(maps->verdict->skeleton);
}

static int init_hot(struct wf_kernel_maps *maps, const struct wf_kernel_maps_opts *opts)
{
	const struct wf_hot_maps hot = {
		.counts_fd = maps->counts_fd,
		.move_fd = bpf_program__fd(maps->verdict->progs.weft_move),
		.epoch = maps->hot_epoch,
		.cpus_count = opts->hot_cpus,
		.slots = opts->hot_slots,
	};

	return explain(wf_hot_flows_init(&maps->hot, &hot));
}

static int set_filter(struct wf_kernel_maps *maps, const struct weft_interface_opts *wanted)
{
	uint64_t word;
	int err = wf_filter_maps_init(&maps->filter);

	if (!err)
		err = wf_kernel_maps_prepare_filter(maps, wanted, &word);
	if (!err)
		wf_kernel_maps_switch_filter(maps, word, 0);
	return explain(err);
}

int wf_kernel_maps_init(struct wf_kernel_maps *maps, const struct wf_kernel_maps_opts *opts)
{
	const struct bpf_object *object = opts->object;
	int err;

	maps->flows_fd = bpf_object__find_map_fd_by_name(object, "weft_flows");
	maps->handshakes_fd = bpf_object__find_map_fd_by_name(object, "weft_handshakes");
	maps->counts_fd = bpf_object__find_map_fd_by_name(object, "weft_counts");
	maps->filter = (struct wf_filter_maps){
		.filter_fd = bpf_object__find_map_fd_by_name(object, "weft_filter"),
		.ports_fd = bpf_object__find_map_fd_by_name(object, "weft_ports"),
		.allow_fd = bpf_object__find_map_fd_by_name(object, "weft_allow"),
		.deny_fd = bpf_object__find_map_fd_by_name(object, "weft_deny"),
	};
	maps->hot_epoch = opts->hot_epoch;
	maps->shed_below = opts->shed_below;
	maps->policy = opts->policy;
	maps->samples = opts->samples;
	err = set_filter(maps, opts->filter);
	if (!err)
		err = load_verdict(maps, opts);
	if (!err)
		err = init_hot(maps, opts);
	return err;
}

void wf_kernel_maps_fini(struct wf_kernel_maps *maps)
{
	wf_hot_flows_fini(&maps->hot);
	verdict_bpf__destroy(maps->verdict);
	maps->verdict = NULL;
	wf_filter_maps_fini(&maps->filter);
}

int wf_kernel_maps_pin(const struct wf_kernel_maps *maps, const struct wf_pins *pins)
{
	int err = wf_pins_add(pins, "flows", maps->flows_fd);

	if (!err)
		err = wf_pins_add(pins, "handshakes", maps->handshakes_fd);
	if (!err)
		err = wf_pins_add(pins, "counts", maps->counts_fd);
	if (!err)
		err = wf_pins_add(pins, "filter", maps->filter.filter_fd);
	if (!err)
		err = wf_pins_add(pins, "ports", maps->filter.ports_fd);
	if (!err)
		err = wf_pins_add(pins, "allow", maps->filter.allow_fd);
	if (!err)
		err = wf_pins_add(pins, "deny", maps->filter.deny_fd);
	return err;
}

/* ---- while the program runs ------------------------------------------------------ */

int wf_kernel_maps_prepare_filter(const struct wf_kernel_maps *maps,
				  const struct weft_interface_opts *wanted, uint64_t *ret_word)
{
	return wf_filter_maps_prepare(&maps->filter, wanted, ret_word);
}

void wf_kernel_maps_switch_filter(const struct wf_kernel_maps *maps, uint64_t word, uint32_t policy)
{
	wf_filter_maps_switch(&maps->filter, word);
	/*
	 * A flow that has a hot-flow slot was tested by the old filter only. All programs now use
	 * the new filter. The change of the epoch makes them ignore older slots, so a flow gets a
	 * slot again only after the new filter has accepted it.
	 */
	__atomic_fetch_add(maps->hot_epoch, 2, __ATOMIC_SEQ_CST);
	/* Afterwards each program that runs has begun in the new epoch. */
	wf_grace_wait();
	__atomic_store_n(maps->policy, policy, __ATOMIC_SEQ_CST);
}

static int run_verdict(const struct wf_kernel_maps *maps, struct weft_verdict_request *request)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = request, .ctx_size_in = sizeof(*request));
	int err = bpf_prog_test_run_opts(bpf_program__fd(maps->verdict->progs.weft_set_verdict),
					 &opts);

	return err ? err : (int)opts.retval;
}

int wf_kernel_maps_set_verdict(const struct wf_kernel_maps *maps,
			       struct weft_verdict_request *request)
{
	int done = run_verdict(maps, request);
	const uint16_t was[2] = {request->verdict[0], request->verdict[1]};

	/*
	 * LOOK_AGAIN: the verdicts are set, but the counters were moved while the program read
	 * them. Read the counters again.
	 */
	for (unsigned int i = 0; done == WEFT_VERDICT_LOOK_AGAIN && i < LOOKS_MAX; i++) {
		if (i)
			sched_yield();
		request->verdict[0] = request->verdict[1] = WEFT_VERDICT_KEEP;
		done = run_verdict(maps, request);
	}
	request->verdict[0] = was[0];
	request->verdict[1] = was[1];
	if (done < 0)
		return done;
	if (done == WEFT_VERDICT_LOOK_AGAIN)
		return -EAGAIN;
	return done == WEFT_VERDICT_DONE ? 0 : -ENOENT;
}

int wf_kernel_maps_move_hot(struct wf_kernel_maps *maps)
{
	return wf_hot_flows_move(&maps->hot);
}

void wf_kernel_maps_set_shed(const struct wf_kernel_maps *maps, uint32_t below)
{
	__atomic_store_n(maps->shed_below, below, __ATOMIC_RELAXED);
}

void wf_kernel_maps_stats_add(const struct wf_kernel_maps *maps, struct wf_metrics *sum)
{
	struct weft_kernel_counts counts;

	if (wf_maps_sum_percpu(maps->counts_fd, sizeof(struct weft_cpu), (uint64_t *)&counts,
			       sizeof(counts) / 8))
		return;
#define X_KERNEL(role, field, name, family, labels, help) wf_metric_add(sum, name, counts.field);
#include "bpf/counters.def"
}
