// SPDX-License-Identifier: BSD-2-Clause
/* probe_host.c - reads facts about the host and its kernel. */
#include <linux/magic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "capture/host/probe.h"
#include "capture/host/probe_internal.h"

/* Return the number in a one-line file; -1 if it can't be read. */
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

static void probe_features(struct wf_probe *probe, const char *release)
{
	for (int i = 0; i < WF_KERNEL_FEATURE_COUNT; i++) {
		enum wf_kernel_feature feature = (enum wf_kernel_feature)i;

		wf_probe_judge_feature(probe, wf_kernel_feature_row(feature),
				       wf_kernel_try(feature), release);
	}
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
		.jit = (int)read_number("/proc/sys/net/core/bpf_jit_enable"),
		.is_root = geteuid() == 0,
		.memlock_bytes = memlock_bytes(),
		.huge_pages = huge > 0 ? (uint32_t)huge : 0,
		.cpus = (uint32_t)get_nprocs(),
		.memory_bytes = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE),
	};

	uname(&name);
	wf_probe_judge_kernel(&probe, &facts);
	wf_probe_judge_host(&probe, &facts);
	wf_probe_report(
		&probe, "filters", WEFT_PROBE_OK,
		"ports, prefixes and sampling are checked in the kernel, expressions in user "
		"space");
	probe_features(&probe, name.release);
}
