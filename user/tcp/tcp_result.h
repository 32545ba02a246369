/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tcp_result.h - the outcome of tracking one segment.
 */
#ifndef WF_TCP_TCP_RESULT_H
#define WF_TCP_TCP_RESULT_H

#include <stdbool.h>
#include <stdint.h>

#include <weft/event.h>

enum wf_tcp_verdict {
	/* the segment is acceptable; result->len_bytes bytes of payload begin at result->off */
	WF_TCP_ACCEPT = 0,
	/* the receiver rejects the segment; its payload and acknowledgement are ignored */
	WF_TCP_IGNORE,
	/*
	 * a keep-alive probe; its payload, if any, is a repeated or a garbage byte and is ignored
	 */
	WF_TCP_KEEPALIVE,
	WF_TCP_RESET, /* a reset with the exact sequence number; it ends the connection */
	/* a SYN that does not belong to this connection; it may open another one */
	WF_TCP_SYN_OTHER,
	WF_TCP_SYN_LATE, /* the SYN of a stream whose data was seen first; it sets the IRS */
};
#define WF_TCP_VERDICT_COUNT (WF_TCP_SYN_LATE + 1)

struct wf_tcp_result {
	enum wf_tcp_verdict verdict;
	/* stream offset of the payload; negative: before the start of the stream */
	int64_t off;
	uint32_t len_bytes; /* length of the payload, without bytes after the FIN */
	uint32_t cut_bytes; /* number of payload bytes after the FIN, which are rejected */
	uint32_t anomalies; /* mask of 1u << enum weft_anomaly */
	/*
	 * number of bytes by which the start of the stream moved back; all offsets increase by this
	 * number
	 */
	uint32_t moved_bytes;
	bool acked; /* the segment acknowledges more bytes of the other direction */
	bool fin;   /* the segment is the first one that contains the FIN */
	/* the payload begins beyond all bytes seen, so bytes before it are missing */
	bool jumped;
};

#endif
