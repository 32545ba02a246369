/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * xdp_other.h - finds the XDP program that is attached to an interface. An interface runs at most
 * one native or generic XDP program.
 */
#ifndef WF_CAPTURE_HOST_XDP_OTHER_H
#define WF_CAPTURE_HOST_XDP_OTHER_H

#include <stddef.h>
#include <stdint.h>

#include "capture/hook/prog_name.h"

struct wf_xdp_other {
	uint32_t id;		       /* id of the attached program; 0: none is attached */
	uint32_t link_id;	       /* id of the program's bpf_link; 0: no link */
	char name[WF_PROG_NAME_BYTES]; /* name of the program; "" if it can't be read */
};

/*
 * Find the attached XDP program. Return: 0 or negative errno. Thread: any, in the interface's
 * network namespace.
 */
int wf_xdp_other_find(int ifindex, struct wf_xdp_other *ret_other);

/* Write how to detach the program: a command, or an instruction for the user. */
void wf_xdp_other_advise(const struct wf_xdp_other *other, const char *ifname, char *ret_text,
			 size_t text_bytes);

#endif
