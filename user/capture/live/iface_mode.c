// SPDX-License-Identifier: BSD-2-Clause
/*
 * iface_mode.c - chooses tap or host mode. If the mode is automatic, host mode is chosen if the
 * host uses the interface, if its packets have no Ethernet header, or if another XDP program is
 * attached.
 */
#include "capture/live/iface_mode.h"

#include <errno.h>
#include <net/if.h>

#include <weft/limits.h>

#include "base/log.h"
#include "capture/host/netdev.h"
#include "capture/host/netdev_use.h"
#include "capture/host/xdp_other.h"

/*
 * Return true if another XDP program occupies the place of tap mode's program. @ret_other may be
 * NULL.
 */
static bool has_other_program(const char *ifname, struct wf_xdp_other *ret_other)
{
	struct wf_xdp_other other = {0};

	if (wf_xdp_other_find((int)if_nametoindex(ifname), &other) || !other.id)
		return false;
	if (ret_other)
		*ret_other = other;
	return true;
}

/* Return false if packets begin with an IP header: the XDP program and AF_XDP expect Ethernet. */
static bool has_ethernet(const char *ifname)
{
	enum weft_link link;

	return wf_netdev_link(ifname, &link) || link == WEFT_LINK_ETHERNET;
}

bool wf_iface_is_host(const char *ifname, enum weft_mode mode)
{
	return mode == WEFT_MODE_HOST ||
	       (mode == WEFT_MODE_AUTO &&
		(wf_netdev_use(ifname) != WF_NETDEV_UNUSED || !has_ethernet(ifname) ||
		 has_other_program(ifname, NULL)));
}

void wf_iface_mode_explain(const char *ifname)
{
	struct wf_xdp_other other;

	if (wf_netdev_use(ifname) == WF_NETDEV_UNUSED && has_other_program(ifname, &other))
		wf_info("capture: %s: another XDP program is attached (%s, id %u): host mode is "
			"used, which can run together with it",
			ifname, other.name, other.id);
}

uint32_t wf_iface_count_queues(const char *ifname, enum weft_mode mode)
{
	uint32_t queues = wf_iface_is_host(ifname, mode) ? 0 : wf_netdev_rx_queues(ifname);

	return queues < WEFT_QUEUES_MAX ? queues : WEFT_QUEUES_MAX;
}

static int check_link(const char *ifname, enum weft_mode mode)
{
	enum weft_link link;

	if (wf_netdev_link(ifname, &link)) {
		wf_error("capture: %s: packets of this type of device begin neither with an "
			 "Ethernet header nor with an IP header, and can't be captured",
			 ifname);
		return -EOPNOTSUPP;
	}
	if (mode == WEFT_MODE_TAP && link != WEFT_LINK_ETHERNET) {
		wf_error("capture: %s: tap mode needs packets with an Ethernet header, which this "
			 "device does not have; use host mode",
			 ifname);
		return -EOPNOTSUPP;
	}
	return 0;
}

int wf_iface_mode_check(const char *ifname, enum weft_mode mode)
{
	enum wf_netdev_use use;
	int err = check_link(ifname, mode);

	if (err || mode != WEFT_MODE_TAP)
		return err;
	use = wf_netdev_use(ifname);
	if (use == WF_NETDEV_UNUSED)
		return 0;
	if (use == WF_NETDEV_STACKED) {
		wf_warn("capture: %s: the interface %s; in tap mode, captured TCP segments do not "
			"reach that device",
			ifname, wf_netdev_use_name(use));
		return 0;
	}
	wf_error("capture: %s: the interface %s, and in tap mode its TCP segments would not reach "
		 "this host; use host mode, or remove the address or route",
		 ifname, wf_netdev_use_name(use));
	return -EBUSY;
}
