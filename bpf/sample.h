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

/* Return whether the frame that is number @passed of this CPU is kept. */
static __always_inline int sample_is_due(__u64 passed)
{
	return passed % WEFT_SAMPLE_EVERY == 0;
}

/*
 * Return the sample for the frame that is number @passed. Not one function that returns NULL for
 * other frames: the verifier of Linux 6.1 loses track of such a pointer.
 */
static __always_inline struct weft_sample *sample_for(__u64 passed)
{
	return &weft_samples[passed / WEFT_SAMPLE_EVERY % WEFT_SAMPLES];
}

/*
 * A shorter frame is not kept. The comparison also shows the verifier of Linux 6.1 that a length is
 * not 0, which it does not learn from "!= 0".
 */
#define SAMPLE_BYTES_MIN 14

/* Return how many bytes of a frame of @frame_bytes a sample holds; the verifier sees the limit. */
static __always_inline __u32 sample_bytes(__u32 frame_bytes)
{
	return frame_bytes < sizeof(((struct weft_sample *)0)->bytes)
		       ? frame_bytes
		       : (__u32)sizeof(((struct weft_sample *)0)->bytes);
}

#endif
