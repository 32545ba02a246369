// SPDX-License-Identifier: BSD-2-Clause
/*
 * netdev_features.c - reads features with ethtool's ioctl. A feature's index in the
 * string set ETH_SS_FEATURES is its bit number in an array of 32-bit blocks.
 */
#include "capture/host/netdev_features.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static int ethtool(int fd, const char *ifname, void *command)
{
	struct ifreq ifr = {.ifr_data = command};

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", ifname);
	return ioctl(fd, SIOCETHTOOL, &ifr) ? -errno : 0;
}

static int count_names(int fd, const char *ifname, uint32_t *ret_count)
{
	struct {
		struct ethtool_sset_info info;
		uint32_t count;
	} set = {.info = {.cmd = ETHTOOL_GSSET_INFO, .sset_mask = 1ull << ETH_SS_FEATURES}};
	int err = ethtool(fd, ifname, &set);

	if (!err && !set.info.sset_mask)
		err = -EOPNOTSUPP;
	if (!err)
		*ret_count = set.count;
	return err;
}

/* Return the feature's bit number, or negative errno. *@ret_count: number of all features. */
static int find_bit(int fd, const char *ifname, const char *feature, uint32_t *ret_count)
{
	struct ethtool_gstrings *names;
	int bit;
	int err = count_names(fd, ifname, ret_count);

	if (err)
		return err;
	names = calloc(1, sizeof(*names) + (size_t)*ret_count * ETH_GSTRING_LEN);
	if (!names)
		return -ENOMEM;
	names->cmd = ETHTOOL_GSTRINGS;
	names->string_set = ETH_SS_FEATURES;
	names->len = *ret_count;
	bit = ethtool(fd, ifname, names);
	if (!bit) {
		bit = -EOPNOTSUPP;
		for (uint32_t i = 0; i < names->len && bit < 0; i++)
			if (!strncmp((const char *)names->data + (size_t)i * ETH_GSTRING_LEN,
				     feature, ETH_GSTRING_LEN))
				bit = (int)i;
	}
	free(names);
	return bit;
}

static enum wf_feature_state state_of(const struct ethtool_get_features_block *block, uint32_t bit)
{
	if (!(block->active & bit))
		return WF_FEATURE_OFF;
	return block->available & ~block->never_changed & bit ? WF_FEATURE_ON : WF_FEATURE_ON_FIXED;
}

static int read_bit(int fd, const char *ifname, int bit, uint32_t count,
		    enum wf_feature_state *ret_state)
{
	uint32_t blocks = (count + 31) / 32;
	struct ethtool_gfeatures *features =
		calloc(1, sizeof(*features) + blocks * sizeof(features->features[0]));
	int err;

	if (!features)
		return -ENOMEM;
	features->cmd = ETHTOOL_GFEATURES;
	features->size = blocks;
	err = ethtool(fd, ifname, features);
	if (!err)
		*ret_state = state_of(&features->features[bit / 32], 1u << (bit % 32));
	free(features);
	return err;
}

enum wf_feature_state wf_netdev_feature(const char *ifname, const char *feature)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	enum wf_feature_state state = WF_FEATURE_UNKNOWN;
	uint32_t count = 0;
	int bit;

	if (fd < 0)
		return WF_FEATURE_UNKNOWN;
	bit = find_bit(fd, ifname, feature, &count);
	if (bit >= 0 && read_bit(fd, ifname, bit, count, &state))
		state = WF_FEATURE_UNKNOWN;
	close(fd);
	return state;
}
