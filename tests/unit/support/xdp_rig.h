/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * xdp_rig.h - the steering program, loaded but attached to nothing: frames in, verdicts out.
 *
 * Needs root: tests call skip() if xdp_rig_open() returns false. The sockets are not bound: a test
 * reads the redirect verdict, but no frame is redirected.
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
}; /* XDP_PASS: <linux/bpf.h> and libpcap's headers conflict */

struct xdp_rig {
	struct wf_xdp xdp;
	int sockets[XDP_RIG_WORKERS_MAX];
	uint32_t sockets_count; /* slots of the only queue */

	/* of the latest frame */
	uint32_t action; /* enum xdp_action */
	bool has_meta;
	struct weft_frame_meta meta;
	struct weft_xdp_counts counts; /* all frames so far */
};

/* @opts: NULL: all defaults. The secret is decode_secret. Return: false if not permitted here. */
bool xdp_rig_open(struct xdp_rig *rig, uint32_t workers, const struct wf_xdp_opts *opts);
void xdp_rig_close(struct xdp_rig *rig);

/* Runs one frame of 14 bytes or more; asserts that it was counted once. Return: was it steered? */
bool xdp_rig_run(struct xdp_rig *rig, const uint8_t *bytes, uint32_t len);
bool xdp_rig_run_built(struct xdp_rig *rig, const struct packet_builder *pb);

/* Runs a segment with @flags and @len bytes of data. */
bool xdp_rig_segment(struct xdp_rig *rig, const char *src, uint16_t src_port, const char *dst,
		     uint16_t dst_port, uint16_t flags, uint32_t len);

/*
 * Reads the flow's entry after the counts of all CPUs have been moved to it. Return: false if there
 * is none.
 */
bool xdp_rig_flow(struct xdp_rig *rig, const struct weft_flow_key *key,
		  struct weft_flow_value *ret_value);

#endif
