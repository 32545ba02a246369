// SPDX-License-Identifier: BSD-2-Clause
#include "unit/support/host_rig.h"

#include "unit/support/cmocka.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <string.h>
#include <unistd.h>

#include "capture/maps/maps.h"
#include "capture/source.h"
#include "skel/host.skel.h"
#include "unit/support/decode_kinds.h"

enum { LOOPBACK_IFINDEX = 1, RING_BYTES = 1 << 20 };

static bool open_rig(struct host_rig *rig, uint32_t workers, const struct wf_tc_opts *opts,
		     enum weft_tc_attach attach)
{
	static const struct weft_interface_opts no_filter = {.sz = sizeof(no_filter)};
	struct wf_tc_opts all = {.link = WEFT_LINK_ETHERNET};

	memset(rig, 0, sizeof(*rig));
	if (geteuid() != 0)
		return false;
	if (opts)
		all = *opts;
	if (!all.iface)
		all.iface = &no_filter;
	if (!all.ring_bytes)
		all.ring_bytes = RING_BYTES;
	all.secret = &decode_secret;
	all.workers = workers;
	wf_tc_init(&rig->tc, LOOPBACK_IFINDEX, attach);
	assert_int_equal(wf_tc_load(&rig->tc, &all), 0);
	return true;
}

bool host_rig_open(struct host_rig *rig, uint32_t workers, const struct wf_tc_opts *opts)
{
	return open_rig(rig, workers, opts, WEFT_TC_ATTACH_TCX);
}

bool host_rig_open_filter(struct host_rig *rig)
{
	return open_rig(rig, 1, NULL, WEFT_TC_ATTACH_FILTER);
}

void host_rig_close(struct host_rig *rig)
{
	wf_tc_close(&rig->tc);
}

static void read_counts(struct host_rig *rig)
{
	struct weft_kernel_counts *counts = &rig->counts;

	assert_int_equal(wf_maps_sum_percpu(bpf_map__fd(rig->tc.skel->maps.weft_counts),
					    sizeof(struct weft_cpu), (uint64_t *)counts,
					    sizeof(*counts) / 8),
			 0);
	assert_int_equal(counts->seen, counts->passed + counts->filtered + counts->shunted +
					       counts->shed + counts->ring_full + counts->failed +
					       counts->stale + counts->copied);
}

/* Return: true if the packet was copied. */
static bool run(struct host_rig *rig, const uint8_t *bytes, uint32_t len)
{
	struct __sk_buff ctx = {
		.ifindex = LOOPBACK_IFINDEX,
		.ingress_ifindex = rig->is_received ? LOOPBACK_IFINDEX : 0,
		.gso_size = rig->gso_bytes,
		.gso_segs = rig->gso_bytes ? 2 : 0,
	};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = bytes, .data_size_in = len, .ctx_in = &ctx,
		    .ctx_size_in = sizeof(ctx), .repeat = 1);
	uint64_t seen = rig->counts.seen, copied = rig->counts.copied;

	assert_int_equal(
		bpf_prog_test_run_opts(bpf_program__fd(rig->tc.skel->progs.weft_host), &opts), 0);
	assert_int_equal((int)opts.retval, TC_ACT_UNSPEC);
	read_counts(rig);
	assert_int_equal(rig->counts.seen, seen + 1);
	return rig->counts.copied != copied;
}

/* Takes the only frame that is in a ring. Return: false if there is none. */
static bool take(struct host_rig *rig)
{
	struct wf_frame frames[2];
	int count = 0;

	for (uint32_t worker = 0; worker < rig->tc.workers; worker++) {
		struct wf_source *source = wf_tc_source(&rig->tc, worker);
		int taken = source->ops->recv(source, frames, 2);

		assert_in_range(taken, 0, 1);
		if (taken) {
			rig->frame = frames[0];
			rig->worker = worker;
		}
		count += taken;
		source->ops->done(source);
	}
	assert_in_range(count, 0, 1);
	return count;
}

bool host_rig_run(struct host_rig *rig, const uint8_t *bytes, uint32_t len)
{
	bool copied = run(rig, bytes, len);

	rig->is_copied = take(rig);
	assert_int_equal(rig->is_copied, copied);
	if (!copied)
		return false;
	assert_int_equal(rig->frame.cap_bytes, len);
	assert_int_equal(rig->frame.wire_bytes, len);
	assert_memory_equal(rig->frame.bytes, bytes, len);
	return true;
}

bool host_rig_run_built(struct host_rig *rig, const struct packet_builder *pb)
{
	return host_rig_run(rig, pb->bytes, (uint32_t)pb->len_bytes);
}

static const struct packet_builder *build_segment(uint32_t len)
{
	static struct packet_builder pb;
	const struct pb_tcp tcp = {.src_port = 1000, .dst_port = 80, .flags = 0x10};

	pb_segment(&pb, "10.0.0.1", "10.0.0.2", &tcp, NULL, len);
	return &pb;
}

bool host_rig_segment(struct host_rig *rig, uint32_t len)
{
	return host_rig_run_built(rig, build_segment(len));
}

bool host_rig_segment_unread(struct host_rig *rig, uint32_t len)
{
	const struct packet_builder *pb = build_segment(len);

	return run(rig, pb->bytes, (uint32_t)pb->len_bytes);
}
