// SPDX-License-Identifier: BSD-2-Clause
/*
 * kernel_try.c - tests one feature of the kernel by using it, without a lasting effect.
 *
 * A call that would change an interface is made with an argument for which it must fail. The errno
 * shows whether the kernel has the feature: a kernel with the feature fails at a later check than a
 * kernel without it.
 */
#include "capture/host/kernel_try.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <linux/if_xdp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "capture/hook/tc_hook.h"
#include "capture/host/xdp_features.h"

/* The headers of Debian 12 do not define this flag. */
#ifndef XDP_USE_SG
#define XDP_USE_SG (1 << 4)
#endif
#ifndef SO_PREFER_BUSY_POLL
#define SO_PREFER_BUSY_POLL 69
#endif

enum { LOOPBACK_IFINDEX = 1, NO_IFINDEX = 0x7fffffff };

/* Return -EPERM for -EACCES, which some calls return if a capability is missing; otherwise @err. */
static int permitted(int err)
{
	return err == -EACCES ? -EPERM : err;
}

static int load_program(enum bpf_prog_type type, uint32_t flags)
{
	/* program: r0 = 2 (XDP_PASS); exit */
	static const struct bpf_insn insns[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 2},
		{.code = BPF_JMP | BPF_EXIT},
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .prog_flags = flags);

	return bpf_prog_load(type, "weft_try", "GPL", insns, 2, &opts);
}

static int try_program(enum bpf_prog_type type, uint32_t flags)
{
	int fd = load_program(type, flags);

	if (fd < 0)
		return permitted(fd);
	close(fd);
	return 0;
}

/*
 * Try to attach a native XDP link to loopback, which has no native XDP: a kernel with XDP links
 * returns EOPNOTSUPP, an older kernel EINVAL.
 */
static int try_xdp_link(void)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = XDP_FLAGS_DRV_MODE);
	int program_fd = load_program(BPF_PROG_TYPE_XDP, 0);
	int link_fd;

	if (program_fd < 0)
		return permitted(program_fd);
	link_fd = bpf_link_create(program_fd, LOOPBACK_IFINDEX, BPF_XDP, &opts);
	close(program_fd);
	if (link_fd >= 0)
		close(link_fd);
	return link_fd == -EINVAL || link_fd == -EPERM ? link_fd : 0;
}

static int try_bpf_loop(void)
{
	int err = try_program(BPF_PROG_TYPE_SYSCALL, BPF_F_SLEEPABLE);
	int has;

	if (err)
		return err;
	has = libbpf_probe_bpf_helper(BPF_PROG_TYPE_SYSCALL, BPF_FUNC_loop, NULL);
	return has < 0 ? has : has ? 0 : -EOPNOTSUPP;
}

static int open_socket(void)
{
	int fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);

	return fd < 0 ? -errno : fd;
}

static int try_socket(void)
{
	int fd = open_socket();

	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

/*
 * Try to bind with @flag to an interface that does not exist. The kernel checks the flag first
 * (EINVAL), then the interface (ENODEV).
 */
static int try_bind_flag(uint16_t flag)
{
	const struct sockaddr_xdp address = {
		.sxdp_family = AF_XDP,
		.sxdp_flags = flag,
		.sxdp_ifindex = NO_IFINDEX,
	};
	int fd = open_socket();
	int err;

	if (fd < 0)
		return fd;
	err = bind(fd, (const struct sockaddr *)&address, sizeof(address)) ? -errno : 0;
	close(fd);
	return err == -ENODEV ? 0 : err;
}

static int try_busy_poll(void)
{
	int fd = open_socket();
	int on = 1;
	int err;

	if (fd < 0)
		return fd;
	err = setsockopt(fd, SOL_SOCKET, SO_PREFER_BUSY_POLL, &on, sizeof(on)) ? -errno : 0;
	close(fd);
	return err;
}

static int try_xdp_features(void)
{
	uint64_t features;

	return wf_xdp_features_read(LOOPBACK_IFINDEX, &features);
}

int wf_kernel_try(enum wf_kernel_feature feature)
{
	switch (feature) {
	case WF_KERNEL_XDP:
		return try_program(BPF_PROG_TYPE_XDP, 0);
	case WF_KERNEL_XDP_FRAGS:
		return try_program(BPF_PROG_TYPE_XDP, BPF_F_XDP_HAS_FRAGS);
	case WF_KERNEL_XDP_LINK:
		return try_xdp_link();
	case WF_KERNEL_BPF_LOOP:
		return try_bpf_loop();
	case WF_KERNEL_AF_XDP:
		return try_socket();
	case WF_KERNEL_NEED_WAKEUP:
		return try_bind_flag(XDP_USE_NEED_WAKEUP);
	case WF_KERNEL_ZERO_COPY:
		return try_bind_flag(XDP_ZEROCOPY);
	case WF_KERNEL_MULTI_BUFFER:
		return try_bind_flag(XDP_USE_SG);
	case WF_KERNEL_BUSY_POLL:
		return try_busy_poll();
	case WF_KERNEL_XDP_FEATURES:
		return try_xdp_features();
	case WF_KERNEL_TC:
		return try_program(BPF_PROG_TYPE_SCHED_CLS, 0);
	case WF_KERNEL_TCX:
		return wf_tcx_query(LOOPBACK_IFINDEX);
	case WF_KERNEL_BTF:
		return access("/sys/kernel/btf/vmlinux", R_OK) ? -errno : 0;
	case WF_KERNEL_FEATURE_COUNT:
		break;
	}
	return -EINVAL;
}
