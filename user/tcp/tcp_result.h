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
	/* the segment is rejected; the caller ignores its payload and its acknowledgement */
	WF_TCP_IGNORE,
	/*
	 * a keep-alive probe, or an empty segment of a sender whose IRS is unknown; the payload, at
	 * most one byte (repeated or garbage), is ignored
	 */
	WF_TCP_KEEPALIVE,
	WF_TCP_RESET, /* a reset with the exact sequence number; it ends the connection */
	/* a SYN that does not belong to this connection; it may open another one */
	WF_TCP_SYN_OTHER,
	/*
	 * the SYN of a stream of which a later segment or an acknowledgement was seen first; it
	 * sets the IRS
	 */
	WF_TCP_SYN_LATE,
};
#define WF_TCP_VERDICT_COUNT (WF_TCP_SYN_LATE + 1)

struct wf_tcp_result {
	enum wf_tcp_verdict verdict;
	/* stream offset of the payload; negative: before the start of the stream */
	int64_t off;
	/*
	 * number of acceptable payload bytes: without bytes after the FIN, and, in a late SYN,
	 * without bytes known already
	 */
	uint32_t len_bytes;
	uint32_t cut_bytes; /* number of payload bytes after the FIN, which are rejected */
	uint32_t anomalies; /* mask of 1u << enum weft_anomaly */
	/*
	 * number of bytes by which the start of the stream moved back; the caller adds it to the
	 * offsets of all held data
	 */
	uint32_t moved_bytes;
	/* the segment acknowledges more bytes of the other direction than all earlier ones */
	bool acked;
	/* the segment contains an accepted FIN, and no FIN of its sender was known before */
	bool fin;
	/* the payload begins beyond all bytes seen, so bytes before it are missing */
	bool jumped;
};

#endif
