/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tcp_track.h - the meaning of one segment for its connection.
 *
 * A segment is checked as its receiver checks it, but only as far as a bystander can know:
 *
 * - Strict where the receiver provably rejects: no ACK flag; data or an acknowledgement
 *   far outside a window that was seen announced; a timestamp that
 *   PAWS rejects; a reset that is not exact (RFC 5961); data behind a FIN.
 * - Liberal where segments may have been missed: data that the peer acknowledged and weft lacks is
 *   always accepted; after a gap, or after data in order beyond the known window, the window counts
 *   as unknown until it is announced again; a rejected stretch of data that the other side
 *   acknowledges shows that weft missed segments.
 *
 * Thread: the flow's worker. No memory of its own.
 */
#ifndef WF_TCP_TCP_TRACK_H
#define WF_TCP_TCP_TRACK_H

#include <stdbool.h>
#include <stdint.h>

#include "tcp/tcp_result.h"
#include "tcp/tcp_state.h"

struct wf_packet;

/*
 * Update @tcp as the receiver of @packet would. @dir: direction of @packet; @next_off: next offsets
 * of both streams, by direction.
 */
void wf_tcp_track(struct wf_tcp *tcp, unsigned int dir, const struct wf_packet *packet,
		  const uint64_t next_off[2], struct wf_tcp_result *ret_result);

#endif
