/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tcp_track.h - what one segment means to its connection.
 *
 * Judges as the receiver would, but only as far as a bystander can know:
 *
 * - Strict where the receiver provably refuses: no ACK flag; data or an acknowledgement
 *   far outside a window that was seen announced; a timestamp that
 *   PAWS rejects; a reset that is not exact (RFC 5961); data behind a FIN.
 * - Liberal where packets may have been missed: what the peer acknowledged and we
 *   lack is always taken; after a gap, or data beyond the known window that goes on
 *   in order, the window counts as unknown until it is announced again; one
 *   refused stretch of data that the other side acknowledges ends the doubt.
 *
 * Thread: the flow's worker. No memory of its own.
 */
#ifndef WF_TCP_TCP_TRACK_H
#define WF_TCP_TCP_TRACK_H

#include <stdbool.h>
#include <stdint.h>

#include <weft/event.h>

#include "tcp/tcp_state.h"

struct wf_packet;

enum wf_tcp_verdict {
	WF_TCP_ACCEPT = 0, /* payload belongs at ret->off, if ret->len_bytes is not 0 */
	WF_TCP_IGNORE, /* the receiver refuses it: payload and acknowledgement count for nothing */
	WF_TCP_KEEPALIVE, /* no data: at most the byte before the next one, or garbage in its place
			   */
	WF_TCP_RESET,	  /* an exact reset: the connection is over */
	WF_TCP_SYN_OTHER, /* a SYN that is not this connection's: maybe the next one's */
	WF_TCP_SYN_LATE,  /* the SYN of a stream that was begun without: tells where 0 is */
};
#define WF_TCP_VERDICT_COUNT (WF_TCP_SYN_LATE + 1)

struct wf_tcp_result {
	enum wf_tcp_verdict verdict;
	int64_t off;	      /* stream offset of the payload; negative: before its start */
	uint32_t len_bytes;   /* payload up to the FIN */
	uint32_t cut_bytes;   /* payload behind the FIN: never acceptable */
	uint32_t anomalies;   /* 1u << enum weft_anomaly */
	uint32_t moved_bytes; /* base_seq moved so far back: all offsets grow by it */
	bool acked;	      /* what is acknowledged of the other direction grew */
	bool fin;	      /* this segment told the FIN for the first time */
	bool jumped;	      /* begins beyond all that was seen: something before it is missing */
};

/*
 * @dir: direction of @packet; @next_off: progress of both streams, by direction.
 * Updates @tcp as the receiver would.
 */
void wf_tcp_track(struct wf_tcp *tcp, unsigned int dir, const struct wf_packet *packet,
		  const uint64_t next_off[2], struct wf_tcp_result *ret_result);

/* Is a SYN of the sender of @self its own handshake once more, or another connection's? */
bool wf_tcp_syn_is_ours(const struct wf_tcp_dir *self, const struct wf_packet *packet);

#endif
