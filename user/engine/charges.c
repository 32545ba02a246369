// SPDX-License-Identifier: BSD-2-Clause
/*
 * charges.c - what an engine holds beside its arena: charged before any is made.
 *
 *   limit = tables + subscriptions + workers + maps + rings + headroom + the arena's spans
 *
 * For each queue the kernel keeps a record of every frame that could lie in the UMEM: bytes for
 * each span, so that rings and spans share what the others leave.
 */
#include "engine/charges.h"

#include <errno.h>
#include <stdio.h>

#include "base/log.h"
#include "capture/live/iface.h"
#include "capture/live/iface_cost.h"
#include "engine/engine_internal.h"
#include "memory/arena.h"
#include "memory/budget.h"

enum {
	HEADROOM_BYTES = 128 << 10,
	WORKER_HEADROOM_BYTES = 64 << 10, /* page pool, pipeline, table of fragments */
};
#define MIB (1024.0 * 1024)

/* All that an engine needs beside spans, and the least that these may be. */
struct bill {
	uint64_t tables_bytes;
	uint64_t subs_bytes;
	uint64_t rings_bytes; /* at least: without what follows the number of spans */
	uint64_t span_bytes;  /* ... for each span */
	uint64_t maps_bytes;
	uint64_t workers_bytes;
	uint64_t headroom_bytes;
	uint64_t least_bytes; /* of spans */
	uint32_t queues;
};

uint64_t wf_charges_headroom(const struct wf_engine *engine)
{
	return HEADROOM_BYTES + (uint64_t)engine->opts.workers * WORKER_HEADROOM_BYTES;
}

/* Flow maps that hold less than they could: say so, as old flows go from them sooner. */
static void choose_maps(struct wf_engine *engine)
{
	struct wf_map_sizes *maps = &engine->charges.maps;
	struct wf_map_wants wants = {
		.limit_bytes = engine->opts.memory_max_bytes,
		.flows_max = engine->opts.flows_max,
		.interfaces = engine->ifaces_count,
	};

	wf_iface_cpus(&wants.cpus);
	wf_map_sizes_choose(&wants, maps);
	if (maps->flows < WEFT_FLOW_MAP_ENTRIES)
		wf_info("memory: flow maps of %u connections, for a limit of %llu MiB and %llu "
			"connections",
			maps->flows, (unsigned long long)wants.limit_bytes >> 20,
			(unsigned long long)wants.flows_max);
	if (maps->hot_cpus < wants.cpus)
		wf_info("memory: %u CPUs count in the flow map itself, which is slower: their own "
			"slots would be too much for a limit of %llu MiB",
			wants.cpus, (unsigned long long)wants.limit_bytes >> 20);
}

static void add_ifaces(const struct wf_engine *engine, struct bill *bill)
{
	uint32_t workers = engine->opts.workers;
	uint32_t sockets = engine->by_queue ? 1 : workers; /* of each queue */
	uint32_t hot_cpus;
	uint32_t cpus = wf_iface_cpus(&hot_cpus);

	for (uint32_t i = 0; i < engine->ifaces_count; i++) {
		const struct wf_engine_iface *iface = &engine->ifaces[i];
		uint32_t queues = wf_iface_count_queues(iface->name, iface->opts.mode);
		uint64_t span_bytes;

		bill->rings_bytes +=
			wf_iface_ring_bytes(&iface->opts, queues, sockets, workers, &span_bytes);
		bill->span_bytes += span_bytes;
		bill->maps_bytes +=
			wf_map_sizes_bytes(&engine->charges.maps, cpus, queues * sockets);
		bill->queues += queues;
	}
}

static void write_bill(const struct wf_engine *engine, struct bill *ret_bill)
{
	const struct wf_budget *budget = wf_arena_budget(engine->arena);
	uint64_t workers = engine->opts.workers;

	*ret_bill = (struct bill){
		.tables_bytes = wf_budget_held(budget, WF_BUDGET_TABLES),
		.subs_bytes = wf_budget_held(budget, WF_BUDGET_QUEUES) +
			      wf_budget_held(budget, WF_BUDGET_RUNS),
		.workers_bytes = workers * sizeof(struct wf_worker),
		.headroom_bytes = wf_charges_headroom(engine),
		.least_bytes = workers * WEFT_WORKER_MIN_MB << 20,
	};
	if (engine->ifaces_count)
		add_ifaces(engine, ret_bill);
}

static uint64_t least_rings(const struct bill *bill)
{
	uint64_t spans_bytes = bill->subs_bytes + bill->least_bytes;

	return bill->rings_bytes + spans_bytes / WEFT_SPAN_BYTES * bill->span_bytes;
}

static uint64_t least_sum(const struct bill *bill)
{
	return bill->tables_bytes + bill->subs_bytes + bill->workers_bytes + bill->maps_bytes +
	       least_rings(bill) + bill->headroom_bytes + bill->least_bytes;
}

static int refuse(const struct wf_engine *engine, const struct bill *bill)
{
	wf_error("memory: %.1f MiB do not suffice: %.1f for tables + %.1f for %u subscriptions + "
		 "%.1f for %u workers + %.1f for BPF maps of %u interfaces + %.1f for AF_XDP "
		 "rings of %u queues + %.1f in reserve + %.1f at least for data = %.1f MiB; raise "
		 "the limit",
		 (double)engine->opts.memory_max_bytes / MIB, (double)bill->tables_bytes / MIB,
		 (double)bill->subs_bytes / MIB, engine->subs_count,
		 (double)bill->workers_bytes / MIB, engine->opts.workers,
		 (double)bill->maps_bytes / MIB, engine->ifaces_count,
		 (double)least_rings(bill) / MIB, bill->queues, (double)bill->headroom_bytes / MIB,
		 (double)bill->least_bytes / MIB, (double)least_sum(bill) / MIB);
	return -ENOBUFS;
}

/* What the kernel will keep of the frames, in as many spans as the rest leaves room for. */
static uint64_t records_bytes(const struct wf_engine *engine, const struct bill *bill)
{
	uint64_t left = engine->opts.memory_max_bytes - bill->tables_bytes - bill->workers_bytes -
			bill->maps_bytes - bill->rings_bytes - bill->headroom_bytes;
	uint64_t spans = left / (WEFT_SPAN_BYTES + bill->span_bytes) + 1;

	return spans * bill->span_bytes;
}

static int charge(struct wf_engine *engine, enum wf_budget_owner owner, uint64_t bytes,
		  uint64_t *charged)
{
	int err = wf_budget_reserve(wf_arena_budget(engine->arena), owner, bytes);

	if (!err)
		*charged += bytes;
	return err;
}

int wf_charges_take(struct wf_engine *engine)
{
	struct wf_charges *charges = &engine->charges;
	struct bill bill;
	int err;

	if (engine->ifaces_count)
		choose_maps(engine);
	write_bill(engine, &bill);
	if (engine->ifaces_count && least_sum(&bill) > engine->opts.memory_max_bytes)
		return refuse(engine, &bill);
	if (engine->ifaces_count)
		bill.rings_bytes += records_bytes(engine, &bill);
	err = charge(engine, WF_BUDGET_WORKERS, bill.workers_bytes, &charges->workers_bytes);
	if (!err)
		err = charge(engine, WF_BUDGET_MAPS, bill.maps_bytes, &charges->maps_bytes);
	if (!err)
		err = charge(engine, WF_BUDGET_RINGS, bill.rings_bytes, &charges->rings_bytes);
	if (err) {
		wf_charges_release(engine);
		return refuse(engine, &bill);
	}
	return 0;
}

int wf_charges_settle(struct wf_engine *engine)
{
	uint64_t *charged = &engine->charges.maps_bytes;
	uint64_t bytes = 0;
	int err = 0;

	for (uint32_t i = 0; i < engine->ifaces_count; i++)
		bytes += wf_iface_map_bytes(engine->ifaces[i].iface);
	if (bytes > *charged)
		err = charge(engine, WF_BUDGET_MAPS, bytes - *charged, charged);
	if (err)
		wf_error("memory: this kernel's BPF maps take %.1f MiB, %.1f were charged, and no "
			 "more is left of %.1f; raise the limit",
			 (double)bytes / MIB, (double)*charged / MIB,
			 (double)engine->opts.memory_max_bytes / MIB);
	return err;
}

void wf_charges_release(struct wf_engine *engine)
{
	struct wf_budget *budget = wf_arena_budget(engine->arena);
	struct wf_charges *charges = &engine->charges;

	wf_budget_release(budget, WF_BUDGET_WORKERS, charges->workers_bytes);
	wf_budget_release(budget, WF_BUDGET_MAPS, charges->maps_bytes);
	wf_budget_release(budget, WF_BUDGET_RINGS, charges->rings_bytes);
	charges->workers_bytes = charges->maps_bytes = charges->rings_bytes = 0;
}
