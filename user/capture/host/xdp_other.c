// SPDX-License-Identifier: BSD-2-Clause
/*
 * xdp_other.c - reads the attached program, then searches all links for the link that attaches it.
 */
#include "capture/host/xdp_other.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "capture/hook/prog_name.h"

#define DISPATCHER_NAME "xdp_dispatcher" /* libxdp's dispatcher program */

/*
 * Return 1 if the link attaches this program to this interface. The program is compared too,
 * because an interface of another network namespace may have the same index.
 */
static int is_holder(uint32_t link_id, int ifindex, uint32_t program_id)
{
	struct bpf_link_info info = {0};
	uint32_t len = sizeof(info);
	int fd = bpf_link_get_fd_by_id(link_id);
	int err;

	if (fd < 0)
		return 0;
	err = bpf_obj_get_info_by_fd(fd, &info, &len);
	close(fd);
	return !err && info.type == BPF_LINK_TYPE_XDP && info.prog_id == program_id &&
	       info.xdp.ifindex == (uint32_t)ifindex;
}

int wf_xdp_other_find(int ifindex, struct wf_xdp_other *ret_other)
{
	struct wf_xdp_other other = {0};
	LIBBPF_OPTS(bpf_xdp_query_opts, opts);
	int err = bpf_xdp_query(ifindex, 0, &opts);

	if (err)
		return err;
	other.id = opts.prog_id	      ? opts.prog_id
		   : opts.drv_prog_id ? opts.drv_prog_id
		   : opts.skb_prog_id ? opts.skb_prog_id
				      : opts.hw_prog_id;
	if (other.id)
		wf_prog_name(other.id, other.name);
	for (uint32_t id = 0; other.id && !other.link_id && !bpf_link_get_next_id(id, &id);)
		other.link_id = is_holder(id, ifindex, other.id) ? id : 0;
	*ret_other = other;
	return 0;
}

void wf_xdp_other_advise(const struct wf_xdp_other *other, const char *ifname, char *ret_text,
			 size_t text_bytes)
{
	if (!strcmp(other->name, DISPATCHER_NAME))
		snprintf(ret_text, text_bytes, "xdp-loader unload %s --all", ifname);
	else if (other->link_id)
		snprintf(ret_text, text_bytes,
			 "stop the process that attached it, or: bpftool link detach id %u",
			 other->link_id);
	else
		snprintf(ret_text, text_bytes, "ip link set dev %s xdp off", ifname);
}
