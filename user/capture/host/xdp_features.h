/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * xdp_features.h - what a driver can do with XDP, as it says itself (Linux 6.3 and later).
 */
#ifndef WF_CAPTURE_HOST_XDP_FEATURES_H
#define WF_CAPTURE_HOST_XDP_FEATURES_H

#include <stdint.h>

/** Bits of enum netdev_xdp_act (linux/netdev.h, which older headers lack). */
enum wf_xdp_feature {
	WF_XDP_BASIC = 1u << 0, /* native programs; pass, drop, abort, transmit */
	WF_XDP_REDIRECT = 1u << 1,
	WF_XDP_ZEROCOPY = 1u << 3,  /* AF_XDP sockets without copying */
	WF_XDP_MULTI_BUF = 1u << 5, /* frames in several buffers */
};

/* Return: 0; -EOPNOTSUPP: the kernel doesn't tell; other negative errno. */
int wf_xdp_features_read(unsigned ifindex, uint64_t *ret_features);

#endif
