// SPDX-License-Identifier: GPL-2.0-only
/*
 * verdict.bpf.c - run by user space (BPF_PROG_RUN) to set a flow's verdict in place.
 *
 * A map update from user space writes the whole value and would undo what the XDP
 * program counted meanwhile.
 */
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>

#include "bpf/flow_map.h"
#include "bpf/shared.h"

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
	value->verdict[0] = request->verdict[0];
	value->verdict[1] = request->verdict[1];
	return 1;
}

char weft_license[] SEC("license") = "GPL";
