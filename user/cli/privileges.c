// SPDX-License-Identifier: BSD-2-Clause
/*
 * privileges.c - checks the effective capabilities and the user namespace, so that what is missing
 * is reported before anything is opened. The kernel enforces them in any case; this check only
 * improves the message.
 */
#include "cli/privileges.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static uint64_t effective_caps(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {{0}, {0}};

	if (syscall(SYS_capget, &header, data))
		return 0;
	return data[0].effective | (uint64_t)data[1].effective << 32;
}

/* Each required capability, and a capability that includes it; -1: there is none. */
static const struct {
	const char *name;
	int cap;
	int instead;
} capabilities[] = {
	{"CAP_NET_ADMIN", CAP_NET_ADMIN, -1}, /* attaching programs */
	{"CAP_NET_RAW", CAP_NET_RAW, -1},     /* AF_XDP sockets */
	{"CAP_BPF", CAP_BPF, CAP_SYS_ADMIN},
	/* Without CAP_PERFMON, the verifier rejects the programs' arithmetic on packet pointers. */
	{"CAP_PERFMON", CAP_PERFMON, CAP_SYS_ADMIN},
	/* The UMEM, which is all memory that weft may use, is locked memory. */
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
 * Return true if this process is in a user namespace other than that of the host, which maps all
 * user ids to themselves.
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
	uint64_t caps = effective_caps();
	size_t used = 0;

	buf[0] = 0;
	for (size_t i = 0; i < sizeof(capabilities) / sizeof(capabilities[0]) && used < buf_bytes;
	     i++) {
		if (has(caps, capabilities[i].cap) || has(caps, capabilities[i].instead) ||
		    (capabilities[i].cap == CAP_IPC_LOCK && may_lock(locked_bytes)))
			continue;
		used += (size_t)snprintf(buf + used, buf_bytes - used, "%s%s", used ? ", " : "",
					 capabilities[i].name);
	}
	return used;
}

int wf_privileges_check(uint64_t locked_bytes, char *buf, size_t buf_bytes)
{
	char missing[128];

	if (list_missing(locked_bytes, missing, sizeof(missing))) {
		snprintf(buf, buf_bytes,
			 "capabilities missing: %s; run as root (sudo weft run ...), or give them "
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
