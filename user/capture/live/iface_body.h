/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * iface_body.h - defines struct wf_iface, for iface.c, iface_sockets.c and iface_stats.c only.
 */
#ifndef WF_CAPTURE_LIVE_IFACE_BODY_H
#define WF_CAPTURE_LIVE_IFACE_BODY_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include <weft/source.h>

#include "capture/live/pins.h"
#include "capture/live/tc_attach.h"
#include "capture/live/umem.h"
#include "capture/live/xdp_attach.h"
#include "capture/live/xsk.h"

struct wf_iface {
	char name[IF_NAMESIZE];
	int ifindex;
	bool is_host;
	bool is_attached;
	bool may_zero_copy; /* zero-copy sockets are tried, because the driver may offer them */
	bool zero_copy;
	bool multi_buffer; /* sockets accept packets in several buffers */
	bool one_buffer;   /* the kernel can't redirect packets in several buffers */
	int promisc_fd;	   /* owned, -1: none */
	bool by_queue;	   /* each queue has one socket; see struct wf_iface_setup */
	uint32_t workers;
	uint32_t queues;	  /* 0 in host mode */
	uint64_t host_ring_bytes; /* host mode: size of each worker's overflow ring */
	/* with defaults filled in; its arrays are valid only until wf_iface_open() returns */
	struct weft_interface_opts opts;
	struct wf_pins pins;
	struct wf_xdp xdp;
	struct wf_tc tc;
	struct wf_umem *umems;	       /* owned, tap mode: one per queue */
	struct wf_xsk_source *sources; /* owned, tap mode: one per worker */
};

#endif
