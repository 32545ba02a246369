// SPDX-License-Identifier: BSD-2-Clause
#include "unit/support/xdp_rig.h"

#include "unit/support/cmocka.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "capture/maps/maps.h"
#include "skel/steer.skel.h"
#include "unit/support/decode_kinds.h"

static void open_sockets(struct xdp_rig *rig)
{
	for (uint32_t worker = 0; worker < rig->sockets_count; worker++) {
		rig->sockets[worker] = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);
		assert_true(rig->sockets[worker] >= 0);
		assert_int_equal(wf_xdp_set_socket(&rig->xdp, worker, rig->sockets[worker]), 0);
	}
}

bool xdp_rig_open(struct xdp_rig *rig, uint32_t workers, const struct wf_xdp_opts *opts)
{
	static const struct weft_interface_opts no_filter = {.sz = sizeof(no_filter)};
	struct wf_xdp_opts all = {.frame_max_bytes = UINT32_MAX};

	memset(rig, 0, sizeof(*rig));
	if (geteuid() != 0)
		return false;
	if (opts)
		all = *opts;
	if (!all.iface)
		all.iface = &no_filter;
	if (!all.frame_max_bytes)
		all.frame_max_bytes = UINT32_MAX;
	all.secret = &decode_secret;
	all.workers = workers;
	all.queues = 1;
	rig->sockets_count = all.by_queue ? 1 : workers;
	rig->xdp.link_fd = -1;
	assert_int_equal(wf_xdp_load(&rig->xdp, &all), 0);
	open_sockets(rig);
	return true;
}

void xdp_rig_close(struct xdp_rig *rig)
{
	for (uint32_t i = 0; i < rig->sockets_count && rig->xdp.skel; i++)
		close(rig->sockets[i]);
	wf_xdp_unload(&rig->xdp);
}

static void read_counts(struct xdp_rig *rig)
{
	assert_int_equal(wf_maps_sum_percpu(bpf_map__fd(rig->xdp.skel->maps.weft_counts),
					    sizeof(struct weft_cpu), (uint64_t *)&rig->counts,
					    sizeof(rig->counts) / 8),
			 0);
	assert_int_equal(rig->counts.seen, rig->counts.passed + rig->counts.filtered +
						   rig->counts.shunted + rig->counts.shed +
						   rig->counts.unsteered + rig->counts.steered);
}

bool xdp_rig_run(struct xdp_rig *rig, const uint8_t *bytes, uint32_t len)
{
	static uint8_t out[PB_BYTES_MAX];
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = bytes, .data_size_in = len, .data_out = out,
		    .data_size_out = sizeof(out), .repeat = 1);
	uint64_t seen = rig->counts.seen, steered = rig->counts.steered;
	int err = bpf_prog_test_run_opts(bpf_program__fd(rig->xdp.skel->progs.weft_steer), &opts);

	assert_int_equal(err, 0);
	rig->action = opts.retval;
	rig->has_meta = opts.data_size_out == len + sizeof(rig->meta);
	if (rig->has_meta) {
		memcpy(&rig->meta, out, sizeof(rig->meta));
		assert_memory_equal(out + sizeof(rig->meta), bytes, len);
	} else {
		assert_int_equal(opts.data_size_out, len);
		assert_memory_equal(out, bytes, len);
	}
	read_counts(rig);
	assert_int_equal(rig->counts.seen, seen + 1);
	assert_int_equal(rig->action == XDP_REDIRECT, rig->counts.steered == steered + 1);
	return rig->action == XDP_REDIRECT;
}

bool xdp_rig_run_built(struct xdp_rig *rig, const struct packet_builder *pb)
{
	return xdp_rig_run(rig, pb->bytes, (uint32_t)pb->len_bytes);
}

bool xdp_rig_segment(struct xdp_rig *rig, const char *src, uint16_t src_port, const char *dst,
		     uint16_t dst_port, uint16_t flags, uint32_t len)
{
	static struct packet_builder pb;
	const struct pb_tcp tcp = {.src_port = src_port, .dst_port = dst_port, .flags = flags};

	pb_segment(&pb, src, dst, &tcp, NULL, len);
	return xdp_rig_run_built(rig, &pb);
}

bool xdp_rig_flow(struct xdp_rig *rig, const struct weft_flow_key *key,
		  struct weft_flow_value *ret_value)
{
	assert_int_equal(wf_kernel_maps_move_hot(&rig->xdp.maps), 0);
	return !bpf_map_lookup_elem(bpf_map__fd(rig->xdp.skel->maps.weft_flows), key, ret_value);
}
