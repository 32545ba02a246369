// SPDX-License-Identifier: BSD-2-Clause
/*
 * charges.c - charges the workers, BPF maps and rings of an engine as one sum, before any of them
 * is allocated. Other memory outside the arena's spans is charged by the code that allocates it;
 * headroom is left for it.
 *
 *   limit = tables + subscriptions + workers + maps + rings + headroom + the arena's spans
 *
 * In tap mode, the kernel allocates for each queue a record of every frame that the UMEM can hold.
 * The number of records grows with the number of spans, so spans and records are sized together
 * from the memory that the other parts leave.
 */
#include "engine/charges.h"

#include <errno.h>
#include <stdio.h>

#include "base/log.h"
#include "capture/live/iface_mode.h"
#include "capture/live/iface_cost.h"
#include "capture/live/tc_attach.h"
#include "engine/ifaces.h"
#include "memory/budget.h"
#include "worker/worker.h"
#include "senders/marks.h"
#include "splits/splits.h"

enum {
	HEADROOM_BYTES = 128 << 10,
	SUB_HEADROOM_BYTES = 8 << 10, /* reserve of each subscription, for its filter and lists */
	WORKER_HEADROOM_BYTES =
		64
		<< 10, /* reserve of each worker for its page pool, pipeline and fragment table */
};
#define MIB (1024.0 * 1024)

/* The memory that an engine needs outside its spans, and the minimum of span memory. */
struct bill {
	uint64_t tables_bytes;
	uint64_t subs_bytes;
	/*
	 * AF_XDP rings and ring buffers of host mode; wf_charges_take() adds the kernel's frame
	 * records
	 */
	uint64_t rings_bytes;
	uint64_t span_bytes; /* size of the kernel's frame records per span */
	uint64_t maps_bytes;
	uint64_t workers_bytes;
	uint64_t headroom_bytes;
	uint64_t least_bytes; /* minimum of span memory */
	uint32_t queues;
};

uint64_t wf_charges_headroom(uint32_t workers)
{
	return HEADROOM_BYTES + WEFT_SUBSCRIPTIONS_MAX * SUB_HEADROOM_BYTES +
	       (uint64_t)workers * WORKER_HEADROOM_BYTES;
}

/*
 * Choose the map sizes. Log if the flow maps are smaller than normal, because they then evict flows
 * sooner, and if there is no memory for hot-flow slots.
 */
static void choose_maps(const struct wf_charges_opts *opts, struct wf_map_sizes *maps)
{
	struct wf_map_wants wants = {
		.limit_bytes = opts->weft->memory_max_bytes,
		.flows_max = opts->weft->flows_max,
		.interfaces = opts->ifaces->count,
	};

	wf_iface_cpus(&wants.cpus);
	wf_map_sizes_choose(&wants, maps);
	if (maps->flows < WEFT_FLOW_MAP_ENTRIES)
		wf_info("memory: each kernel flow map has only %u entries, because of the limits "
			"of %llu MiB and %llu connections",
			maps->flows, (unsigned long long)wants.limit_bytes >> 20,
			(unsigned long long)wants.flows_max);
	if (maps->hot_cpus < wants.cpus)
		wf_info("memory: %u CPUs count segments directly in the flow map, which is slower: "
			"per-CPU counters do not fit in the limit of %llu MiB",
			wants.cpus, (unsigned long long)wants.limit_bytes >> 20);
}

static bool is_host(const struct wf_ifaces_entry *iface)
{
	return wf_iface_is_host(iface->name, iface->opts.mode);
}

/* Return each interface's share, in bytes, of the memory for the rings of host mode. */
static uint64_t share_host_rings(const struct wf_charges_opts *opts)
{
	uint64_t hosts = 0;

	for (uint32_t i = 0; i < opts->ifaces->count; i++)
		hosts += is_host(&opts->ifaces->list[i]);
	return opts->weft->memory_max_bytes / WEFT_HOST_RING_PARTS / (hosts ? hosts : 1);
}

static void add_host(const struct wf_charges_opts *opts, const struct wf_ifaces_entry *iface,
		     uint64_t most_bytes, struct bill *bill)
{
	uint32_t workers = opts->weft->workers;
	uint64_t wanted = wf_iface_host_ring_bytes(&iface->opts, workers, UINT64_MAX);
	uint64_t bytes = wf_iface_host_ring_bytes(&iface->opts, workers, most_bytes);

	bill->rings_bytes += wf_tc_rings_bytes(workers, bytes);
	if (iface->opts.host_ring_mb && bytes < wanted)
		wf_info("memory: %s: ring buffers of %llu KiB per worker instead of %llu, for a "
			"limit of %llu MiB (capture.host_ring_mb)",
			iface->name, (unsigned long long)bytes >> 10,
			(unsigned long long)wanted >> 10,
			(unsigned long long)opts->weft->memory_max_bytes >> 20);
}

static void add_tap(const struct wf_charges_opts *opts, const struct wf_ifaces_entry *iface,
		    uint32_t queues, uint32_t sockets, struct bill *bill)
{
	uint64_t span_bytes;

	bill->rings_bytes += wf_iface_ring_bytes(&iface->opts, queues, sockets, opts->weft->workers,
						 &span_bytes);
	bill->span_bytes += span_bytes;
	bill->queues += queues;
}

static void add_ifaces(const struct wf_charges_opts *opts, const struct wf_charges *charges,
		       struct bill *bill)
{
	uint32_t sockets = opts->by_queue ? 1 : opts->weft->workers; /* sockets per queue */
	uint32_t hot_cpus;
	uint32_t cpus = wf_iface_cpus(&hot_cpus);

	for (uint32_t i = 0; i < opts->ifaces->count; i++) {
		const struct wf_ifaces_entry *iface = &opts->ifaces->list[i];
		uint32_t queues = wf_iface_count_queues(iface->name, iface->opts.mode);

		if (is_host(iface))
			add_host(opts, iface, charges->host_rings_bytes, bill);
		else
			add_tap(opts, iface, queues, sockets, bill);
		bill->maps_bytes +=
			wf_map_sizes_bytes(&charges->maps, cpus, (queues ? queues : 1) * sockets);
	}
}

static void write_bill(const struct wf_charges_opts *opts, const struct wf_charges *charges,
		       struct bill *ret_bill)
{
	const struct wf_budget *budget = opts->budget;
	uint64_t workers = opts->weft->workers;

	*ret_bill = (struct bill){
		.tables_bytes = wf_budget_held(budget, WF_BUDGET_TABLES),
		.subs_bytes = wf_budget_held(budget, WF_BUDGET_QUEUES) +
			      wf_budget_held(budget, WF_BUDGET_RUNS),
		.workers_bytes = workers * sizeof(struct wf_worker) + sizeof(struct wf_marks) +
				 sizeof(struct wf_splits),
		.headroom_bytes = wf_charges_headroom(opts->weft->workers),
		.least_bytes = workers * WEFT_WORKER_MIN_MB << 20,
	};
	if (opts->ifaces->count)
		add_ifaces(opts, charges, ret_bill);
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

static int refuse(const struct wf_charges_opts *opts, const struct bill *bill)
{
	wf_error("memory: the limit of %.1f MiB is too small: %.1f for tables + %.1f for %u "
		 "subscriptions + %.1f for %u workers + %.1f for BPF maps of %u interfaces + %.1f "
		 "for ring buffers of host mode and AF_XDP rings of %u queues + %.1f in reserve + "
		 "at least %.1f for data = %.1f MiB; raise the limit",
		 (double)opts->weft->memory_max_bytes / MIB, (double)bill->tables_bytes / MIB,
		 (double)bill->subs_bytes / MIB, opts->subs_count,
		 (double)bill->workers_bytes / MIB, opts->weft->workers,
		 (double)bill->maps_bytes / MIB, opts->ifaces->count,
		 (double)least_rings(bill) / MIB, bill->queues, (double)bill->headroom_bytes / MIB,
		 (double)bill->least_bytes / MIB, (double)least_sum(bill) / MIB);
	return -ENOBUFS;
}

/*
 * Return the kernel memory for AF_XDP frame records, if all remaining memory is divided into spans
 * (WEFT_SPAN_BYTES each).
 */
static uint64_t records_bytes(const struct wf_charges_opts *opts, const struct bill *bill)
{
	uint64_t left = opts->weft->memory_max_bytes - bill->tables_bytes - bill->workers_bytes -
			bill->maps_bytes - bill->rings_bytes - bill->headroom_bytes;
	uint64_t spans = left / (WEFT_SPAN_BYTES + bill->span_bytes) + 1;

	return spans * bill->span_bytes;
}

static int charge(struct wf_charges *charges, enum wf_budget_owner owner, uint64_t bytes,
		  uint64_t *charged)
{
	int err = wf_budget_reserve(charges->budget, owner, bytes);

	if (!err)
		*charged += bytes;
	return err;
}

int wf_charges_take(struct wf_charges *charges, const struct wf_charges_opts *opts)
{
	bool has_ifaces = opts->ifaces->count;
	struct bill bill;
	int err;

	*charges = (struct wf_charges){.budget = opts->budget};
	if (has_ifaces) {
		choose_maps(opts, &charges->maps);
		charges->host_rings_bytes = share_host_rings(opts);
	}
	write_bill(opts, charges, &bill);
	if (has_ifaces && least_sum(&bill) > opts->weft->memory_max_bytes)
		return refuse(opts, &bill);
	if (has_ifaces)
		bill.rings_bytes += records_bytes(opts, &bill);
	err = charge(charges, WF_BUDGET_WORKERS, bill.workers_bytes, &charges->workers_bytes);
	if (!err)
		err = charge(charges, WF_BUDGET_MAPS, bill.maps_bytes, &charges->maps_bytes);
	if (!err)
		err = charge(charges, WF_BUDGET_RINGS, bill.rings_bytes, &charges->rings_bytes);
	if (err) {
		wf_charges_release(charges);
		return refuse(opts, &bill);
	}
	return 0;
}

int wf_charges_settle(struct wf_charges *charges, const struct wf_ifaces *ifaces)
{
	uint64_t *charged = &charges->maps_bytes;
	uint64_t bytes = 0;
	int err = 0;

	for (uint32_t i = 0; i < ifaces->count; i++)
		bytes += wf_iface_map_bytes(ifaces->list[i].iface);
	if (bytes > *charged)
		err = charge(charges, WF_BUDGET_MAPS, bytes - *charged, charged);
	if (err)
		wf_error("memory: BPF maps need %.1f MiB on this kernel, but only %.1f MiB are "
			 "reserved for them and the rest of the limit of %.1f MiB is in use; raise "
			 "--max-memory",
			 (double)bytes / MIB, (double)*charged / MIB,
			 (double)charges->budget->limit_bytes / MIB);
	return err;
}

void wf_charges_release(struct wf_charges *charges)
{
	if (!charges->budget)
		return;
	wf_budget_release(charges->budget, WF_BUDGET_WORKERS, charges->workers_bytes);
	wf_budget_release(charges->budget, WF_BUDGET_MAPS, charges->maps_bytes);
	wf_budget_release(charges->budget, WF_BUDGET_RINGS, charges->rings_bytes);
	charges->workers_bytes = charges->maps_bytes = charges->rings_bytes = 0;
}
