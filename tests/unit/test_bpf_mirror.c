// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_bpf_mirror.c - the tc program of host mode and the agent's heartbeat: without a recent
 * heartbeat the program does not touch any packet. Needs root to load the program; skipped
 * otherwise.
 */
#include "unit/support/test.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/pkt_cls.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "bpf/shared.h"
#include "capture/maps/maps.h"
#include "skel/mirror.skel.h"
#include "unit/support/packet_builder.h"

static struct mirror_bpf *skel;

static int teardown(void **state)
{
	mirror_bpf__destroy(skel);
	skel = NULL;
	return 0;
}

static bool load(bool needs_heartbeat)
{
	if (geteuid() != 0)
		return false;
	skel = mirror_bpf__open();
	assert_non_null(skel);
	skel->rodata->weft_needs_heartbeat = needs_heartbeat;
	assert_int_equal(mirror_bpf__load(skel), 0);
	return true;
}

/* Runs one TCP segment. The clone's redirect fails, because it has no target interface. */
static struct weft_mirror_counts run(void)
{
	static struct packet_builder pb;
	const struct pb_tcp tcp = {.src_port = 1000, .dst_port = 80, .flags = 0x10};
	struct weft_mirror_counts counts;
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = pb.bytes, .repeat = 1);

	pb_segment(&pb, "10.0.0.1", "10.0.0.2", &tcp, NULL, 5);
	opts.data_size_in = (uint32_t)pb.len_bytes;
	assert_int_equal(bpf_prog_test_run_opts(bpf_program__fd(skel->progs.weft_mirror), &opts),
			 0);
	assert_int_equal((int)opts.retval, TC_ACT_UNSPEC);
	assert_int_equal(wf_maps_sum_percpu(bpf_map__fd(skel->maps.weft_mirror_counts),
					    sizeof(counts), (uint64_t *)&counts,
					    sizeof(counts) / 8),
			 0);
	assert_int_equal(counts.seen,
			 counts.unwanted + counts.cloned + counts.failed + counts.stale);
	return counts;
}

TEST_WITH(mirror_without_a_heartbeat_looks_at_nothing, NULL, teardown)
{
	if (!load(true))
		skip();
	assert_int_equal(run().stale, 1);
}

TEST_WITH(mirror_with_a_fresh_heartbeat_works, NULL, teardown)
{
	if (!load(true))
		skip();
	skel->bss->weft_heartbeat_ns = wf_clock_monotonic_ns();
	assert_int_equal(run().failed, 1);
}

TEST_WITH(mirror_with_an_old_heartbeat_looks_at_nothing_until_the_next, NULL, teardown)
{
	if (!load(true))
		skip();
	/*
	 * Half a second of margin: a virtual machine's coarse clock stands still while the machine
	 * is paused.
	 */
	skel->bss->weft_heartbeat_ns =
		wf_clock_monotonic_ns() - WEFT_HEARTBEAT_STALE_NS - WF_NS_PER_SEC / 2;
	assert_int_equal(run().stale, 1);
	skel->bss->weft_heartbeat_ns = wf_clock_monotonic_ns();
	assert_int_equal(run().failed, 1);
}

TEST_WITH(mirror_that_a_link_holds_needs_no_heartbeat, NULL, teardown)
{
	if (!load(false))
		skip();
	assert_int_equal(run().failed, 1);
}
