// SPDX-License-Identifier: BSD-2-Clause
/*
 * kernel.c - adds requests for verdicts to the list of the worker, and reads the kernel's counts.
 */
#include "conn/kernel.h"

#include "base/clock.h"
#include "metrics/metrics.h"

/*
 * For this time after the last result of a request, and after its own last request,
 * wf_kernel_note_late() makes no new request. So it makes at most one request per LATE_NS and
 * direction, unless the flow has no extension, which stores the time.
 */
#define LATE_NS (10 * WF_NS_PER_MS)

/*
 * Header bytes assumed for each segment that the kernel counts. This is exact enough to tell apart
 * offsets that are 4 GiB apart.
 */
enum { HEADER_BYTES = 52 };

/* Length of an Ethernet header, and of a VLAN tag. */
enum { ETHERNET_BYTES = 14, TAG_BYTES = 4 };

/* ---- requests --------------------------------------------------------------------- */

static void add_request(const struct wf_half *half, enum weft_verdict verdict)
{
	struct wf_kernel *kernel = half->conns->kernel;

	if (kernel->count == WF_KERNEL_REQUESTS)
		return;
	kernel->requests[kernel->count++] = (struct wf_kernel_request){
		.key = half->flow->key,
		.hash = half->flow->hash,
		.id = half->flow->id,
		.dir = half->dir,
		.verdict = verdict,
	};
}

void wf_kernel_request_bypass(const struct wf_half *half)
{
	if (!wf_half_kernel(half) || wf_half_is_bypassed(half))
		return;
	wf_tcp_set_bypassed(half->tcp, true);
	add_request(half, WEFT_VERDICT_SHUNT);
}

void wf_kernel_note_late(const struct wf_half *half, const struct wf_packet *packet)
{
	struct wf_flow_ext *ext = wf_half_ext(half);
	bool is_passed = ext && ext->verdict[half->dir] == WEFT_VERDICT_PASS;

	wf_metric_inc(half->conns->metrics, shunts_late_segments);
	if (ext && packet->time_ns <= ext->bypass[half->dir].last_ns + LATE_NS)
		return;
	if (ext)
		/* limits the requests to one per LATE_NS */
		ext->bypass[half->dir].last_ns = packet->time_ns;
	add_request(half, is_passed ? WEFT_VERDICT_PASS : WEFT_VERDICT_SHUNT);
}

/* ---- counts ----------------------------------------------------------------------- */

/*
 * Return the increase of a kernel count from @before to @now. If @now is smaller, the kernel has
 * made a new entry, which began at 0.
 */
static uint64_t grown(uint64_t now, uint64_t before)
{
	return now >= before ? now - before : now;
}

/*
 * Add the increase of the kernel's counts to direction @dir. The kernel's counts belong to this
 * flow only if a verdict was set on the direction.
 */
static void follow(struct wf_flow_ext *ext, enum weft_dir dir, const struct wf_kept *kept,
		   unsigned int endpoint)
{
	struct wf_flow_bypass *bypass = &ext->bypass[dir];

	if (ext->was_bypassed[dir]) {
		bypass->kept_packets += grown(kept->packets[endpoint], bypass->base_packets);
		bypass->kept_bytes += grown(kept->bytes[endpoint], bypass->base_bytes);
	}
	bypass->base_packets = kept->packets[endpoint];
	bypass->base_bytes = kept->bytes[endpoint];
}

void wf_kernel_follow(struct wf_conns *conns, struct wf_flow *flow, const struct wf_kept *kept)
{
	struct wf_flow_ext *ext = wf_flow_table_ext(&conns->table, flow);

	for (int dir = 0; ext && dir < 2; dir++)
		follow(ext, (enum weft_dir)dir, kept, wf_kernel_endpoint(flow, (enum weft_dir)dir));
}

/* Read the kernel's record of @flow and update the counts of @flow. */
static int look(struct wf_conns *conns, struct wf_flow *flow, struct wf_kept *ret_kept)
{
	int err = conns->kernel->look(conns->kernel->ctx, &flow->key, ret_kept);

	if (!err)
		wf_kernel_follow(conns, flow, ret_kept);
	return err;
}

uint64_t wf_kernel_estimate_off(const struct wf_half *half)
{
	uint64_t next_off = half->stream->next_off;
	struct wf_flow_ext *ext = wf_half_ext(half);
	struct wf_flow_bypass before;
	struct wf_kept kept;
	uint64_t packets;
	uint64_t bytes;

	if (!ext)
		return next_off;
	before = ext->bypass[half->dir];
	if (look(half->conns, half->flow, &kept))
		return next_off;
	packets = ext->bypass[half->dir].kept_packets - before.kept_packets;
	bytes = ext->bypass[half->dir].kept_bytes - before.kept_bytes;
	return next_off + (bytes > packets * HEADER_BYTES ? bytes - packets * HEADER_BYTES : 0);
}

bool wf_kernel_is_busy(struct wf_conns *conns, struct wf_flow *flow, uint64_t now_ns)
{
	struct wf_kept kept;
	uint64_t last_ns;

	if (look(conns, flow, &kept) || kept.idle_ns > now_ns)
		return false;
	last_ns = now_ns - kept.idle_ns;
	if (last_ns <= flow->last_ns)
		return false;
	flow->last_ns = last_ns;
	return true;
}

/*
 * Return the link-layer bytes before each segment of @flow, which the kernel does not count, but
 * flow->bytes includes: those of an Ethernet header and of VLAN tags. The padding of bypassed
 * segments without data is not known and not added.
 */
static uint64_t link_header_bytes(const struct wf_flow *flow)
{
	const uint16_t *vlan = flow->key.vlan;

	if (flow->is_bare)
		return 0;
	return ETHERNET_BYTES + (uint64_t)TAG_BYTES * (!!vlan[0] + !!vlan[1]);
}

void wf_kernel_settle(struct wf_conns *conns, struct wf_flow *flow)
{
	struct wf_flow_ext *ext = wf_flow_table_ext(&conns->table, flow);
	struct wf_kept kept;

	if (!flow->iface || !ext || (!ext->was_bypassed[0] && !ext->was_bypassed[1]))
		return;
	look(conns, flow, &kept);
	for (int dir = 0; dir < 2; dir++) {
		struct wf_flow_bypass *bypass = &ext->bypass[dir];

		if (!ext->was_bypassed[dir])
			continue;
		bypass->kept_bytes += bypass->kept_packets * link_header_bytes(flow);
		flow->packets[dir] += bypass->kept_packets;
		flow->bytes[dir] += bypass->kept_bytes;
	}
}
