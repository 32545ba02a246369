// SPDX-License-Identifier: BSD-2-Clause
/*
 * probe_host.c - kernel and host. What can be tried without a trace is tried: programs are
 * loaded, sockets and maps opened, and closed again.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/magic.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "capture/probe.h"
#include "capture/probe_internal.h"

#ifndef AF_XDP
#define AF_XDP 44
#endif

enum { TCX_INGRESS = 46, LOOPBACK_IFINDEX = 1 };

void wf_probe_tell(struct wf_probe *probe, const char *name, enum weft_probe_status status,
		   const char *format, ...)
{
	char found[256];
	struct weft_probe finding = {.name = name, .status = status, .found = found};
	va_list args;

	va_start(args, format);
	vsnprintf(found, sizeof(found), format, args);
	va_end(args);
	finding.advice = status == WEFT_PROBE_OK ? "" : probe->advice;
	probe->fn(&finding, probe->ctx);
	probe->advice[0] = '\0';
}

void wf_probe_advise(struct wf_probe *probe, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(probe->advice, sizeof(probe->advice), format, args);
	va_end(args);
}

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

static void probe_kernel(struct wf_probe *probe)
{
	enum weft_probe_status status = WEFT_PROBE_OK;
	struct utsname name;
	unsigned major = 0;
	unsigned minor = 0;

	uname(&name);
	sscanf(name.release, "%u.%u", &major, &minor);
	if (major * 100 + minor < 510)
		status = WEFT_PROBE_FAIL; /* AF_XDP sockets that share a fill ring */
	else if (major * 100 + minor < 606)
		status = WEFT_PROBE_WARN;
	wf_probe_advise(probe, status == WEFT_PROBE_FAIL
				       ? "Linux 5.10 or later is needed"
				       : "Linux 6.6 has multi-buffer AF_XDP and tcx links");
	wf_probe_tell(probe, "kernel", status, "Linux %s, %s", name.release, name.machine);
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
	union bpf_attr attr = {0};

	/* Lists the programs on loopback: the kernel must know the hook for that. */
	attr.query.target_fd = LOOPBACK_IFINDEX; /* in a union with target_ifindex */
	attr.query.attach_type = TCX_INGRESS;
	if (!syscall(SYS_bpf, BPF_PROG_QUERY, &attr, sizeof(attr)) || errno == ENOSPC) {
		wf_probe_tell(probe, "tcx", WEFT_PROBE_OK, "host mode detaches by itself");
		return;
	}
	wf_probe_advise(probe, errno == EPERM
				       ? "run as root to see"
				       : "before Linux 6.6 host mode uses tc filters, which stay "
					 "after kill -9 until the next start");
	wf_probe_tell(probe, "tcx", WEFT_PROBE_WARN, "no tcx links: %s", strerror(errno));
}

static void probe_bpffs(struct wf_probe *probe)
{
	struct statfs fs;

	if (!statfs("/sys/fs/bpf", &fs) && (unsigned long)fs.f_type == BPF_FS_MAGIC) {
		wf_probe_tell(probe, "bpffs", WEFT_PROBE_OK, "mounted on /sys/fs/bpf");
		return;
	}
	wf_probe_advise(probe, "weft mounts it at start; by hand: mount -t bpf bpf /sys/fs/bpf");
	wf_probe_tell(probe, "bpffs", WEFT_PROBE_WARN, "not mounted on /sys/fs/bpf");
}

static void probe_btf(struct wf_probe *probe)
{
	if (!access("/sys/kernel/btf/vmlinux", R_OK)) {
		wf_probe_tell(probe, "btf", WEFT_PROBE_OK, "kernel types are there");
		return;
	}
	wf_probe_advise(probe, "weft needs none; CONFIG_DEBUG_INFO_BTF lets other tools see types");
	wf_probe_tell(probe, "btf", WEFT_PROBE_WARN, "no /sys/kernel/btf/vmlinux");
}

static void probe_jit(struct wf_probe *probe)
{
	long long enabled = read_number("/proc/sys/net/core/bpf_jit_enable");

	wf_probe_advise(probe, "sysctl -w net.core.bpf_jit_enable=1");
	if (enabled == 0)
		wf_probe_tell(probe, "bpf_jit", WEFT_PROBE_WARN, "off: programs are interpreted");
	else
		wf_probe_tell(probe, "bpf_jit", WEFT_PROBE_OK,
			      enabled > 0 ? "on" : "not adjustable here");
}

static void probe_memlock(struct wf_probe *probe)
{
	struct rlimit limit = {0};

	getrlimit(RLIMIT_MEMLOCK, &limit);
	if (limit.rlim_cur == RLIM_INFINITY || geteuid() == 0) {
		wf_probe_tell(probe, "memlock", WEFT_PROBE_OK,
			      limit.rlim_cur == RLIM_INFINITY ? "unlimited"
							      : "limited, but not for root");
		return;
	}
	wf_probe_advise(probe, "ulimit -l unlimited (systemd: LimitMEMLOCK=infinity)");
	wf_probe_tell(probe, "memlock", WEFT_PROBE_WARN,
		      "%llu KiB may be locked; frames are locked",
		      (unsigned long long)limit.rlim_cur / 1024);
}

static void probe_memory(struct wf_probe *probe)
{
	long long huge = read_number("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages");
	long pages = sysconf(_SC_PHYS_PAGES);
	long page_bytes = sysconf(_SC_PAGESIZE);

	wf_probe_tell(probe, "cpus", WEFT_PROBE_OK, "%d online, %.1f GiB of memory", get_nprocs(),
		      (double)pages * (double)page_bytes / (1 << 30));
	wf_probe_advise(probe, "sysctl -w vm.nr_hugepages=256 (for 512 MiB); weft works without");
	wf_probe_tell(probe, "huge_pages", huge > 0 ? WEFT_PROBE_OK : WEFT_PROBE_WARN,
		      "%lld free of 2 MiB", huge > 0 ? huge : 0);
}

void wf_probe_host(weft_probe_fn fn, void *ctx)
{
	struct wf_probe probe = {.fn = fn, .ctx = ctx};

	probe_kernel(&probe);
	probe_program(&probe, "xdp", BPF_PROG_TYPE_XDP);
	probe_program(&probe, "tc", BPF_PROG_TYPE_SCHED_CLS);
	probe_af_xdp(&probe);
	probe_tcx(&probe);
	probe_bpffs(&probe);
	probe_btf(&probe);
	probe_jit(&probe);
	probe_memlock(&probe);
	probe_memory(&probe);
}
