/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tcp_start.h - determines the start of a sender's stream from its SYN or its first data.
 *
 * If no SYN was seen, the first byte seen is used as the first byte of the stream. In state
 * STARTING (half_state.h), earlier bytes or the SYN move the start back. After this state, the
 * start is fixed, because nothing can be inserted before delivered bytes. If earlier bytes then
 * arrive, or in state STARTING bytes that are earlier by more than WEFT_START_PATIENCE_BYTES,
 * these functions set the anomaly WEFT_ANOMALY_DATA_BEFORE_START, once per stream.
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

/* Return true if the SYN @packet of the sender @self belongs to this connection. */
bool wf_tcp_start_is_syn_of(const struct wf_tcp_dir *self, const struct wf_packet *packet);

/*
 * Process a SYN of @self that was recorded after a later segment of @self, or after an
 * acknowledgement of its data. Of the SYN's payload, the bytes before the stream's start so far are
 * accepted, or, if there was no start yet, those before the peer's acknowledgement. The caller ends
 * the state STARTING, because that state has deadlines. Return: WF_TCP_SYN_LATE; WF_TCP_IGNORE if
 * the IRS is known from a SYN already, or if the start can no longer move.
 */
enum wf_tcp_verdict wf_tcp_start_at_syn(struct wf_tcp_dir *self, struct wf_tcp_dir *peer,
					const struct wf_packet *packet,
					struct wf_tcp_result *result);

/*
 * Set the IRS from the first segment of @self with data or a FIN, except a keep-alive. Return:
 * false if the IRS is still unknown.
 */
bool wf_tcp_start_at_data(struct wf_tcp_dir *self, const struct wf_packet *packet);

/*
 * Process data that lies before the start of the stream: move the start back, or set an anomaly. Do
 * nothing if the IRS is known from a SYN.
 */
void wf_tcp_start_earlier(struct wf_tcp_dir *self, const struct wf_packet *packet,
			  struct wf_tcp_result *result);

#endif
