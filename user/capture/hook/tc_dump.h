/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tc_dump.h - reads the qdisc of an interface's tc hooks, and the filters attached there.
 *
 * Thread: any, in the interface's network namespace.
 */
#ifndef WF_CAPTURE_HOOK_TC_DUMP_H
#define WF_CAPTURE_HOOK_TC_DUMP_H

#include <stdbool.h>
#include <stdint.h>

enum wf_tc_side { WF_TC_INGRESS = 0, WF_TC_EGRESS };
#define WF_TC_SIDES (WF_TC_EGRESS + 1)

enum wf_tc_qdisc {
	WF_TC_QDISC_NONE = 0,
	WF_TC_QDISC_CLSACT,  /* hooks for both directions */
	WF_TC_QDISC_INGRESS, /* older kind with a hook for ingress only */
};

/* A filter; or, if @handle is 0, the head of the list of filters with one priority. */
struct wf_tc_filter {
	uint16_t priority;
	uint16_t protocol_be; /* EtherType */
	uint32_t handle;
	uint32_t chain;
	bool is_bpf;
	uint32_t program_id; /* 0: no program */
};

typedef void (*wf_tc_filter_fn)(void *ctx, const struct wf_tc_filter *filter);

/* Read the kind of the qdisc. Return: 0 or negative errno. */
int wf_tc_find_qdisc(int ifindex, enum wf_tc_qdisc *ret_qdisc);

/*
 * Call @fn for each filter of @side, and for each head of a list (handle 0): one chain after the
 * other, and in each chain in order of priority. Return: 0 or negative errno.
 */
int wf_tc_each_filter(int ifindex, enum wf_tc_side side, wf_tc_filter_fn fn, void *ctx);

#endif
