/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kernel_features.h - the kernel features that weft uses, and whether this kernel has them. Thread:
 * any.
 */
#ifndef WF_CAPTURE_KERNEL_FEATURES_H
#define WF_CAPTURE_KERNEL_FEATURES_H

#include <stdbool.h>
#include <stddef.h>

#include "capture/host/kernel_try.h"

/* One row of kernel.def. */
struct wf_kernel_feature_row {
	const char *name;
	const char *since;
	bool is_required;
	const char *without;
};

const struct wf_kernel_feature_row *wf_kernel_feature_row(enum wf_kernel_feature feature);

/*
 * Return true if this kernel has the feature. The function tries the feature; if permission is
 * missing, the kernel's version decides.
 */
bool wf_kernel_has(enum wf_kernel_feature feature);

/*
 * Return true if @release (from uname(), e.g. "6.1.0-13-amd64") is at least @oldest (e.g. "6.6").
 */
bool wf_kernel_is(const char *release, const char *oldest);

/* Write the message that says that @release is too old and names the oldest supported kernel. */
void wf_kernel_too_old(const char *release, char *buf, size_t buf_bytes);

/*
 * Check whether this kernel can run live capture. Return: 0 if it can; -EOPNOTSUPP if it is too old
 * or lacks a required feature. An error is logged in one line.
 */
int wf_kernel_check(void);

#endif
