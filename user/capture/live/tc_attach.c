// SPDX-License-Identifier: BSD-2-Clause
/*
 * tc_attach.c - loads, pins, attaches and detaches host.bpf.c, and makes its ring buffers.
 *
 * The rings are elements of outer maps, which keep them alive. Neither the program nor these maps
 * are pinned, so the rings are freed when the process ends; but if the process is killed and used
 * tc filters, only when these filters are removed.
 */
#include "capture/live/tc_attach.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "bpf/shared.h"
#include "capture/live/bpf_load.h"
#include "capture/live/pins.h"
#include "capture/ring/host_ring.h"
#include "capture/source.h"
#include "skel/host.skel.h"

enum {
	PAGE_BYTES = 4096,
	RING_FIXED_BYTES = 4 * PAGE_BYTES, /* pages of the ring's descriptor and positions */
	/*
	 * bytes per page of data: page pointers and page table entries of both mappings, in kernel
	 * and user space
	 */
	PAGE_RECORD_BYTES = 6 * sizeof(uint64_t),
};

void wf_tc_init(struct wf_tc *tc, int ifindex, enum weft_tc_attach attach)
{
	memset(tc, 0, sizeof(*tc));
	wf_tc_hook_init(&tc->hook, ifindex, attach);
}

/* Return the size of a worker's first ring beside an overflow ring of @ring_bytes. */
static uint64_t first_ring_bytes(uint64_t ring_bytes)
{
	uint64_t bytes = ring_bytes / WEFT_HOST_FIRST_RING_PARTS;

	return bytes < WEFT_HOST_FIRST_RING_BYTES ? bytes : (uint64_t)WEFT_HOST_FIRST_RING_BYTES;
}

static uint64_t one_ring_bytes(uint64_t bytes)
{
	return bytes + bytes / PAGE_BYTES * PAGE_RECORD_BYTES + RING_FIXED_BYTES;
}

uint64_t wf_tc_rings_bytes(uint32_t workers, uint64_t ring_bytes)
{
	return workers *
	       (one_ring_bytes(ring_bytes) + one_ring_bytes(first_ring_bytes(ring_bytes)));
}

enum weft_link wf_tc_link(const struct wf_tc *tc)
{
	return (enum weft_link)tc->skel->rodata->weft_link;
}

static int explain(int err)
{
	if (err)
		wf_error("capture: can't prepare the tc program: %s", strerror(-err));
	return err;
}

/* Make a ring, and store it in the outer map @rings. Return: its descriptor, or negative errno. */
static int make_ring(const struct bpf_map *rings, uint32_t worker, uint64_t bytes)
{
	int fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "weft_ring", 0, 0, (uint32_t)bytes, NULL);
	int err;

	if (fd >= 0 && !bpf_map_update_elem(bpf_map__fd(rings), &worker, &fd, BPF_ANY))
		return fd;
	err = -errno;
	wf_error("capture: can't make the ring buffer of worker %u (%llu KiB): %s", worker,
		 (unsigned long long)bytes >> 10, strerror(-err));
	if (fd >= 0)
		close(fd);
	return err;
}

/* Make the rings of @worker, and open their source. */
static int make_rings(struct wf_tc *tc, uint32_t worker, uint64_t ring_bytes)
{
	struct wf_host_ring_opts opts = {
		.first_bytes = first_ring_bytes(ring_bytes),
		.overflow_bytes = ring_bytes,
		.lag_ns = wf_clock_tick_ns(),
	};
	int err;

	opts.first_fd = make_ring(tc->skel->maps.weft_rings, worker, opts.first_bytes);
	if (opts.first_fd < 0)
		return opts.first_fd;
	opts.overflow_fd =
		make_ring(tc->skel->maps.weft_overflow_rings, worker, opts.overflow_bytes);
	if (opts.overflow_fd < 0) {
		close(opts.first_fd);
		return opts.overflow_fd;
	}
	err = wf_host_ring_open(&opts, &tc->rings[worker]);
	close(opts.first_fd);
	close(opts.overflow_fd);
	return err;
}

/* Set the size of the maps that have one element for each worker. */
static int size_worker_maps(const struct host_bpf *skel, uint32_t workers)
{
	struct bpf_map *const maps[] = {skel->maps.weft_rings, skel->maps.weft_overflow_rings,
					skel->maps.weft_overflowed, skel->maps.weft_ring_full};
	int err = 0;

	for (size_t i = 0; !err && i < sizeof(maps) / sizeof(maps[0]); i++)
		err = bpf_map__set_max_entries(maps[i], workers);
	return err;
}

static int set_up(struct host_bpf *skel, const struct wf_tc *tc, const struct wf_tc_opts *opts)
{
	struct wf_map_sizes sizes;
	int err;

	memcpy((void *)&skel->rodata->weft_secret, opts->secret, sizeof(*opts->secret));
	wf_kernel_ports_set(skel->rodata->weft_vxlan_ports, skel->rodata->weft_geneve_ports,
			    opts->tunnel_ports);
	skel->rodata->weft_ignore_vlan = opts->ignore_vlan;
	skel->rodata->weft_workers = opts->workers;
	skel->rodata->weft_needs_heartbeat = tc->hook.by_filter;
	skel->rodata->weft_link = opts->link;
	skel->rodata->weft_link_bytes = opts->link == WEFT_LINK_ETHERNET ? ETH_HLEN : 0;
	skel->rodata->weft_sends_all = opts->is_loopback;
	err = size_worker_maps(skel, opts->workers);
	if (!err)
		err = wf_kernel_maps_resize(skel->obj, &opts->maps, &sizes);
	if (!err) {
		skel->rodata->weft_handshake_slots = sizes.handshakes;
		skel->rodata->weft_hot_cpus = sizes.hot_cpus;
		skel->rodata->weft_hot_slots = sizes.hot_slots;
	}
	return err;
}

static int init_maps(struct wf_tc *tc, const struct wf_tc_opts *opts)
{
	const struct wf_kernel_maps_opts maps = {
		.object = tc->skel->obj,
		.hot_epoch = &tc->skel->bss->weft_hot_epoch,
		.shed_below = &tc->skel->bss->weft_shed_below,
		.policy = &tc->skel->bss->weft_policy,
		.samples = tc->skel->bss->weft_samples,
		.handshakes = tc->skel->rodata->weft_handshake_slots,
		.hot_cpus = tc->skel->rodata->weft_hot_cpus,
		.hot_slots = tc->skel->rodata->weft_hot_slots,
		.secret = opts->secret,
		.filter = opts->iface,
	};

	return wf_kernel_maps_init(&tc->maps, &maps);
}

int wf_tc_load(struct wf_tc *tc, const struct wf_tc_opts *opts)
{
	int err;

	tc->skel = host_bpf__open();
	if (!tc->skel)
		return explain(-errno);
	err = explain(set_up(tc->skel, tc, opts));
	if (!err)
		err = wf_bpf_load(tc->skel->skeleton);
	if (!err)
		err = init_maps(tc, opts);
	tc->workers = opts->workers;
	for (uint32_t worker = 0; !err && worker < opts->workers; worker++)
		err = make_rings(tc, worker, opts->ring_bytes);
	if (err)
		wf_tc_close(tc);
	return err;
}

int wf_tc_pin(const struct wf_tc *tc, const struct wf_pins *pins)
{
	int err = wf_pins_add(pins, "ring_full", bpf_map__fd(tc->skel->maps.weft_ring_full));

	return err ? err : wf_kernel_maps_pin(&tc->maps, pins);
}

struct wf_source *wf_tc_source(const struct wf_tc *tc, uint32_t worker)
{
	return wf_host_ring_source(tc->rings[worker]);
}

int wf_tc_attach(struct wf_tc *tc, const char *ifname, int ifindex, bool is_loopback)
{
	wf_tc_beat(tc);
	return wf_tc_hook_attach(&tc->hook, bpf_program__fd(tc->skel->progs.weft_host), ifname,
				 ifindex, !is_loopback);
}

void wf_tc_beat(const struct wf_tc *tc)
{
	if (tc->skel)
		__atomic_store_n(&tc->skel->bss->weft_heartbeat_ns, wf_clock_monotonic_ns(),
				 __ATOMIC_RELAXED);
}

void wf_tc_detach(struct wf_tc *tc)
{
	wf_tc_hook_detach(&tc->hook);
}

void wf_tc_load_read(const struct wf_tc *tc, uint32_t worker, struct wf_tc_load *ret_load)
{
	struct wf_host_ring_counts counts;

	memset(ret_load, 0, sizeof(*ret_load));
	bpf_map_lookup_elem(bpf_map__fd(tc->skel->maps.weft_ring_full), &worker,
			    &ret_load->full_frames);
	wf_host_ring_counts(tc->rings[worker], &counts);
	ret_load->received_frames = counts.received_frames;
	ret_load->invalid_frames = counts.invalid_frames;
	ret_load->fill_percent = wf_host_ring_fill_percent(tc->rings[worker]);
}

void wf_tc_close(struct wf_tc *tc)
{
	wf_tc_detach(tc);
	for (uint32_t worker = 0; worker < tc->workers; worker++) {
		struct wf_host_ring *ring = tc->rings[worker];
		struct wf_source *source = ring ? wf_host_ring_source(ring) : NULL;

		if (source)
			source->ops->close(source);
		tc->rings[worker] = NULL;
	}
	tc->workers = 0;
	wf_kernel_maps_fini(&tc->maps);
	host_bpf__destroy(tc->skel);
	tc->skel = NULL;
}
