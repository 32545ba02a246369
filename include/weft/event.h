/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event.h - what a subscription is told: open, data, gap, close, and what went wrong.
 *
 * For each direction of a connection, DATA and GAP events carry stream offsets
 * that rise without overlap and leave nothing out: the next event's offset is
 * the last one's offset + length. OPEN comes first, CLOSE last and once.
 */
#ifndef WEFT_EVENT_H
#define WEFT_EVENT_H

#include <stdint.h>

#include <weft/api.h>
#include <weft/flow.h>

WEFT_BEGIN_DECLS

enum weft_event_type {
	WEFT_EVENT_OPEN = 0, /* connection known; no data before it */
	WEFT_EVENT_DATA,
	WEFT_EVENT_GAP,
	WEFT_EVENT_CLOSE,
	WEFT_EVENT_ANOMALY,
	WEFT_EVENT_DROP, /* the subscription's own queue overflowed here */
};
#define WEFT_EVENT_TYPE_COUNT (WEFT_EVENT_DROP + 1)

/** Why bytes are missing. */
enum weft_gap_cause {
	WEFT_GAP_NOT_CAPTURED = 0, /* the receiver acknowledged what we never saw */
	WEFT_GAP_TIMEOUT,	   /* nothing filled the hole in time, no acknowledgement told */
	WEFT_GAP_LIMIT,		   /* the direction's page limit was reached */
	WEFT_GAP_MEMORY,	   /* given up under memory pressure */
	WEFT_GAP_SNAPPED,	   /* captured with too short a snap length */
	WEFT_GAP_CLOSED,	   /* the connection ended with the hole open */
	WEFT_GAP_DEPTH,		   /* beyond the depth limit: not wanted */
	WEFT_GAP_SHUNTED,	   /* left to the kernel by hand: not wanted */
};
#define WEFT_GAP_CAUSE_COUNT (WEFT_GAP_SHUNTED + 1)

/** What was odd. EVE's event_type is "anomaly", its anomaly.event the name in lower case. */
enum weft_anomaly {
	WEFT_ANOMALY_OVERLAP_CONFLICT = 0, /* two versions of the same bytes */
	WEFT_ANOMALY_RST_OUT_OF_WINDOW,	   /* a reset that the receiver would not have taken */
	WEFT_ANOMALY_SYN_IN_CONNECTION,
	WEFT_ANOMALY_DATA_OUT_OF_WINDOW,
	WEFT_ANOMALY_ACK_OF_UNSENT, /* acknowledges what was never sent */
	WEFT_ANOMALY_DATA_AFTER_FIN,
	WEFT_ANOMALY_PAWS,		/* timestamp too old */
	WEFT_ANOMALY_URGENT,		/* urgent data, delivered in line */
	WEFT_ANOMALY_DATA_BEFORE_START, /* the stream began earlier than was known when its
					   delivery began: bytes before offset 0 are missing */
};
#define WEFT_ANOMALY_COUNT (WEFT_ANOMALY_DATA_BEFORE_START + 1)

/* Of each version of conflicting bytes, at most so many are told. */
#define WEFT_CONFLICT_BYTES_MAX 64

/**
 * struct weft_event - one thing that happened on one connection
 * @type:    which member of the union is filled
 * @dir:     which direction it is about; of OPEN and CLOSE: WEFT_TO_SERVER
 * @time_ns: capture time of the packet that caused it, ns since 1970; live: when its
 *           worker took it, but at most one tick of the kernel's timer after it came
 * @flow:    the connection; borrowed, valid as long as the event is; NULL for DROP,
 *           which may be about many
 *
 * An event is lent: to an inline consumer until its callback returns, to a
 * queued one until its next weft_sub_poll(). @data.bytes likewise.
 */
struct weft_event {
	enum weft_event_type type;
	enum weft_dir dir;
	uint64_t time_ns;
	const struct weft_flow *flow;
	union {
		struct {
			const uint8_t *bytes;
			uint32_t len_bytes; /* 1 or more */
			uint64_t off;	    /* stream offset of bytes[0] */
		} data;
		struct {
			uint64_t off;
			uint64_t len_bytes;
			enum weft_gap_cause cause;
		} gap;
		const struct weft_flow_record *close;
		struct {
			enum weft_anomaly kind;
			uint64_t off;	      /* stream offset it is about */
			uint64_t len_bytes;   /* how much of the stream */
			const uint8_t *kept;  /* OVERLAP_CONFLICT: version kept ... */
			const uint8_t *lost;  /* ... and the other */
			uint32_t shown_bytes; /* of each, at most WEFT_CONFLICT_BYTES_MAX */
		} anomaly;
		struct {
			uint64_t events;     /* lost between the event before and the next */
			uint64_t data_bytes; /* ... of which payload */
		} drop;
	};
};

/* Lower-case names as in JSON events; never NULL. Static strings. Thread: any. */
const char *weft_close_reason_name(enum weft_close_reason reason);
const char *weft_flow_state_name(enum weft_flow_state state);
const char *weft_gap_cause_name(enum weft_gap_cause cause);
const char *weft_anomaly_name(enum weft_anomaly kind);

WEFT_END_DECLS

#endif
