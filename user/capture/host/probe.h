/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * probe.h - checks the requirements of capture without changing anything.
 */
#ifndef WF_CAPTURE_HOST_PROBE_H
#define WF_CAPTURE_HOST_PROBE_H

#include <weft/probe.h>

/* Report findings about kernel, BPF, limits, CPUs and huge pages, then kernel features, to @fn. */
void wf_probe_host(weft_probe_fn fn, void *ctx);

/*
 * Report findings about link, XDP features, MTU, attached programs, queues, ring, offloads and hash
 * of an existing interface to @fn.
 */
void wf_probe_interface(const char *ifname, unsigned ifindex, weft_probe_fn fn, void *ctx);

#endif
