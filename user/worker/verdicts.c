// SPDX-License-Identifier: BSD-2-Clause
/*
 * verdicts.c - sets verdicts in the kernel or, without kernel programs, in user space, and reports
 * the result to the connections.
 */
#include "worker/verdicts.h"

#include <errno.h>

#include "conn/bypass.h"
#include "conn/close.h"
#include "conn/conn.h"

static int look(void *ctx, const struct weft_flow_key *key, struct wf_kept *ret_kept)
{
	static const enum weft_verdict keep[2] = {WEFT_VERDICT_KEEP, WEFT_VERDICT_KEEP};
	const struct wf_verdicts *verdicts = ctx;

	return verdicts->set(verdicts->set_ctx, key, keep, ret_kept);
}

void wf_verdicts_init(struct wf_verdicts *verdicts, struct wf_conns *conns, wf_set_verdict_fn set,
		      void *set_ctx)
{
	verdicts->conns = conns;
	conns->requests = &verdicts->kernel;
	if (!set)
		return;
	verdicts->set = set;
	verdicts->set_ctx = set_ctx;
	verdicts->kernel.look = look;
	verdicts->kernel.ctx = verdicts;
	conns->kernel = &verdicts->kernel;
}

/* Return true if a kernel program steers the segments of @flow, and so carries out its verdicts. */
static bool is_steered(const struct wf_verdicts *verdicts, const struct wf_flow *flow)
{
	return verdicts->set && flow->iface;
}

static int carry_out(struct wf_verdicts *verdicts, struct wf_flow *flow,
		     const struct wf_kernel_request *request)
{
	enum weft_verdict verdict[2] = {WEFT_VERDICT_KEEP, WEFT_VERDICT_KEEP};
	bool is_counted = true;
	struct wf_kept kept;
	int err = 0;

	verdict[wf_kernel_endpoint(flow, request->dir)] = request->verdict;
	if (is_steered(verdicts, flow))
		err = verdicts->set(verdicts->set_ctx, &request->key, verdict, &kept);
	else
		wf_bypass_in_user_space(flow, request, &kept);
	/* The verdict is set, but the kernel's counts could not be read. */
	if (err == -EAGAIN) {
		is_counted = false;
		err = 0;
	}
	wf_bypass_done(verdicts->conns, request, err, is_counted ? &kept : NULL);
	return err;
}

static int set(struct wf_verdicts *verdicts, struct wf_flow *flow,
	       const struct wf_flow_request *wanted)
{
	for (uint8_t endpoint = 0; endpoint < 2; endpoint++) {
		struct wf_half half =
			wf_half_of(verdicts->conns, flow, wf_flow_dir(flow, endpoint));
		struct wf_kernel_request request;
		int err;

		if (!(wanted->endpoints & 1u << endpoint))
			continue;
		err = wf_bypass_prepare(&half, wanted->verdict, &request);
		if (!err)
			err = carry_out(verdicts, flow, &request);
		if (err)
			return err;
	}
	return 0;
}

/*
 * End @flow. If a kernel program steers its segments, the flow's kernel entry then bypasses its
 * data, so that only SYN, FIN and RST segments reach weft.
 */
static int end(struct wf_verdicts *verdicts, struct wf_flow *flow)
{
	static const enum weft_verdict both[2] = {WEFT_VERDICT_SHUNT, WEFT_VERDICT_SHUNT};
	struct wf_kept kept;

	if (is_steered(verdicts, flow))
		verdicts->set(verdicts->set_ctx, &flow->key, both, &kept);
	wf_close_by_application(verdicts->conns, flow);
	return 0;
}

/*
 * Carry out @request. Callbacks of the resulting events may make further requests, which are put in
 * later[].
 */
static int act(struct wf_verdicts *verdicts, struct wf_flow *flow,
	       const struct wf_flow_request *request)
{
	bool is_inside = verdicts->is_inside;
	int err;

	verdicts->is_inside = true;
	err = request->is_end ? end(verdicts, flow) : set(verdicts, flow, request);
	verdicts->is_inside = is_inside;
	return err;
}

int wf_verdicts_request(struct wf_verdicts *verdicts, const struct wf_flow_request *request)
{
	struct wf_flow *flow =
		wf_flow_table_find(&verdicts->conns->table, &request->key, request->hash);

	if (!flow || flow->flags & WF_FLOW_ENDED)
		return -ENOENT;
	if (!verdicts->is_inside)
		return act(verdicts, flow, request);
	if (verdicts->later_count == WF_VERDICTS_LATER)
		return -ENOBUFS;
	verdicts->later[verdicts->later_count++] = *request;
	return 0;
}

static void run_later(struct wf_verdicts *verdicts)
{
	/* A request that is carried out may add others to the list. */
	for (uint32_t i = 0; i < verdicts->later_count; i++) {
		const struct wf_flow_request request = verdicts->later[i];
		struct wf_flow *flow =
			wf_flow_table_find(&verdicts->conns->table, &request.key, request.hash);

		if (flow && !(flow->flags & WF_FLOW_ENDED))
			act(verdicts, flow, &request);
	}
	verdicts->later_count = 0;
}

void wf_verdicts_run(struct wf_verdicts *verdicts)
{
	struct wf_kernel *kernel = &verdicts->kernel;

	verdicts->conns->wants_verdict = false;
	if (verdicts->later_count)
		run_later(verdicts);
	for (uint32_t i = 0; i < kernel->count; i++) {
		const struct wf_kernel_request *request = &kernel->requests[i];
		struct wf_flow *flow =
			wf_flow_table_find(&verdicts->conns->table, &request->key, request->hash);

		if (flow && flow->id == request->id && !(flow->flags & WF_FLOW_ENDED))
			carry_out(verdicts, flow, request);
	}
	kernel->count = 0;
}
