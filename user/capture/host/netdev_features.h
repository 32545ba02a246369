/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * netdev_features.h - reads offloads of a device. Features have the kernel's names,
 * such as "rx-gro-hw". Thread: any, in the interface's network namespace.
 */
#ifndef WF_CAPTURE_HOST_NETDEV_FEATURES_H
#define WF_CAPTURE_HOST_NETDEV_FEATURES_H

enum wf_feature_state {
	WF_FEATURE_UNKNOWN = 0, /* state can't be read, or the device has no such feature */
	WF_FEATURE_OFF,
	WF_FEATURE_ON,
	WF_FEATURE_ON_FIXED, /* on, and can't be turned off */
};

enum wf_feature_state wf_netdev_feature(const char *ifname, const char *feature);

#endif
