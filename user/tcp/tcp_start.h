/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tcp_start.h - where a sender's stream starts.
 *
 * Without a SYN the first byte seen is taken for the first of the stream. In state STARTING
 * (half_state.h) earlier bytes, or the SYN, still move the start back. After that the start is
 * fixed, since nothing can be inserted before delivered bytes; earlier bytes are reported once as
 * an anomaly.
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
 * Process the SYN of @self, of which a segment, or an acknowledgement of its data, was seen before.
 * The payload of the SYN is accepted up to the bytes that are already known.
 */
enum wf_tcp_verdict wf_tcp_start_at_syn(struct wf_tcp_dir *self, struct wf_tcp_dir *peer,
					const struct wf_packet *packet,
					struct wf_tcp_result *result);

/* Set the IRS from the first segment of @self with data. Return: false if the IRS is not known. */
bool wf_tcp_start_at_data(struct wf_tcp_dir *self, const struct wf_packet *packet);

/* Process data before the first byte seen: move the start back, or report an anomaly. */
void wf_tcp_start_earlier(struct wf_tcp_dir *self, const struct wf_packet *packet,
			  struct wf_tcp_result *result);

#endif
