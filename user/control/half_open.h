/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * half_open.h - reads how many half-open connections some addresses have begun, for
 * weft_half_open_read().
 *
 * Thread: any; calls are serialized.
 */
#ifndef WF_CONTROL_HALF_OPEN_H
#define WF_CONTROL_HALF_OPEN_H

#include <stddef.h>
#include <stdint.h>

struct wf_engine;

/* See weft_half_open_read(); @count is at most WEFT_HALF_OPEN_ADDRS_MAX. */
int wf_engine_half_open_read(struct wf_engine *engine, const uint8_t (*addrs)[16], size_t count,
			     uint32_t *ret_counts);

#endif
