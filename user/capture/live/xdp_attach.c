// SPDX-License-Identifier: BSD-2-Clause
/*
 * xdp_attach.c - loads, pins, attaches and detaches steer.bpf.c.
 *
 * The program is attached by a bpf_link, not by libxdp's dispatcher, which lets several programs
 * share an interface. libxdp attaches the dispatcher by netlink and pins its programs, so after a
 * kill of weft its program would stay attached. Some kernels also do not let root load the
 * dispatcher, because it replaces functions of a running program; libxdp 1.3 then attaches the one
 * program alone without a message. Host mode works beside other XDP programs: its tc programs see
 * the packets that an XDP program passes.
 */
#include "capture/live/xdp_attach.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <linux/membarrier.h>
#include <sched.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"
#include "bpf/shared.h"
#include "capture/live/bpf_load.h"
#include "capture/maps/filter_maps.h"
#include "capture/maps/maps.h"
#include "capture/live/pins.h"
#include "capture/host/xdp_other.h"
#include "metrics/metrics.h"
#include "skel/steer.skel.h"
#include "skel/verdict.skel.h"

/* Limit of retries: the scheduler may preempt a thread that moves counters several times. */
enum { LOOKS_MAX = 10000 };

static void set_rodata(struct steer_bpf *skel, const struct wf_xdp_opts *opts)
{
	memcpy((void *)&skel->rodata->weft_secret, opts->secret, sizeof(*opts->secret));
	skel->rodata->weft_workers = opts->workers;
	skel->rodata->weft_by_queue = opts->by_queue;
	skel->rodata->weft_frame_max_bytes = opts->frame_max_bytes;
	skel->rodata->weft_one_buffer = opts->one_buffer;
	if (opts->only_clones)
		skel->rodata->weft_otherwise = XDP_DROP;
	if (opts->own_mac) {
		skel->rodata->weft_has_own = 1;
		memcpy((void *)skel->rodata->weft_own_mac, opts->own_mac,
		       sizeof(skel->rodata->weft_own_mac));
	}
}

static struct wf_filter_maps filter_maps(const struct wf_xdp *xdp)
{
	return (struct wf_filter_maps){
		.filter_fd = bpf_map__fd(xdp->skel->maps.weft_filter),
		.ports_fd = bpf_map__fd(xdp->skel->maps.weft_ports),
		.allow_fd = bpf_map__fd(xdp->skel->maps.weft_allow),
		.deny_fd = bpf_map__fd(xdp->skel->maps.weft_deny),
	};
}

int wf_xdp_prepare_filter(const struct wf_xdp *xdp, const struct weft_interface_opts *wanted,
			  uint64_t *ret_word)
{
	const struct wf_filter_maps maps = filter_maps(xdp);

	return wf_filter_maps_prepare(&maps, wanted, ret_word);
}

int wf_xdp_switch_filter(const struct wf_xdp *xdp, uint64_t word)
{
	const struct wf_filter_maps maps = filter_maps(xdp);
	int err = wf_filter_maps_switch(&maps, word);

	/*
	 * A flow with a hot-flow slot has passed the old filter. From now on all programs use the
	 * new filter, so flows that take a slot after this change of the epoch have passed it.
	 */
	__atomic_fetch_add(&xdp->skel->bss->weft_hot_epoch, 2, __ATOMIC_SEQ_CST);
	return err;
}

static int set_filter(const struct wf_xdp *xdp, const struct weft_interface_opts *wanted)
{
	uint64_t word;
	int err = wf_xdp_prepare_filter(xdp, wanted, &word);

	return err ? err : wf_xdp_switch_filter(xdp, word);
}

static int explain(int err)
{
	if (err)
		wf_error("capture: can't prepare the XDP program: %s", strerror(-err));
	return err;
}

/* Load verdict.bpf.c with the maps of the steering program. */
static int load_verdict(struct wf_xdp *xdp, const struct weft_hash_secret *secret)
{
	int err;

	xdp->verdict = verdict_bpf__open();
	if (!xdp->verdict)
		return explain(-errno);
	memcpy((void *)&xdp->verdict->rodata->weft_secret, secret, sizeof(*secret));
	xdp->verdict->rodata->weft_hot_cpus = xdp->skel->rodata->weft_hot_cpus;
	err = bpf_map__reuse_fd(xdp->verdict->maps.weft_flows,
				bpf_map__fd(xdp->skel->maps.weft_flows));
	if (!err)
		err = bpf_map__reuse_fd(xdp->verdict->maps.weft_handshakes,
					bpf_map__fd(xdp->skel->maps.weft_handshakes));
	if (!err)
		err = bpf_map__reuse_fd(xdp->verdict->maps.weft_hot_flows,
					bpf_map__fd(xdp->skel->maps.weft_hot_flows));
	return err ? explain(err) : wf_bpf_load(xdp->verdict->skeleton);
}

static int init_hot(struct wf_xdp *xdp)
{
	const struct wf_hot_maps maps = {
		.counts_fd = bpf_map__fd(xdp->skel->maps.weft_counts),
		.move_fd = bpf_program__fd(xdp->verdict->progs.weft_move),
		.epoch = &xdp->skel->bss->weft_hot_epoch,
		.cpus_count = xdp->skel->rodata->weft_hot_cpus,
	};

	return wf_hot_flows_init(&xdp->hot, &maps);
}

/* Set the sizes of maps, which depend on this machine and on options. */
static int set_sizes(struct steer_bpf *skel, const struct wf_xdp_opts *opts)
{
	const struct wf_map_sizes largest = {
		.flows = WEFT_FLOW_MAP_ENTRIES,
		.handshakes = WEFT_HANDSHAKE_MAP_ENTRIES,
		.hot_cpus = wf_hot_flows_cpus(),
	};
	const struct wf_map_sizes *maps = opts->maps.flows ? &opts->maps : &largest;
	uint32_t cpus = maps->hot_cpus;
	uint32_t slots = opts->queues * (opts->by_queue ? 1 : opts->workers);
	int err = bpf_map__set_max_entries(skel->maps.weft_xsks, slots);

	skel->rodata->weft_hot_cpus = cpus;
	if (!err)
		err = bpf_map__set_max_entries(skel->maps.weft_flows, maps->flows);
	if (!err)
		err = bpf_map__set_max_entries(skel->maps.weft_handshakes, maps->handshakes);
	if (!err && cpus)
		err = bpf_map__set_max_entries(skel->maps.weft_hot_flows,
					       2 * WEFT_HOT_FLOWS * cpus);
	return err;
}

int wf_xdp_load(struct wf_xdp *xdp, const struct wf_xdp_opts *opts)
{
	int err;

	xdp->skel = steer_bpf__open();
	if (!xdp->skel)
		return explain(-errno);
	set_rodata(xdp->skel, opts);
	err = explain(set_sizes(xdp->skel, opts));
	if (!err)
		err = wf_bpf_load(xdp->skel->skeleton);
	if (!err)
		err = explain(set_filter(xdp, opts->iface));
	if (!err)
		err = load_verdict(xdp, opts->secret);
	if (!err)
		err = explain(init_hot(xdp));
	if (!err)
		return 0;
	wf_xdp_unload(xdp);
	return err;
}

int wf_xdp_pin(const struct wf_xdp *xdp, const struct wf_pins *pins)
{
	const struct steer_bpf *skel = xdp->skel;
	int err;

	err = wf_pins_add(pins, "steer", bpf_program__fd(skel->progs.weft_steer));
	if (!err)
		err = wf_pins_add(pins, "flows", bpf_map__fd(skel->maps.weft_flows));
	if (!err)
		err = wf_pins_add(pins, "handshakes", bpf_map__fd(skel->maps.weft_handshakes));
	if (!err)
		err = wf_pins_add(pins, "counts", bpf_map__fd(skel->maps.weft_counts));
	if (!err)
		err = wf_pins_add(pins, "xsks", bpf_map__fd(skel->maps.weft_xsks));
	if (!err)
		err = wf_pins_add(pins, "filter", bpf_map__fd(skel->maps.weft_filter));
	if (!err)
		err = wf_pins_add(pins, "ports", bpf_map__fd(skel->maps.weft_ports));
	if (!err)
		err = wf_pins_add(pins, "allow", bpf_map__fd(skel->maps.weft_allow));
	if (!err)
		err = wf_pins_add(pins, "deny", bpf_map__fd(skel->maps.weft_deny));
	return err;
}

int wf_xdp_set_socket(const struct wf_xdp *xdp, uint32_t slot, int fd)
{
	return bpf_map_update_elem(bpf_map__fd(xdp->skel->maps.weft_xsks), &slot, &fd, BPF_ANY);
}

static int run_verdict(const struct wf_xdp *xdp, struct weft_verdict_request *request)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = request, .ctx_size_in = sizeof(*request));
	int err = bpf_prog_test_run_opts(bpf_program__fd(xdp->verdict->progs.weft_set_verdict),
					 &opts);

	return err ? err : (int)opts.retval;
}

int wf_xdp_set_verdict(const struct wf_xdp *xdp, struct weft_verdict_request *request)
{
	int done = run_verdict(xdp, request);
	const uint16_t was[2] = {request->verdict[0], request->verdict[1]};

	/* The verdicts are set. A CPU moved counters during the read, so the read is repeated. */
	for (unsigned int i = 0; done == WEFT_VERDICT_LOOK_AGAIN && i < LOOKS_MAX; i++) {
		if (i)
			sched_yield();
		request->verdict[0] = request->verdict[1] = WEFT_VERDICT_KEEP;
		done = run_verdict(xdp, request);
	}
	request->verdict[0] = was[0];
	request->verdict[1] = was[1];
	if (done < 0)
		return done;
	if (done == WEFT_VERDICT_LOOK_AGAIN)
		return -EAGAIN;
	return done == WEFT_VERDICT_DONE ? 0 : -ENOENT;
}

int wf_xdp_move_hot(struct wf_xdp *xdp)
{
	return wf_hot_flows_move(&xdp->hot);
}

void wf_xdp_set_shed(const struct wf_xdp *xdp, uint32_t below)
{
	xdp->skel->bss->weft_shed_below = below;
}

static int attach_mode(int prog_fd, int ifindex, uint32_t flags)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = flags);
	int fd = bpf_link_create(prog_fd, ifindex, BPF_XDP, &opts);

	return fd < 0 ? -errno : fd;
}

/* Log the XDP program that is attached. Return: -EBUSY. */
static int explain_other(const char *ifname, int ifindex)
{
	struct wf_xdp_other other = {0};
	char advice[128];

	wf_xdp_other_find(ifindex, &other);
	wf_xdp_other_advise(&other, ifname, advice, sizeof(advice));
	wf_error("capture: %s: another XDP program is attached: %s (id %u); it is not replaced. "
		 "Detach it (%s), or use host mode, which can run together with it",
		 ifname, *other.name ? other.name : "an unnamed program", other.id, advice);
	return -EBUSY;
}

static bool is_taken(int err)
{
	return err == -EBUSY || err == -EEXIST;
}

static int attach_program(struct wf_xdp *xdp, int prog_fd, const char *ifname, int ifindex,
			  enum wf_xdp_mode mode)
{
	int fd = -EOPNOTSUPP;

	if (mode != WF_XDP_GENERIC)
		fd = attach_mode(prog_fd, ifindex, XDP_FLAGS_DRV_MODE);
	if (fd < 0 && !is_taken(fd) && mode != WF_XDP_NATIVE) {
		if (mode == WF_XDP_BEST)
			wf_warn("capture: %s: native XDP is not available (%s); generic XDP is "
				"used, which is slower",
				ifname, strerror(-fd));
		fd = attach_mode(prog_fd, ifindex, XDP_FLAGS_SKB_MODE);
		xdp->is_generic = true;
	}
	if (is_taken(fd))
		return explain_other(ifname, ifindex);
	if (fd < 0) {
		wf_error("capture: %s: can't attach XDP: %s", ifname, strerror(-fd));
		return fd;
	}
	xdp->link_fd = fd;
	return 0;
}

/* Load a program that passes every packet. A link can be updated from it to weft_steer. */
static int load_pass(void)
{
	static const struct bpf_insn insns[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = XDP_PASS},
		{.code = BPF_JMP | BPF_EXIT},
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_XDP,
		    .prog_flags = BPF_F_XDP_HAS_FRAGS);
	int fd = bpf_prog_load(BPF_PROG_TYPE_XDP, "weft_hold", "GPL", insns, 2, &opts);

	return fd < 0 ? -errno : fd;
}

int wf_xdp_hold(struct wf_xdp *xdp, const char *ifname, int ifindex, enum wf_xdp_mode mode)
{
	int prog_fd = load_pass();
	int err;

	if (prog_fd < 0)
		return explain(prog_fd);
	err = attach_program(xdp, prog_fd, ifname, ifindex, mode);
	close(prog_fd);
	return err;
}

int wf_xdp_attach(struct wf_xdp *xdp, const char *ifname, int ifindex, enum wf_xdp_mode mode)
{
	int prog_fd = bpf_program__fd(xdp->skel->progs.weft_steer);
	int err;

	if (xdp->link_fd < 0)
		return attach_program(xdp, prog_fd, ifname, ifindex, mode);
	if (!bpf_link_update(xdp->link_fd, prog_fd, NULL))
		return 0;
	err = -errno;
	wf_error("capture: %s: can't attach XDP: %s", ifname, strerror(-err));
	return err;
}

void wf_xdp_detach(struct wf_xdp *xdp)
{
	if (xdp->link_fd < 0)
		return;
	close(xdp->link_fd);
	xdp->link_fd = -1;
	/*
	 * Programs run in RCU read-side sections: after a grace period no program runs any more.
	 * The frames that it redirected are in the rings, because the flush is in the same section.
	 */
	syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
}

void wf_xdp_stats_add(const struct wf_xdp *xdp, struct wf_metrics *sum)
{
	struct weft_xdp_counts counts;

	if (wf_maps_sum_percpu(bpf_map__fd(xdp->skel->maps.weft_counts), sizeof(struct weft_cpu),
			       (uint64_t *)&counts, sizeof(counts) / 8))
		return;
#define X_XDP(role, field, name, family, labels, help) wf_metric_add(sum, name, counts.field);
#include "bpf/counters.def"
}

void wf_xdp_unload(struct wf_xdp *xdp)
{
	wf_xdp_detach(xdp);
	wf_hot_flows_fini(&xdp->hot);
	verdict_bpf__destroy(xdp->verdict);
	xdp->verdict = NULL;
	steer_bpf__destroy(xdp->skel);
	xdp->skel = NULL;
}
