// SPDX-License-Identifier: GPL-2.0-only
/*
 * verdict.bpf.c - run by user space (BPF_PROG_RUN) to set a flow's verdict in place.
 *
 * A map update from user space writes the whole value and would undo what the XDP
 * program counted meanwhile. One direction is set without touching the other. What
 * the kernel had counted at that moment goes back in the request.
 */
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>

#include "bpf/flow_map.h"
#include "bpf/shared.h"

/* Return: what @verdict was. */
static __always_inline __u16 set(__u16 *verdict, __u16 wanted)
{
	__u16 was = *verdict;

	if (wanted != WEFT_VERDICT_KEEP)
		*verdict = wanted;
	return was;
}

/* Return: 1: done; 0: the flow has no entry. */
SEC("syscall")
int weft_set_verdict(struct weft_verdict_request *request)
{
	struct weft_flow_key key = request->key; /* a map's key may not lie in the context */
	struct weft_flow_value *value = bpf_map_lookup_elem(&weft_flows, &key);

	if (!value)
		value = bpf_map_lookup_elem(&weft_handshakes, &key);
	if (!value)
		return 0;
	request->verdict[0] = set(&value->verdict[0], request->verdict[0]);
	request->verdict[1] = set(&value->verdict[1], request->verdict[1]);
	request->kept_packets[0] = value->kept_packets[0];
	request->kept_packets[1] = value->kept_packets[1];
	request->kept_bytes[0] = value->kept_bytes[0];
	request->kept_bytes[1] = value->kept_bytes[1];
	request->idle_ns = bpf_ktime_get_ns() - value->last_ns;
	return 1;
}

char weft_license[] SEC("license") = "GPL";
