/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pipeline_opts.h - the arguments of wf_pipeline_new(): options, and the objects that a pipeline
 * borrows.
 */
#ifndef WF_WORKER_PIPELINE_OPTS_H
#define WF_WORKER_PIPELINE_OPTS_H

#include <stdint.h>

#include <weft/flows.h>
#include <weft/opts.h>

#include "bpf/hash.h"
#include "worker/verdicts.h"

struct wf_arena;
struct wf_claims;
struct wf_dispatch;
struct wf_frame;
struct wf_marks;
struct wf_splits;
struct wf_unread;
struct wf_metrics;
struct wf_owner;
struct wf_page_pool;
struct wf_pcap_filter;
struct wf_rules;
struct wf_segment_filter;

struct wf_pipeline_opts {
	const struct weft_opts *weft; /* options of the handle with all defaults filled in; must
					 outlive the pipeline */
	struct weft_hash_secret secret;
	/* seed of the ids of flows; see flow/flow_id.h */
	uint64_t id_seed;
	const struct weft_tunnel_ports *tunnel_ports; /* borrowed; NULL: the default ports */
	/*
	 * borrowed: the NIC's hash, if it selects the worker; NULL: weft's keyed hash selects the
	 * worker
	 */
	const struct wf_rss *rss;
	uint32_t worker; /* index of this worker */
	uint32_t workers;
	struct wf_arena *arena; /* borrowed, like the next three members */
	struct wf_page_pool *pages;
	struct wf_metrics *metrics;
	struct wf_dispatch *dispatch;
	/*
	 * borrowed; shared by all workers; NULL: directions in different VLANs are not looked for
	 */
	struct wf_splits *splits;
	struct wf_unread *unread; /* borrowed: counts of frames without TCP; NULL: not counted */
	/*
	 * borrowed; shared by all workers: senders whose wrong checksums are accepted; NULL: none
	 */
	struct wf_marks *marks;
	const struct wf_pcap_filter *filter;		/* NULL: no filter */
	const struct wf_segment_filter *segment_filter; /* NULL: each segment is wanted */
	/* the struct is copied, its lists are not; NULL: the rules follow from the options @weft */
	const struct wf_rules *rules;
	/*
	 * a kernel program filters received frames, so segment_filter is applied only to rebuilt
	 * datagrams, submitted packets, and frames that were filtered by an earlier policy
	 */
	bool kernel_filters;

	/*
	 * State of the ownership checks: one thread runs this pipeline, and one worker owns each
	 * flow. NULL: ownership is not checked.
	 */
	struct wf_owner *owner;
	struct wf_claims *claims;

	/*
	 * Pass a frame to another worker: the owner of its flow, or the worker that rebuilds its
	 * datagram. Takes the frame's page reference.
	 */
	void (*handoff)(void *ctx, uint32_t worker, const struct wf_frame *frame);
	void *handoff_ctx;

	weft_flow_release_fn release; /* set by weft_flow_on_release(); NULL: none */
	void *release_ctx;

	/* NULL if no kernel program steers packets to this worker */
	wf_set_verdict_fn set_verdict;
	void *set_verdict_ctx;
};

#endif
