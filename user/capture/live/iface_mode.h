/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * iface_mode.h - in which mode an interface is captured.
 *
 * Thread: any.
 */
#ifndef WF_CAPTURE_LIVE_IFACE_MODE_H
#define WF_CAPTURE_LIVE_IFACE_MODE_H

#include <stdbool.h>
#include <stdint.h>

#include <weft/source.h>

/* Will @ifname be captured in host mode? */
bool wf_iface_is_host(const char *ifname, enum weft_mode mode);

/* Log why automatic mode chose host mode, if the reason is another XDP program. */
void wf_iface_mode_explain(const char *ifname);

/*
 * May @ifname be captured in @mode? Tap mode is refused where the host uses the interface; an
 * interface below another device (a bond of mirror ports, for example) only causes a warning.
 * Return: 0; -EBUSY, logged.
 */
int wf_iface_mode_check(const char *ifname, enum weft_mode mode);

/*
 * Receive queues that a capture of @ifname uses: those of the device, once it is taken, or the
 * one of host mode's own veth pair. Return: at least 1.
 */
uint32_t wf_iface_count_queues(const char *ifname, enum weft_mode mode);

#endif
