/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kernel_try.h - tests whether this kernel has a feature.
 *
 * A feature is tried, not inferred from the version: vendors add features to old releases, and
 * some kernels are built without one. Nothing stays attached or loaded. Thread: any.
 */
#ifndef WF_CAPTURE_KERNEL_TRY_H
#define WF_CAPTURE_KERNEL_TRY_H

enum wf_kernel_feature {
#define X(id, name, since, is_required, without) WF_KERNEL_##id,
#include "capture/host/kernel.def"
#undef X
	WF_KERNEL_FEATURE_COUNT,
};

/*
 * Try @feature. Return: 0 if it is present; -EPERM if it can't be tried without more privileges;
 * other negative errno if it is absent.
 */
int wf_kernel_try(enum wf_kernel_feature feature);

#endif
