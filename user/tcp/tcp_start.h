/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tcp_start.h - where a sender's stream starts.
 *
 * Without a SYN the first byte seen is taken for the first of the stream. In state STARTING
 * (half_state.h) earlier bytes, or the SYN, still move the start back. Later they don't: nothing
 * can be put in front of bytes that were delivered, so that is reported once as an anomaly.
 *
 * Thread: the flow's worker.
 */
#ifndef WF_TCP_TCP_START_H
#define WF_TCP_TCP_START_H

#include <stdbool.h>
#include <stdint.h>

#include "tcp/tcp_state.h"
#include "tcp/tcp_result.h"

struct wf_packet;

/* Is a SYN of the sender @self a retransmission of its own, or another connection's? */
bool wf_tcp_start_is_syn_of(const struct wf_tcp_dir *self, const struct wf_packet *packet);

/*
 * The SYN of @self, which was seen to send, or whose data was seen acknowledged, before. The
 * receiver accepted payload of the SYN up to the bytes that are known already.
 */
enum wf_tcp_verdict wf_tcp_start_at_syn(struct wf_tcp_dir *self, struct wf_tcp_dir *peer,
					const struct wf_packet *packet,
					struct wf_tcp_result *result);

/* The first segment with data of @self sets the IRS. Return: false: the IRS is not known. */
bool wf_tcp_start_at_data(struct wf_tcp_dir *self, const struct wf_packet *packet);

/* Data before the first byte that was seen: move the start back, or report it. */
void wf_tcp_start_earlier(struct wf_tcp_dir *self, const struct wf_packet *packet,
			  struct wf_tcp_result *result);

#endif
