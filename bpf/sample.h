/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sample.h - keeps the first bytes of some frames without TCP for user space.
 *
 * All CPUs share the samples. If two CPUs write the same sample at once, it holds bytes of both
 * frames. This is harmless, because user space checks each header.
 */
#ifndef WEFT_BPF_SAMPLE_H
#define WEFT_BPF_SAMPLE_H

#include <bpf/bpf_helpers.h>

#include "bpf/shared.h"

struct weft_sample weft_samples[WEFT_SAMPLES];

/*
 * Return 1 if the frame is to be kept. @passed: number of frames without TCP on this CPU before
 * this one.
 */
static __always_inline int sample_is_due(__u64 passed)
{
	return passed % WEFT_SAMPLE_EVERY == 0;
}

/*
 * Return the sample to overwrite with the frame. @passed: as in sample_is_due(). This function does
 * not return NULL for a frame that is not to be kept: the verifier of Linux 6.1 would lose track of
 * such a pointer.
 */
static __always_inline struct weft_sample *sample_for(__u64 passed)
{
	return &weft_samples[passed / WEFT_SAMPLE_EVERY % WEFT_SAMPLES];
}

/*
 * Minimum length of a frame that is kept. The comparison with it shows the verifier of Linux 6.1
 * that the length is not 0; this verifier does not conclude it from "!= 0".
 */
#define SAMPLE_BYTES_MIN 14

/*
 * Return the number of bytes of a frame of @frame_bytes that a sample holds. The comparison shows
 * the verifier the limit.
 */
static __always_inline __u32 sample_bytes(__u32 frame_bytes)
{
	return frame_bytes < sizeof(((struct weft_sample *)0)->bytes)
		       ? frame_bytes
		       : (__u32)sizeof(((struct weft_sample *)0)->bytes);
}

#endif
