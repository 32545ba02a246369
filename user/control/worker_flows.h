/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * worker_flows.h - reads the workers' flow tables for lists of connections.
 *
 * Each call to a worker is short: the worker looks up some flows, or copies some flows to a batch
 * of bounded size. The calling thread then filters and sorts the batch.
 *
 * Thread: any; the caller holds the control lock.
 */
#ifndef WF_CONTROL_WORKER_FLOWS_H
#define WF_CONTROL_WORKER_FLOWS_H

struct wf_engine;
struct wf_flow_list;

/*
 * Fill in the member tracked of all items of @list. The items of a worker that does not answer in
 * time stay as they are.
 */
void wf_worker_flows_look_up(struct wf_engine *engine, struct wf_flow_list *list);

/*
 * Add to @list all matching flows that no kernel program counts, because their packets come from a
 * file or weft_submit(). Flows that are opened or closed during the call may be left out. Return:
 * 0; -ESHUTDOWN: all workers have ended; -ETIMEDOUT: a worker did not answer; -EAGAIN: the table of
 * a worker has grown during the call, so that flows may be missing in the list; -ENOMEM.
 */
int wf_worker_flows_add(struct wf_engine *engine, struct wf_flow_list *list);

#endif
