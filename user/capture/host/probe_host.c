// SPDX-License-Identifier: BSD-2-Clause
/*
 * probe_host.c - kernel and host. What can be tried without a trace is tried: programs are
 * loaded, sockets and maps opened, and closed again.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "capture/hook/tc_hook.h"
#include "capture/host/probe.h"
#include "capture/host/probe_internal.h"

#ifndef AF_XDP
#define AF_XDP 44
#endif

enum { LOOPBACK_IFINDEX = 1 };

/* The number in a one-line file, or -1. */
static long long read_number(const char *path)
{
	FILE *file = fopen(path, "re");
	long long value = -1;

	if (!file)
		return -1;
	if (fscanf(file, "%lld", &value) != 1)
		value = -1;
	fclose(file);
	return value;
}

static void probe_program(struct wf_probe *probe, const char *name, enum bpf_prog_type type)
{
	/* r0 = 2 (XDP_PASS); exit */
	static const struct bpf_insn insns[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 2},
		{.code = BPF_JMP | BPF_EXIT},
	};
	int fd = bpf_prog_load(type, "weft_probe", "GPL", insns, 2, NULL);

	if (fd >= 0) {
		close(fd);
		wf_probe_tell(probe, name, WEFT_PROBE_OK, "programs can be loaded");
		return;
	}
	wf_probe_advise(probe, fd == -EPERM ? "run as root, or with CAP_BPF and CAP_NET_ADMIN"
					    : "a kernel with CONFIG_BPF_SYSCALL is needed");
	wf_probe_tell(probe, name, WEFT_PROBE_FAIL, "programs can't be loaded: %s", strerror(-fd));
}

static void probe_af_xdp(struct wf_probe *probe)
{
	int fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd >= 0) {
		close(fd);
		wf_probe_tell(probe, "af_xdp", WEFT_PROBE_OK, "sockets can be opened");
		return;
	}
	wf_probe_advise(probe, errno == EPERM ? "run as root, or with CAP_NET_RAW"
					      : "a kernel with CONFIG_XDP_SOCKETS is needed");
	wf_probe_tell(probe, "af_xdp", WEFT_PROBE_FAIL, "sockets can't be opened: %s",
		      strerror(errno));
}

static void probe_tcx(struct wf_probe *probe)
{
	int err = wf_tcx_query(LOOPBACK_IFINDEX);

	if (!err) {
		wf_probe_tell(probe, "tcx", WEFT_PROBE_OK, "host mode detaches by itself");
		return;
	}
	wf_probe_advise(
		probe, err == -EPERM ? "run as root to see"
				     : "Linux 6.6 has them; before, host mode attaches tc filters, "
				       "which do nothing after a kill -9 and go at the next start");
	wf_probe_tell(probe, "tcx", WEFT_PROBE_WARN, "no tcx links: %s", strerror(-err));
}

static bool has_bpffs(void)
{
	struct statfs fs;

	return !statfs("/sys/fs/bpf", &fs) && (unsigned long)fs.f_type == BPF_FS_MAGIC;
}

static uint64_t memlock_bytes(void)
{
	struct rlimit limit = {0};

	getrlimit(RLIMIT_MEMLOCK, &limit);
	return limit.rlim_cur == RLIM_INFINITY ? UINT64_MAX : limit.rlim_cur;
}

void wf_probe_host(weft_probe_fn fn, void *ctx)
{
	long long huge = read_number("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages");
	struct wf_probe probe = {.fn = fn, .ctx = ctx};
	struct utsname name;
	struct wf_probe_host_facts facts = {
		.release = name.release,
		.machine = name.machine,
		.has_bpffs = has_bpffs(),
		.has_btf = !access("/sys/kernel/btf/vmlinux", R_OK),
		.jit = (int)read_number("/proc/sys/net/core/bpf_jit_enable"),
		.is_root = geteuid() == 0,
		.memlock_bytes = memlock_bytes(),
		.huge_pages = huge > 0 ? (uint32_t)huge : 0,
		.cpus = (uint32_t)get_nprocs(),
		.memory_bytes = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE),
	};

	uname(&name);
	wf_probe_judge_kernel(&probe, &facts);
	probe_program(&probe, "xdp", BPF_PROG_TYPE_XDP);
	probe_program(&probe, "tc", BPF_PROG_TYPE_SCHED_CLS);
	probe_af_xdp(&probe);
	probe_tcx(&probe);
	wf_probe_judge_host(&probe, &facts);
	wf_probe_tell(&probe, "filters", WEFT_PROBE_OK,
		      "ports, prefixes and sampling are checked in XDP, expressions in user space");
}
