/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * iface_mode.h - chooses the mode in which an interface is captured.
 *
 * Thread: any.
 */
#ifndef WF_CAPTURE_LIVE_IFACE_MODE_H
#define WF_CAPTURE_LIVE_IFACE_MODE_H

#include <stdbool.h>
#include <stdint.h>

#include <weft/source.h>

/* Return true if @ifname is captured in host mode. */
bool wf_iface_is_host(const char *ifname, enum weft_mode mode);

/* Log why automatic mode chose host mode, if the reason is another XDP program. */
void wf_iface_mode_explain(const char *ifname);

/*
 * Check that @ifname may be captured in @mode. This function rejects each mode if packets begin
 * neither with an Ethernet header nor with an IP header, and tap mode if they have no Ethernet
 * header, or if the interface has an address or a route, apart from link-local ones of IPv6. If the
 * interface is only part of another device (a bond of mirror ports, for example), tap mode is
 * accepted with a warning. Return: 0; -EBUSY or -EOPNOTSUPP if the mode is rejected (logged).
 */
int wf_iface_mode_check(const char *ifname, enum weft_mode mode);

/*
 * Return: number of receive queues that a capture of @ifname uses. In tap mode at least 1, and
 * final only after the interface was taken; in host mode 0.
 */
uint32_t wf_iface_count_queues(const char *ifname, enum weft_mode mode);

#endif
