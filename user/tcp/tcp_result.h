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
	WF_TCP_ACCEPT = 0, /* the payload belongs at result->off, if result->len_bytes is not 0 */
	WF_TCP_IGNORE,	   /* the receiver rejects it: neither payload nor acknowledgement counts */
	/* a keep-alive probe, without data: at most the byte before the next one, or garbage */
	WF_TCP_KEEPALIVE,
	WF_TCP_RESET,	  /* an exact reset: the connection is over */
	WF_TCP_SYN_OTHER, /* a SYN that is not this connection's, but maybe the next one's */
	WF_TCP_SYN_LATE,  /* the SYN of a stream that started without one; sets its IRS */
};
#define WF_TCP_VERDICT_COUNT (WF_TCP_SYN_LATE + 1)

struct wf_tcp_result {
	enum wf_tcp_verdict verdict;
	int64_t off;	      /* stream offset of the payload; negative: before the start */
	uint32_t len_bytes;   /* payload bytes, without those beyond the end of the stream */
	uint32_t cut_bytes;   /* payload after the FIN, which is rejected */
	uint32_t anomalies;   /* mask of 1u << enum weft_anomaly */
	uint32_t moved_bytes; /* bytes by which the start moved back; all offsets grow by that */
	bool acked;	      /* more bytes of the other direction are acknowledged */
	bool fin;	      /* the first segment that brought the FIN */
	bool jumped;	      /* begins beyond all bytes seen: bytes before it are missing */
};

#endif
