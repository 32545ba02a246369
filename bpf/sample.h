/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sample.h - keeps the first bytes of some frames without TCP for user space.
 *
 * All CPUs share the samples. Two CPUs may write the same one; user space checks each header, so a
 * mixed sample only makes one sample useless. Only frames that are left to the host come here.
 */
#ifndef WEFT_BPF_SAMPLE_H
#define WEFT_BPF_SAMPLE_H

#include <bpf/bpf_helpers.h>

#include "bpf/shared.h"

struct weft_sample weft_samples[WEFT_SAMPLES];

/* Return the sample to be written for the frame that is number @passed of this CPU, or NULL. */
static __always_inline struct weft_sample *sample_due(__u64 passed)
{
	if (passed % WEFT_SAMPLE_EVERY)
		return 0;
	return &weft_samples[passed / WEFT_SAMPLE_EVERY % WEFT_SAMPLES];
}

/* Return how many bytes of a frame of @frame_bytes a sample holds; the verifier sees the limit. */
static __always_inline __u32 sample_bytes(__u32 frame_bytes)
{
	return frame_bytes < sizeof(((struct weft_sample *)0)->bytes)
		       ? frame_bytes
		       : (__u32)sizeof(((struct weft_sample *)0)->bytes);
}

#endif
