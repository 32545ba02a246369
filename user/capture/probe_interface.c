// SPDX-License-Identifier: BSD-2-Clause
/*
 * probe_interface.c - one interface, by ethtool's ioctl and netlink. What a driver doesn't
 * answer is left out: nothing can be said or mended there.
 */
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include <weft/limits.h>

#include "capture/probe.h"
#include "capture/probe_internal.h"
#include "capture/xdp_features.h"
#include "capture/xdp_other.h"

struct interface {
	struct wf_probe probe;
	const char *name; /* borrowed */
	unsigned index;
	int fd;
};

static int request(const struct interface *interface, unsigned long what, struct ifreq *ret_ifr)
{
	snprintf(ret_ifr->ifr_name, sizeof(ret_ifr->ifr_name), "%s", interface->name);
	return ioctl(interface->fd, what, ret_ifr) ? -errno : 0;
}

static int ethtool(const struct interface *interface, void *command)
{
	struct ifreq ifr = {.ifr_data = command};

	return request(interface, SIOCETHTOOL, &ifr);
}

static void probe_state(struct interface *interface)
{
	struct ethtool_drvinfo driver = {.cmd = ETHTOOL_GDRVINFO};
	struct ifreq flags = {0};
	struct ifreq mtu = {0};
	bool is_up;

	request(interface, SIOCGIFFLAGS, &flags);
	request(interface, SIOCGIFMTU, &mtu);
	if (ethtool(interface, &driver))
		snprintf(driver.driver, sizeof(driver.driver), "unknown");
	is_up = flags.ifr_flags & IFF_UP;
	wf_probe_advise(&interface->probe, "ip link set dev %s up", interface->name);
	wf_probe_tell(&interface->probe, "link", is_up ? WEFT_PROBE_OK : WEFT_PROBE_WARN,
		      "%s, driver %s, MTU %d", is_up ? "up" : "down", driver.driver, mtu.ifr_mtu);
}

static void probe_xdp(struct interface *interface)
{
	struct wf_probe *probe = &interface->probe;
	uint64_t features = 0;
	int err = wf_xdp_features_read(interface->index, &features);

	if (err) {
		wf_probe_advise(probe,
				"drivers tell since Linux 6.3; weft tries the best first and "
				"says at start which it got");
		wf_probe_tell(probe, "native_xdp", WEFT_PROBE_WARN, "not known: %s",
			      strerror(-err));
		return;
	}
	wf_probe_advise(probe, "generic XDP is used: slower, as each packet gets a socket buffer");
	if ((features & (WF_XDP_BASIC | WF_XDP_REDIRECT)) == (WF_XDP_BASIC | WF_XDP_REDIRECT))
		wf_probe_tell(probe, "native_xdp", WEFT_PROBE_OK, "with redirect");
	else
		wf_probe_tell(probe, "native_xdp", WEFT_PROBE_WARN,
			      features & WF_XDP_BASIC ? "without redirect" : "not in this driver");

	wf_probe_advise(probe, "frames are copied once; needs a driver with AF_XDP zero-copy");
	wf_probe_tell(probe, "zero_copy",
		      features & WF_XDP_ZEROCOPY ? WEFT_PROBE_OK : WEFT_PROBE_WARN,
		      features & WF_XDP_ZEROCOPY ? "offered" : "not in this driver");

	wf_probe_advise(probe, "frames longer than a buffer are not captured natively");
	wf_probe_tell(probe, "multi_buffer",
		      features & WF_XDP_MULTI_BUF ? WEFT_PROBE_OK : WEFT_PROBE_WARN,
		      features & WF_XDP_MULTI_BUF ? "jumbo frames can be captured"
						  : "not in this driver");
}

static void probe_attached(struct interface *interface)
{
	struct wf_xdp_other other;
	char advice[128];

	if (wf_xdp_other_find((int)interface->index, &other))
		return;
	if (!other.id) {
		wf_probe_tell(&interface->probe, "xdp_program", WEFT_PROBE_OK, "none attached");
		return;
	}
	wf_xdp_other_advise(&other, interface->name, advice, sizeof(advice));
	wf_probe_advise(&interface->probe, "for tap mode: %s; host mode works beside it", advice);
	wf_probe_tell(&interface->probe, "xdp_program", WEFT_PROBE_WARN,
		      "%s (id %u) is attached; only one fits",
		      *other.name ? other.name : "a program", other.id);
}

static void probe_queues(struct interface *interface)
{
	struct ethtool_channels channels = {.cmd = ETHTOOL_GCHANNELS};
	uint32_t rx;
	uint32_t most;
	uint32_t wanted = (uint32_t)get_nprocs();
	bool combined;

	if (ethtool(interface, &channels))
		return;
	combined = channels.max_combined > 0;
	rx = channels.rx_count + channels.combined_count;
	most = combined ? channels.max_combined : channels.max_rx;
	if (wanted > most)
		wanted = most;
	if (rx > WEFT_QUEUES_MAX) {
		wf_probe_advise(&interface->probe, "ethtool -L %s %s %d", interface->name,
				combined ? "combined" : "rx", WEFT_QUEUES_MAX);
		wf_probe_tell(&interface->probe, "queues", WEFT_PROBE_FAIL,
			      "%u receive queues; weft takes at most %d", rx, WEFT_QUEUES_MAX);
		return;
	}
	wf_probe_advise(&interface->probe, "ethtool -L %s %s %u", interface->name,
			combined ? "combined" : "rx", wanted);
	wf_probe_tell(&interface->probe, "queues", rx < wanted ? WEFT_PROBE_WARN : WEFT_PROBE_OK,
		      "%u receive, at most %u", rx, most);
}

static void probe_rings(struct interface *interface)
{
	struct ethtool_ringparam rings = {.cmd = ETHTOOL_GRINGPARAM};

	if (ethtool(interface, &rings) || rings.rx_max_pending == 0)
		return;
	wf_probe_advise(&interface->probe, "ethtool -G %s rx %u", interface->name,
			rings.rx_max_pending);
	wf_probe_tell(&interface->probe, "rx_ring",
		      rings.rx_pending < rings.rx_max_pending ? WEFT_PROBE_WARN : WEFT_PROBE_OK,
		      "%u descriptors, at most %u", rings.rx_pending, rings.rx_max_pending);
}

/* ---- offloads that merge segments before XDP sees them ---- */

static struct ethtool_gstrings *read_feature_names(const struct interface *interface)
{
	struct {
		struct ethtool_sset_info info;
		uint32_t count;
	} set = {.info = {.cmd = ETHTOOL_GSSET_INFO, .sset_mask = 1ull << ETH_SS_FEATURES}};
	struct ethtool_gstrings *names;

	if (ethtool(interface, &set) || !set.info.sset_mask)
		return NULL;
	names = calloc(1, sizeof(*names) + (size_t)set.count * ETH_GSTRING_LEN);
	if (!names)
		return NULL;
	names->cmd = ETHTOOL_GSTRINGS;
	names->string_set = ETH_SS_FEATURES;
	names->len = set.count;
	if (ethtool(interface, names)) {
		free(names);
		return NULL;
	}
	return names;
}

static struct ethtool_gfeatures *read_features(const struct interface *interface, uint32_t count)
{
	uint32_t blocks = (count + 31) / 32;
	struct ethtool_gfeatures *features =
		calloc(1, sizeof(*features) + blocks * sizeof(features->features[0]));

	if (!features)
		return NULL;
	features->cmd = ETHTOOL_GFEATURES;
	features->size = blocks;
	if (ethtool(interface, features)) {
		free(features);
		return NULL;
	}
	return features;
}

static void probe_feature(struct interface *interface, const struct ethtool_gstrings *names,
			  const struct ethtool_gfeatures *features, const char *name,
			  const char *probe_name)
{
	for (uint32_t i = 0; i < names->len; i++) {
		bool active = features->features[i / 32].active >> (i % 32) & 1;

		if (strncmp((const char *)names->data + (size_t)i * ETH_GSTRING_LEN, name,
			    ETH_GSTRING_LEN))
			continue;
		wf_probe_advise(&interface->probe, "ethtool -K %s %s off", interface->name, name);
		wf_probe_tell(&interface->probe, probe_name,
			      active ? WEFT_PROBE_WARN : WEFT_PROBE_OK,
			      active ? "on: many drivers refuse XDP with it" : "off");
	}
}

static void probe_merging(struct interface *interface)
{
	struct ethtool_gstrings *names = read_feature_names(interface);
	struct ethtool_gfeatures *features = names ? read_features(interface, names->len) : NULL;

	if (features) {
		probe_feature(interface, names, features, "rx-lro", "lro");
		probe_feature(interface, names, features, "rx-gro-hw", "gro_hw");
	}
	free(features);
	free(names);
}

static void probe_rss(struct interface *interface)
{
	struct ethtool_rxfh head = {.cmd = ETHTOOL_GRSSH};
	struct ethtool_rxfh *full;
	size_t table_bytes;
	const uint8_t *key;
	bool symmetric = true;

	if (ethtool(interface, &head) || head.key_size == 0)
		return;
	table_bytes = (size_t)head.indir_size * sizeof(uint32_t);
	full = calloc(1, sizeof(*full) + table_bytes + head.key_size);
	if (!full)
		return;
	full->cmd = ETHTOOL_GRSSH;
	full->indir_size = head.indir_size;
	full->key_size = head.key_size;
	if (!ethtool(interface, full)) {
		/* A Toeplitz key that repeats after two bytes gives both directions one hash. */
		key = (const uint8_t *)full->rss_config + table_bytes;
		for (uint32_t i = 2; i < head.key_size; i++)
			symmetric = symmetric && key[i] == key[i - 2];
		wf_probe_tell(&interface->probe, "rss", WEFT_PROBE_OK,
			      symmetric ? "symmetric key: both directions share a queue"
					: "directions may come in on two queues; weft steers them "
					  "to one worker");
	}
	free(full);
}

void wf_probe_interface(const char *ifname, unsigned ifindex, weft_probe_fn fn, void *ctx)
{
	struct interface interface = {
		.probe = {.fn = fn, .ctx = ctx},
		.name = ifname,
		.index = ifindex,
		.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0),
	};

	probe_state(&interface);
	probe_xdp(&interface);
	probe_attached(&interface);
	probe_queues(&interface);
	probe_rings(&interface);
	probe_merging(&interface);
	probe_rss(&interface);
	if (interface.fd >= 0)
		close(interface.fd);
}
