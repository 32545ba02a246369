/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * iface_sockets.h - opens and closes the sockets of an interface.
 *
 * Thread: main.
 */
#ifndef WF_CAPTURE_LIVE_IFACE_SOCKETS_H
#define WF_CAPTURE_LIVE_IFACE_SOCKETS_H

struct wf_iface;
struct wf_iface_setup;

/*
 * Make the sources of all workers, open their sockets and fill the fill rings. The caller has
 * loaded the XDP program. Return: 0; -ENOMEM; other negative errno (logged).
 */
int wf_iface_sockets_open(struct wf_iface *iface, const struct wf_iface_setup *setup);

/* Close the sockets and UMEMs of all queues. Idempotent. */
void wf_iface_sockets_close(struct wf_iface *iface);

#endif
