// SPDX-License-Identifier: BSD-2-Clause
/*
 * conns.c - the entry points of conn/: matches a packet with its flow and processes it, and acts on
 * deadlines.
 */
#include "conn/conns.h"

#include "base/assert.h"
#include "base/clock.h"
#include "conn/close.h"
#include "conn/match.h"
#include "conn/open.h"
#include "conn/segment.h"
#include "conn/wait.h"

void wf_conns_packet(struct wf_conns *conns, const struct wf_packet *packet)
{
	struct wf_flow *flow = wf_match_packet(conns, packet);

	if (wf_likely(flow))
		wf_segment_process(conns, flow, packet);
}

uint64_t wf_conns_clock(struct wf_conns *conns, uint64_t time_ns)
{
	const uint64_t step_ns = WEFT_CLOCK_STEP_SEC * WF_NS_PER_SEC;
	uint64_t now_ns = time_ns - conns->skew_ns;

	if (wf_unlikely(!conns->now_ns))
		conns->now_ns = now_ns;
	/*
	 * True, in arithmetic modulo 2^64, if now_ns is more than step_ns before or after the last
	 * time.
	 */
	if (wf_unlikely(now_ns - conns->now_ns + step_ns > 2 * step_ns)) {
		conns->skew_ns += now_ns - conns->now_ns;
		now_ns = conns->now_ns;
	}
	if (now_ns > conns->now_ns)
		conns->now_ns = now_ns;
	return now_ns;
}

void wf_conns_expire_handshakes(struct wf_conns *conns, uint64_t now_ns)
{
	struct wf_handshake *handshake;

	while ((handshake = wf_half_open_oldest_over(&conns->half_open, now_ns)))
		wf_open_fail(conns, handshake, WEFT_CLOSE_TIMEOUT,
			     wf_half_open_deadline(&conns->half_open, handshake));
}

void wf_conns_tick(struct wf_conns *conns, uint64_t now_ns)
{
	struct wf_flow *flow;

	wf_conns_expire_handshakes(conns, now_ns);
	while ((flow = wf_flow_table_pop_due(&conns->table, now_ns))) {
		if (!wf_close_if_due(conns, flow, now_ns))
			wf_wait_arm(conns, flow, now_ns);
	}
}

void wf_conns_flush(struct wf_conns *conns)
{
	struct wf_handshake *handshake;
	struct wf_flow *flow;

	wf_conns_tick(conns, conns->now_ns);
	/* Every flow has a timer, and all timers are due at UINT64_MAX. */
	while ((flow = wf_flow_table_pop_due(&conns->table, UINT64_MAX))) {
		if (!wf_close_if_due(conns, flow, conns->now_ns))
			wf_close_late(conns, flow, WEFT_CLOSE_END, conns->now_ns);
	}
	while ((handshake = wf_half_open_oldest_over(&conns->half_open, UINT64_MAX)))
		wf_open_fail(conns, handshake, WEFT_CLOSE_END, conns->now_ns);
}
