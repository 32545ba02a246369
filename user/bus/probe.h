/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * probe.h - finds out why no server can be reached: libnats only reports that none can.
 */
#ifndef WF_BUS_PROBE_H
#define WF_BUS_PROBE_H

/* maximum time to wait for one address of a server, after libnats has waited */
enum { WF_BUS_PROBE_MS = 200 };

/*
 * Connect to each of @servers (wf_bus_urls.servers) by TCP, and write the reasons of failures to
 * @ret_error (WF_BUS_ERROR_BYTES): with the server before each, if there are several. Thread: any.
 * Names are resolved as the system does it, without a limit of time.
 */
void wf_bus_probe(const char *servers, char *ret_error);

#endif
