/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * netdev_features.h - a device's offloads, by the names that "ethtool -k" calls by. Thread: any;
 * of the calling thread's network namespace.
 */
#ifndef WF_CAPTURE_HOST_NETDEV_FEATURES_H
#define WF_CAPTURE_HOST_NETDEV_FEATURES_H

enum wf_feature_state {
	WF_FEATURE_UNKNOWN = 0, /* the device doesn't tell, or has no such feature */
	WF_FEATURE_OFF,
	WF_FEATURE_ON,
	WF_FEATURE_ON_FIXED, /* and nobody can turn it off here */
};

enum wf_feature_state wf_netdev_feature(const char *ifname, const char *feature);

/* Return: 0; -EOPNOTSUPP: there is no such feature, or it can't be turned off; other errno. */
int wf_netdev_feature_off(const char *ifname, const char *feature);

#endif
