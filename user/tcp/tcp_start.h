/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tcp_start.h - determines the start of a sender's stream from its SYN or its first data.
 *
 * If no SYN was seen, the first byte seen is used as the first byte of the stream. In state
 * STARTING (half_state.h), earlier bytes or the SYN move the start back. After this state, the
 * start is fixed, because nothing can be inserted before delivered bytes. If earlier bytes then
 * arrive, these functions set the anomaly WEFT_ANOMALY_DATA_BEFORE_START, once per stream.
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
 * Process the SYN of @self, which was recorded after a later segment of @self, or after an
 * acknowledgement of its data. The payload of the SYN is accepted up to the first byte that is
 * already known.
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
 * Process data that lies before the start of the stream: move the start back, or report an anomaly.
 */
void wf_tcp_start_earlier(struct wf_tcp_dir *self, const struct wf_packet *packet,
			  struct wf_tcp_result *result);

#endif
