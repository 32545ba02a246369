// SPDX-License-Identifier: BSD-2-Clause
/* kernel_features.c - the table of kernel features, and the check before live capture starts. */
#include "capture/host/kernel_features.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/log.h"

static const struct wf_kernel_feature_row rows[] = {
#define X(id, name, since, is_required, without) {name, since, is_required, without},
#include "capture/host/kernel.def"
#undef X
};

const struct wf_kernel_feature_row *wf_kernel_feature_row(enum wf_kernel_feature feature)
{
	return &rows[feature];
}

bool wf_kernel_is(const char *release, const char *oldest)
{
	unsigned int major = 0, minor = 0, oldest_major = 0, oldest_minor = 0;

	sscanf(release, "%u.%u", &major, &minor);
	sscanf(oldest, "%u.%u", &oldest_major, &oldest_minor);
	return major > oldest_major || (major == oldest_major && minor >= oldest_minor);
}

bool wf_kernel_has(enum wf_kernel_feature feature)
{
	int err = wf_kernel_try(feature);
	struct utsname name;

	if (err != -EPERM)
		return !err;
	uname(&name);
	return wf_kernel_is(name.release, rows[feature].since);
}

void wf_kernel_too_old(const char *release, char *buf, size_t buf_bytes)
{
	unsigned int major = 0, minor = 0;

	sscanf(release, "%u.%u", &major, &minor);
	snprintf(buf, buf_bytes, "Linux " WF_KERNEL_OLDEST " or newer is needed (this is %u.%u)",
		 major, minor);
}

int wf_kernel_check(void)
{
	struct utsname name;
	char message[96];

	uname(&name);
	if (!wf_kernel_is(name.release, WF_KERNEL_OLDEST)) {
		wf_kernel_too_old(name.release, message, sizeof(message));
		wf_error("%s", message);
		return -EOPNOTSUPP;
	}
	for (int i = 0; i < WF_KERNEL_FEATURE_COUNT; i++) {
		int err;

		if (!rows[i].is_required)
			continue;
		err = wf_kernel_try((enum wf_kernel_feature)i);
		if (err && err != -EPERM) {
			wf_error("capture: this kernel lacks %s (%s), which Linux %s and newer "
				 "have unless it was disabled when the kernel was built",
				 rows[i].name, strerror(-err), rows[i].since);
			return -EOPNOTSUPP;
		}
	}
	return 0;
}
