/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tcp_track.h - decides what one segment means for its connection.
 *
 * A segment is checked as its receiver checks it, as far as an observer on the path can know:
 *
 * - A segment is rejected if its receiver certainly rejects it: it has no ACK flag, although
 *   other segments of the connection have one; its data or its acknowledgement is far outside an
 *   announced window; PAWS rejects its timestamp; or it is a reset without the exact number (RFC
 *   5961). Of a segment with data beyond a FIN, only that data is rejected.
 * - Segments may be missing in the capture. Therefore PAWS does not reject data that the peer has
 *   acknowledged, but that was not delivered yet, unless its timestamp is extremely old. After a
 *   gap, or after data in order beyond the known window, the window is treated as unknown until the
 *   next higher acknowledgement. If one side acknowledges data that was rejected, segments are
 *   missing, and the window is treated as unknown too.
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
 * Update @tcp as the receiver of @packet would. @dir: direction of @packet; @next_off: offset of
 * the next byte to deliver of each stream, indexed by direction.
 */
void wf_tcp_track(struct wf_tcp *tcp, unsigned int dir, const struct wf_packet *packet,
		  const uint64_t next_off[2], struct wf_tcp_result *ret_result);

#endif
