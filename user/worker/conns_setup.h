/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conns_setup.h - allocates the tables of a worker's connections.
 *
 * Thread: main.
 */
#ifndef WF_WORKER_CONNS_SETUP_H
#define WF_WORKER_CONNS_SETUP_H

struct wf_conns;
struct wf_pipeline_opts;

/*
 * Allocate the tables of @conns, which is all zero. Return: 0; -ENOBUFS: the arena or the memory
 * limit is exhausted; -ENOMEM.
 */
int wf_conns_setup_make(struct wf_conns *conns, const struct wf_pipeline_opts *opts);
void wf_conns_setup_unmake(struct wf_conns *conns);

#endif
