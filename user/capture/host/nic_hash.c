// SPDX-License-Identifier: BSD-2-Clause
/*
 * nic_hash.c - reads the NIC's hash with ethtool's ioctl. A hash counts as symmetric only if it is
 * a Toeplitz hash of both addresses, of both ports or none, and of nothing else. In addition, its
 * key must repeat every 16 bits, or an input transformation must make both directions equal.
 */
#include "capture/host/nic_hash.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/host/netdev.h"

enum {
	KEY_BYTES_MIN = 40, /* minimum key length for the longest input, IPv6 with ports */
	ADDRESSES = RXH_IP_SRC | RXH_IP_DST,
	/* bit of hfunc; bits are in the order of the string set ETH_SS_RSS_HASH_FUNCS */
	FUNCTION_TOEPLITZ = 1 << 0,
	PORTS = RXH_L4_B_0_1 | RXH_L4_B_2_3,
	/*
	 * Offset of input_xfrm, which follows hfunc since Linux 6.8; in older kernels the byte is
	 * reserved and 0.
	 */
	XFRM_OFF = offsetof(struct ethtool_rxfh, hfunc) + 1,
};

static int read_table(const char *ifname, struct wf_nic_hash *hash)
{
	struct ethtool_rxfh head = {.cmd = ETHTOOL_GRSSH};
	struct ethtool_rxfh *full;
	size_t table_bytes;
	int err = wf_netdev_ethtool(ifname, &head);

	if (err)
		return err;
	if (head.key_size > WF_NIC_KEY_BYTES_MAX || head.indir_size > WF_NIC_ENTRIES_MAX)
		return -EOPNOTSUPP;
	table_bytes = (size_t)head.indir_size * sizeof(uint32_t);
	full = calloc(1, sizeof(*full) + table_bytes + head.key_size);
	if (!full)
		return -ENOMEM;
	full->cmd = ETHTOOL_GRSSH;
	full->indir_size = head.indir_size;
	full->key_size = head.key_size;
	err = wf_netdev_ethtool(ifname, full);
	if (!err) {
		hash->function = full->hfunc;
		hash->xfrm = ((const uint8_t *)full)[XFRM_OFF];
		hash->key_bytes = head.key_size;
		hash->entries_count = head.indir_size;
		memcpy(hash->entries, full->rss_config, table_bytes);
		memcpy(hash->key, (const uint8_t *)full->rss_config + table_bytes, head.key_size);
	}
	free(full);
	return err;
}

static int read_fields(const char *ifname, uint32_t flow_type, uint32_t *ret_fields)
{
	struct ethtool_rxnfc command = {.cmd = ETHTOOL_GRXFH, .flow_type = flow_type};
	int err = wf_netdev_ethtool(ifname, &command);

	if (!err)
		*ret_fields = (uint32_t)command.data;
	return err;
}

int wf_nic_hash_read(const char *ifname, struct wf_nic_hash *ret_hash)
{
	int err;

	memset(ret_hash, 0, sizeof(*ret_hash));
	ret_hash->queues = wf_netdev_rx_queues(ifname);
	err = read_table(ifname, ret_hash);
	if (err)
		return err;
	ret_hash->fields_known = !read_fields(ifname, TCP_V4_FLOW, &ret_hash->fields[0]) &&
				 !read_fields(ifname, TCP_V6_FLOW, &ret_hash->fields[1]);
	return 0;
}

bool wf_nic_hash_key_is_symmetric(const struct wf_nic_hash *hash)
{
	for (uint32_t i = 2; i < hash->key_bytes; i++)
		if (hash->key[i] != hash->key[i - 2])
			return false;
	return hash->key_bytes > 0;
}

static bool is_known(const struct wf_nic_hash *hash)
{
	if (hash->function != FUNCTION_TOEPLITZ || hash->key_bytes < KEY_BYTES_MIN ||
	    !hash->entries_count || !hash->fields_known)
		return false;
	if (hash->xfrm & (uint8_t) ~(WF_NIC_XFRM_XOR | WF_NIC_XFRM_OR_XOR))
		return false;
	for (uint32_t i = 0; i < hash->entries_count; i++)
		if (hash->entries[i] >= hash->queues)
			return false;
	for (int i = 0; i < 2; i++)
		if (hash->fields[i] & ~(uint32_t)(ADDRESSES | PORTS))
			return false;
	return true;
}

static bool fields_are_symmetric(const struct wf_nic_hash *hash)
{
	for (int i = 0; i < 2; i++) {
		uint32_t ports = hash->fields[i] & PORTS;

		if ((hash->fields[i] & ADDRESSES) != ADDRESSES || (ports && ports != PORTS))
			return false;
	}
	return true;
}

enum wf_nic_symmetry wf_nic_hash_judge(const struct wf_nic_hash *hash, bool ret_ports[2])
{
	if (!is_known(hash))
		return WF_NIC_UNKNOWN;
	if (!fields_are_symmetric(hash) || (!hash->xfrm && !wf_nic_hash_key_is_symmetric(hash)))
		return WF_NIC_ASYMMETRIC;
	for (int i = 0; i < 2; i++)
		ret_ports[i] = hash->fields[i] & PORTS;
	return WF_NIC_SYMMETRIC;
}

void wf_nic_hash_advise(const struct wf_nic_hash *hash, const char *ifname, char *text,
			uint32_t text_bytes)
{
	char key[3 * WF_NIC_KEY_BYTES_MAX + 1] = "";

	if (hash->fields_known && !fields_are_symmetric(hash)) {
		snprintf(text, text_bytes,
			 "for type in tcp4 tcp6; do ethtool -N %s rx-flow-hash $type sdfn; done",
			 ifname);
		return;
	}
	for (uint32_t i = 0; i < hash->key_bytes; i++)
		snprintf(key + 3 * i, sizeof(key) - 3 * i, "%s%s", i % 2 ? "5a" : "6d",
			 i + 1 < hash->key_bytes ? ":" : "");
	snprintf(
		text, text_bytes,
		"ethtool -X %s hkey %s (or, if the driver supports it, since Linux 6.8: ethtool -X "
		"%s xfrm symmetric-xor)",
		ifname, key, ifname);
}
