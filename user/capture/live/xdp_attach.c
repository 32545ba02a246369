// SPDX-License-Identifier: BSD-2-Clause
/*
 * xdp_attach.c - loads, pins, attaches and detaches steer.bpf.c.
 *
 * The program is attached by a bpf_link, not by libxdp's dispatcher, which lets several programs
 * share an interface. libxdp attaches the dispatcher by netlink and pins its programs, so weft's
 * program would stay attached after weft was killed. Some kernels also do not let root load the
 * dispatcher, because it replaces functions of a running program; libxdp 1.3 then attaches the
 * single program without the dispatcher and without a message. Host mode works together with other
 * XDP programs: its tc programs see the packets that an XDP program passes.
 */
#include "capture/live/xdp_attach.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <string.h>
#include <unistd.h>

#include "base/grace.h"
#include "base/log.h"
#include "bpf/shared.h"
#include "capture/live/bpf_load.h"
#include "capture/live/pins.h"
#include "capture/host/xdp_other.h"
#include "skel/steer.skel.h"

static void set_rodata(struct steer_bpf *skel, const struct wf_xdp_opts *opts)
{
	memcpy((void *)&skel->rodata->weft_secret, opts->secret, sizeof(*opts->secret));
	wf_kernel_ports_set(skel->rodata->weft_vxlan_ports, skel->rodata->weft_geneve_ports,
			    opts->tunnel_ports);
	skel->rodata->weft_ignore_vlan = opts->ignore_vlan;
	skel->rodata->weft_workers = opts->workers;
	skel->rodata->weft_by_queue = opts->by_queue;
	skel->rodata->weft_frame_max_bytes = opts->frame_max_bytes;
	skel->rodata->weft_one_buffer = opts->one_buffer;
}

static int explain(int err)
{
	if (err)
		wf_error("capture: can't prepare the XDP program: %s", strerror(-err));
	return err;
}

static int init_maps(struct wf_xdp *xdp, const struct wf_xdp_opts *opts)
{
	const struct wf_kernel_maps_opts maps = {
		.object = xdp->skel->obj,
		.hot_epoch = &xdp->skel->bss->weft_hot_epoch,
		.shed_below = &xdp->skel->bss->weft_shed_below,
		.policy = &xdp->skel->bss->weft_policy,
		.samples = xdp->skel->bss->weft_samples,
		.handshakes = xdp->skel->rodata->weft_handshake_slots,
		.hot_cpus = xdp->skel->rodata->weft_hot_cpus,
		.hot_slots = xdp->skel->rodata->weft_hot_slots,
		.secret = opts->secret,
		.filter = opts->iface,
	};

	return wf_kernel_maps_init(&xdp->maps, &maps);
}

/* Set the numbers of entries of maps, which depend on this machine and on options. */
static int set_sizes(struct steer_bpf *skel, const struct wf_xdp_opts *opts)
{
	uint32_t slots = opts->queues * (opts->by_queue ? 1 : opts->workers);
	struct wf_map_sizes sizes;
	int err = bpf_map__set_max_entries(skel->maps.weft_xsks, slots);

	if (!err)
		err = wf_kernel_maps_resize(skel->obj, &opts->maps, &sizes);
	if (!err) {
		skel->rodata->weft_handshake_slots = sizes.handshakes;
		skel->rodata->weft_hot_cpus = sizes.hot_cpus;
		skel->rodata->weft_hot_slots = sizes.hot_slots;
	}
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
		err = init_maps(xdp, opts);
	if (!err)
		return 0;
	wf_xdp_unload(xdp);
	return err;
}

int wf_xdp_pin(const struct wf_xdp *xdp, const struct wf_pins *pins)
{
	const struct steer_bpf *skel = xdp->skel;
	int err = wf_pins_add(pins, "steer", bpf_program__fd(skel->progs.weft_steer));

	if (!err)
		err = wf_pins_add(pins, "xsks", bpf_map__fd(skel->maps.weft_xsks));
	return err ? err : wf_kernel_maps_pin(&xdp->maps, pins);
}

int wf_xdp_set_socket(const struct wf_xdp *xdp, uint32_t slot, int fd)
{
	return bpf_map_update_elem(bpf_map__fd(xdp->skel->maps.weft_xsks), &slot, &fd, BPF_ANY);
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
	if (fd < 0 && !is_taken(fd)) {
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

int wf_xdp_attach(const struct wf_xdp *xdp, const char *ifname)
{
	int prog_fd = bpf_program__fd(xdp->skel->progs.weft_steer);
	int err;

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
	 * Afterwards no CPU runs the program. The frames that it redirected are then in the rings,
	 * because the kernel flushes them in the same RCU read-side section.
	 */
	wf_grace_wait();
}

void wf_xdp_unload(struct wf_xdp *xdp)
{
	wf_xdp_detach(xdp);
	wf_kernel_maps_fini(&xdp->maps);
	steer_bpf__destroy(xdp->skel);
	xdp->skel = NULL;
}
