/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tc_dump.h - which qdisc has an interface's tc hooks, and which filters are attached there.
 *
 * Thread: any; of the calling thread's network namespace.
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
	WF_TC_QDISC_INGRESS, /* the older kind, without egress */
};

/* A filter, or (@handle 0) the place that filters of one priority share. */
struct wf_tc_filter {
	uint16_t priority;
	uint16_t protocol_be; /* EtherType */
	uint32_t handle;
	uint32_t chain;
	bool is_bpf;
	uint32_t program_id; /* 0: no program */
};

typedef void (*wf_tc_filter_fn)(void *ctx, const struct wf_tc_filter *filter);

/* Return: 0 or negative errno. */
int wf_tc_find_qdisc(int ifindex, enum wf_tc_qdisc *ret_qdisc);

/* Call @fn for each filter of all chains of @side, by priority. Return: 0 or negative errno. */
int wf_tc_each_filter(int ifindex, enum wf_tc_side side, wf_tc_filter_fn fn, void *ctx);

#endif
