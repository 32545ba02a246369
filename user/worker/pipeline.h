/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pipeline.h - one worker's stages in their order, up to the connections.
 *
 *   frame → filter → decode → (defragment) → flow table → TCP tracking → reassembly → dispatch
 *
 * The clock is that of the packets: a flow's timers act as of their deadline, before its next
 * packet is processed. So the outcome does not depend on when the wheel is turned, nor on other
 * flows or workers.
 *
 * Thread: the worker.
 */
#ifndef WF_WORKER_PIPELINE_H
#define WF_WORKER_PIPELINE_H

#include <stdbool.h>
#include <stdint.h>

#include <weft/opts.h>

#include "bpf/hash.h"
#include "packet/verdict.h"

struct wf_arena;
struct wf_claims;
struct wf_conns;
struct wf_dispatch;
struct wf_flow;
struct weft_flow_key;
struct wf_frame;
struct wf_metrics;
struct wf_mailbox;
struct wf_owner;
struct wf_page_pool;
struct wf_pcap_filter;
struct wf_pipeline;

struct wf_pipeline_opts {
	const struct weft_opts *weft; /* no zeros: every default is filled in; outlives us */
	struct weft_hash_secret secret;
	const struct wf_rss *rss; /* borrowed; see struct wf_decoder */
	uint32_t worker;	  /* index of this one */
	uint32_t workers;
	struct wf_arena *arena; /* all borrowed */
	struct wf_page_pool *pages;
	struct wf_metrics *metrics;
	struct wf_dispatch *dispatch;
	const struct wf_pcap_filter *filter; /* NULL: everything */

	/* Check that only one thread runs this pipeline, and that each flow has one worker; NULL:
	 * no. */
	struct wf_owner *owner;
	struct wf_claims *claims;

	/*
	 * Give a frame to the worker that owns its flow, or its datagram (a rebuilt datagram, or a
	 * frame that came to the wrong worker). Takes the frame's page reference.
	 */
	void (*handoff)(void *ctx, uint32_t worker, const struct wf_frame *frame);
	void *handoff_ctx;

	/* wf_iface_set_verdict() on all interfaces; NULL: no kernel steers to this worker. */
	int (*set_verdict)(void *ctx, const struct weft_flow_key *key,
			   const enum weft_verdict verdict[2], struct wf_kept *ret_kept);
	void *set_verdict_ctx;
};

int wf_pipeline_new(const struct wf_pipeline_opts *opts, struct wf_pipeline **ret_pipeline);

/* Process a batch. Takes each frame's page reference. */
void wf_pipeline_run(struct wf_pipeline *pipeline, const struct wf_frame *frames, uint32_t count);

/* The rings overflowed: holes of now are not the network's, and are waited for less. */
void wf_pipeline_note_overrun(struct wf_pipeline *pipeline);

/* Act on every timer due at @now_ns (since 1970). */
void wf_pipeline_tick(struct wf_pipeline *pipeline, uint64_t now_ns);

/*
 * Between two batches: handle the requests in @mailbox, and do a bounded step of the work that
 * follows from them. Return: true: there is more to do, also if no packet comes.
 */
bool wf_pipeline_handle(struct wf_pipeline *pipeline, struct wf_mailbox *mailbox);

/* What is repeated under memory pressure; a few times a second. */
void wf_pipeline_housekeep(struct wf_pipeline *pipeline);

/* The end: holes become gaps, waiting bytes are delivered, every flow is closed. */
void wf_pipeline_flush(struct wf_pipeline *pipeline);

/* From the next batch on; NULL: everything. @filter outlives its use. */
void wf_pipeline_set_filter(struct wf_pipeline *pipeline, const struct wf_pcap_filter *filter);

/*
 * The user's verdict (STEER, SHUNT or PASS) on the directions in @dirs (1u << enum weft_dir) of
 * @flow. Return: 0; -ENOENT: the kernel knows no such flow; -EALREADY: STEER for data beyond the
 * depth limit; -ENOMEM.
 */
int wf_pipeline_set_verdict(struct wf_pipeline *pipeline, struct wf_flow *flow, unsigned int dirs,
			    enum weft_verdict verdict);

/* Its connections, for calls of the control plane (mailbox.h). */
struct wf_conns *wf_pipeline_conns(struct wf_pipeline *pipeline);

void wf_pipeline_free(struct wf_pipeline *pipeline);

#endif
