/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * xdp_features.h - reads the XDP features that a driver reports (Linux 6.3 and later).
 */
#ifndef WF_CAPTURE_HOST_XDP_FEATURES_H
#define WF_CAPTURE_HOST_XDP_FEATURES_H

#include <stdint.h>

/* Bits of enum netdev_xdp_act in linux/netdev.h, which older header packages do not have. */
enum wf_xdp_feature {
	WF_XDP_BASIC = 1u << 0, /* native XDP with the actions pass, drop, abort and transmit */
	WF_XDP_REDIRECT = 1u << 1,
	WF_XDP_ZEROCOPY = 1u << 3,  /* zero-copy AF_XDP sockets */
	WF_XDP_MULTI_BUF = 1u << 5, /* frames in several buffers */
};

/*
 * Read the XDP features. Return: 0; -EOPNOTSUPP if the kernel does not report features; other
 * negative errno.
 */
int wf_xdp_features_read(unsigned ifindex, uint64_t *ret_features);

#endif
