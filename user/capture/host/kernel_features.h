/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kernel_features.h - what weft uses of the kernel, and whether this kernel has it.. Thread: any.
 */
#ifndef WF_CAPTURE_KERNEL_FEATURES_H
#define WF_CAPTURE_KERNEL_FEATURES_H

#include <stdbool.h>
#include <stddef.h>

#include "capture/host/kernel_try.h"

/** struct wf_kernel_feature_row - see kernel.def */
struct wf_kernel_feature_row {
	const char *name;
	const char *since;
	bool is_required;
	const char *without;
};

const struct wf_kernel_feature_row *wf_kernel_feature_row(enum wf_kernel_feature feature);

/* As tried; by this kernel's version where that is not permitted. */
bool wf_kernel_has(enum wf_kernel_feature feature);

/* Is @release (of uname(), "6.1.0-13-amd64") at least @oldest ("6.6")? */
bool wf_kernel_is(const char *release, const char *oldest);

/* Writes that a newer kernel than @release is needed. */
void wf_kernel_too_old(const char *release, char *buf, size_t buf_bytes);

/*
 * Can this kernel run live capture? Return: 0; -EOPNOTSUPP: it is too old, or lacks a required
 * feature; logged in one line.
 */
int wf_kernel_check(void);

#endif
