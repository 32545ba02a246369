/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * xdp_rig.h - runs single frames through the steering program, which is loaded but not attached.
 *
 * Needs root: tests call skip() if xdp_rig_open() returns false. A test run of
 * the kernel reports that the program returns a redirect, and does not redirect the frame.
 */
#ifndef TESTS_UNIT_SUPPORT_XDP_RIG_H
#define TESTS_UNIT_SUPPORT_XDP_RIG_H

#include <stdbool.h>
#include <stdint.h>

#include "bpf/shared.h"
#include "capture/live/xdp_attach.h"
#include "unit/support/packet_builder.h"

enum {
	XDP_RIG_WORKERS_MAX = 8,
	XDP_RIG_PASS = 2
}; /* value of XDP_PASS; <linux/bpf.h> conflicts with libpcap's headers */

struct xdp_rig {
	struct wf_xdp xdp;
	int sockets[XDP_RIG_WORKERS_MAX];
	uint32_t sockets_count; /* number of socket slots of the only queue */

	/* results for the latest frame */
	uint32_t action; /* enum xdp_action */
	bool has_meta;
	struct weft_frame_meta meta;
	struct weft_kernel_counts counts; /* counters of all frames so far */
};

/*
 * @opts: NULL selects all defaults. The hash secret is decode_secret. Return: false if the process
 * may not load BPF programs.
 */
bool xdp_rig_open(struct xdp_rig *rig, uint32_t workers, const struct wf_xdp_opts *opts);
void xdp_rig_close(struct xdp_rig *rig);

/*
 * Run one frame of 14 bytes or more; assert that it was counted once. Return: true if it was
 * steered.
 */
bool xdp_rig_run(struct xdp_rig *rig, const uint8_t *bytes, uint32_t len);
bool xdp_rig_run_built(struct xdp_rig *rig, const struct packet_builder *pb);

/* Run a segment with @flags and @len bytes of data. Return: true if it was steered. */
bool xdp_rig_segment(struct xdp_rig *rig, const char *src, uint16_t src_port, const char *dst,
		     uint16_t dst_port, uint16_t flags, uint32_t len);

/*
 * Read the flow's entry, after the counts of all CPUs were moved to it. Return: false if there is
 * no entry.
 */
bool xdp_rig_flow(struct xdp_rig *rig, const struct weft_flow_key *key,
		  struct weft_flow_value *ret_value);

#endif
