/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * host_rig.h - runs packets through the tc program of host mode, which is loaded but not attached,
 * and reads the frames from the rings.
 *
 * Needs root: tests call skip() if host_rig_open() returns false.
 */
#ifndef TESTS_UNIT_SUPPORT_HOST_RIG_H
#define TESTS_UNIT_SUPPORT_HOST_RIG_H

#include <stdbool.h>
#include <stdint.h>

#include "bpf/shared.h"
#include "capture/live/tc_attach.h"
#include "packet/frame.h"
#include "unit/support/packet_builder.h"

struct host_rig {
	struct wf_tc tc;

	/* how the next packets reach the program; 0: sent by this host, one segment */
	bool is_received;
	uint32_t gso_bytes;

	/* results for the latest packet */
	bool is_copied;
	uint32_t worker;		  /* index of the worker whose ring has the frame */
	struct wf_frame frame;		  /* lent until the next packet */
	struct weft_kernel_counts counts; /* all packets so far */
};

/* @opts: NULL: all defaults. The secret is decode_secret. Return: false if not permitted here. */
bool host_rig_open(struct host_rig *rig, uint32_t workers, const struct wf_tc_opts *opts);

/* Like host_rig_open(), with the program as it is loaded for a tc filter: it needs a heartbeat. */
bool host_rig_open_filter(struct host_rig *rig);
void host_rig_close(struct host_rig *rig);

/*
 * Runs one packet of 14 bytes or more; asserts that it was counted once, and that a copy has all of
 * its bytes. Return: true if it was copied.
 */
bool host_rig_run(struct host_rig *rig, const uint8_t *bytes, uint32_t len);
bool host_rig_run_built(struct host_rig *rig, const struct packet_builder *pb);

/* Runs a segment from 10.0.0.1:1000 to 10.0.0.2:80 with ACK and @len bytes of data. */
bool host_rig_segment(struct host_rig *rig, uint32_t len);

/* Like host_rig_segment(), but does not read the rings, so that they fill. */
bool host_rig_segment_unread(struct host_rig *rig, uint32_t len);

#endif
