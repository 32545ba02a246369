// SPDX-License-Identifier: BSD-2-Clause
/*
 * privileges.c - checks the effective capabilities and the user namespace, so that missing rights
 * are reported before anything is opened. The kernel rejects a process without the capabilities in
 * any case; this check only gives a better message.
 */
#include "cli/privileges.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/resource.h>

#include "agent/privileges/drop.h"

/* Each required capability, and another one that suffices instead; -1: no other one suffices. */
static const struct {
	const char *name;
	int cap;
	int instead;
} required[] = {
	{"CAP_NET_ADMIN", CAP_NET_ADMIN, -1}, /* to attach programs */
	{"CAP_NET_RAW", CAP_NET_RAW, -1},     /* to open AF_XDP sockets */
	{"CAP_BPF", CAP_BPF, CAP_SYS_ADMIN},
	/* Without CAP_PERFMON, the verifier rejects the programs' arithmetic on packet pointers. */
	{"CAP_PERFMON", CAP_PERFMON, CAP_SYS_ADMIN},
	/* In tap mode, the UMEM is all memory that weft may use, and the kernel locks it. */
	{"CAP_IPC_LOCK", CAP_IPC_LOCK, -1},
};

static bool has(uint64_t caps, int cap)
{
	return cap >= 0 && caps >> cap & 1;
}

/* Return true if RLIMIT_MEMLOCK allows @bytes, so that CAP_IPC_LOCK is not needed. */
static bool may_lock(uint64_t bytes)
{
	struct rlimit limit;

	return !getrlimit(RLIMIT_MEMLOCK, &limit) && limit.rlim_cur >= bytes;
}

/*
 * Return true if this process is in a user namespace other than that of the host. The host's
 * namespace maps all user ids to themselves.
 */
static bool in_user_namespace(void)
{
	unsigned int inside = 0;
	unsigned int outside = 0;
	unsigned int count = UINT32_MAX;
	FILE *map = fopen("/proc/self/uid_map", "re");

	if (!map)
		return false;
	if (fscanf(map, "%u %u %u", &inside, &outside, &count) != 3)
		count = UINT32_MAX;
	fclose(map);
	return inside || outside || count != UINT32_MAX;
}

/* Write the names of missing capabilities to @buf. Return: false if there are none. */
static bool list_missing(uint64_t locked_bytes, char *buf, size_t buf_bytes)
{
	uint64_t caps = wf_capabilities_now();
	size_t used = 0;

	buf[0] = 0;
	for (size_t i = 0; i < sizeof(required) / sizeof(required[0]) && used < buf_bytes; i++) {
		if (has(caps, required[i].cap) || has(caps, required[i].instead) ||
		    (required[i].cap == CAP_IPC_LOCK && may_lock(locked_bytes)))
			continue;
		used += (size_t)snprintf(buf + used, buf_bytes - used, "%s%s", used ? ", " : "",
					 required[i].name);
	}
	return used;
}

int wf_privileges_check(uint64_t locked_bytes, char *buf, size_t buf_bytes)
{
	char missing[128];

	if (list_missing(locked_bytes, missing, sizeof(missing))) {
		snprintf(buf, buf_bytes,
			 "capabilities missing: %s; run weft as root, or give them "
			 "to the program: setcap cap_net_admin,cap_net_raw,cap_bpf,cap_perfmon,"
			 "cap_ipc_lock+ep $(command -v weft); in a container: docker run --cap-add "
			 "NAME for each, in Kubernetes securityContext.capabilities.add",
			 missing);
		return -EPERM;
	}
	if (in_user_namespace()) {
		snprintf(buf, buf_bytes,
			 "this process is in a user namespace (a rootless or unprivileged "
			 "container), in which no capability allows XDP and BPF programs; run weft "
			 "on the host, or in a container without a user namespace (docker run "
			 "--userns=host)");
		return -EPERM;
	}
	return 0;
}
