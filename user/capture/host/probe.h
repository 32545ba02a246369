/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * probe.h - checks the requirements of capture without changing anything.
 */
#ifndef WF_CAPTURE_HOST_PROBE_H
#define WF_CAPTURE_HOST_PROBE_H

#include <weft/probe.h>

/* Report on kernel version, BPF, AF_XDP and limits. */
void wf_probe_host(weft_probe_fn fn, void *ctx);

/* Report on state, XDP features, queues, rings and offloads of an interface, which must exist. */
void wf_probe_interface(const char *ifname, unsigned ifindex, weft_probe_fn fn, void *ctx);

#endif
