/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * xdp_other.h - whose XDP program is on an interface. An interface has room for one.
 */
#ifndef WF_CAPTURE_HOST_XDP_OTHER_H
#define WF_CAPTURE_HOST_XDP_OTHER_H

#include <stddef.h>
#include <stdint.h>

#include "capture/hook/prog_name.h"

struct wf_xdp_other {
	uint32_t id;		       /* 0: no program is attached */
	uint32_t link_id;	       /* of the bpf_link that holds it there; 0: none does */
	char name[WF_PROG_NAME_BYTES]; /* "" if it can't be seen */
};

/* Return: 0 or negative errno. Thread: any; of the calling thread's network namespace. */
int wf_xdp_other_find(int ifindex, struct wf_xdp_other *ret_other);

/* How to get it out of the way, as a command or what to do else. */
void wf_xdp_other_advise(const struct wf_xdp_other *other, const char *ifname, char *ret_text,
			 size_t text_bytes);

#endif
