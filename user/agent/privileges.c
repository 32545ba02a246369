// SPDX-License-Identifier: BSD-2-Clause
/*
 * privileges.c - checks the effective capabilities, so that a missing one is reported before
 * anything is opened. The kernel enforces them in any case; this check only improves the message.
 */
#include "agent/privileges.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
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

static bool has(uint64_t caps, int cap)
{
	return caps >> cap & 1;
}

int wf_privileges_check(char *buf, size_t buf_bytes)
{
	uint64_t caps = effective_caps();
	bool admin = has(caps, CAP_NET_ADMIN);
	bool raw = has(caps, CAP_NET_RAW);
	bool bpf = has(caps, CAP_BPF) || has(caps, CAP_SYS_ADMIN);

	snprintf(buf, buf_bytes, "%s%s%s%s%s", admin ? "" : "CAP_NET_ADMIN",
		 !admin && !raw ? ", " : "", raw ? "" : "CAP_NET_RAW",
		 (!admin || !raw) && !bpf ? ", " : "", bpf ? "" : "CAP_BPF");
	return admin && raw && bpf ? 0 : -EPERM;
}
