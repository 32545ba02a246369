/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * probe.h - looks, without touching, at what capture needs.
 */
#ifndef WF_CAPTURE_HOST_PROBE_H
#define WF_CAPTURE_HOST_PROBE_H

#include <weft/probe.h>

/* Kernel version, BPF, AF_XDP, limits. */
void wf_probe_host(weft_probe_fn fn, void *ctx);

/* State, XDP abilities, queues, rings and offloads of an interface that exists. */
void wf_probe_interface(const char *ifname, unsigned ifindex, weft_probe_fn fn, void *ctx);

#endif
