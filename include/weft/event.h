/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event.h - the events of a connection (open, data, gap, close, anomaly), and the event that
 * reports dropped events.
 *
 * The DATA and GAP events of one direction cover its stream without overlap: the offset of each
 * event is the offset + length of the previous one. If a subscription receives all types of events,
 * the first event of a connection is OPEN, and the last one is CLOSE.
 *
 * If events are dropped because a queue is full or memory pressure is critical, DATA, GAP and DROP
 * events together cover the stream without overlap, unless a DROP event sums up several
 * connections. If there is no room for an OPEN event, it is delivered later, marked as midway, or
 * no event of its connection is delivered. The CLOSE event of a connection whose OPEN was delivered
 * is dropped only if many connections end while the queue is full.
 */
#ifndef WEFT_EVENT_H
#define WEFT_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include <weft/api.h>
#include <weft/flow.h>
#include <weft/table.h>

WEFT_BEGIN_DECLS

enum weft_event_type {
	/* first event of a connection; see @midway for a subscription that began after it */
	WEFT_EVENT_OPEN = 0,
	WEFT_EVENT_DATA,
	WEFT_EVENT_GAP,
	WEFT_EVENT_CLOSE,
	WEFT_EVENT_ANOMALY,
	/* events were dropped: the subscription's queue was full, or memory pressure critical */
	WEFT_EVENT_DROP,
};
#define WEFT_EVENT_TYPE_COUNT (WEFT_EVENT_DROP + 1)

#define WEFT_GAP_CAUSES(X)                                                                     \
	X(WEFT_GAP_NOT_CAPTURED, 0, "not_captured",                                            \
	  "the receiver acknowledged bytes that were never captured")                          \
	X(WEFT_GAP_TIMEOUT, 1, "timeout",                                                      \
	  "missing bytes neither arrived nor were acknowledged before the gap timeout")        \
	X(WEFT_GAP_LIMIT, 2, "limit",                                                          \
	  "the limit of pages held out of order in one direction was reached")                 \
	X(WEFT_GAP_MEMORY, 3, "memory",                                                        \
	  "held data was removed, or missing bytes were not waited for, because memory was "   \
	  "short")                                                                             \
	X(WEFT_GAP_SNAPPED, 4, "snapped", "the snap length truncated the captured segment")    \
	X(WEFT_GAP_CLOSED, 5, "closed", "the connection ended while bytes were still missing") \
	X(WEFT_GAP_DEPTH, 6, "depth", "the bytes are beyond the depth limit")                  \
	X(WEFT_GAP_SHUNTED, 7, "shunted",                                                      \
	  "the direction was bypassed or ignored, by weft_flow_set() or a verdict rule")

/** Cause of a gap. EVE: gap.cause; metrics: label cause of weft_gaps_total. */
enum weft_gap_cause { WEFT_GAP_CAUSES(WEFT_TABLE_ENUM) };
#define WEFT_GAP_CAUSE_COUNT (0 WEFT_GAP_CAUSES(WEFT_TABLE_COUNT))

#define WEFT_ANOMALIES(X)                                                                         \
	X(WEFT_ANOMALY_OVERLAP_CONFLICT, 0, "overlap_conflict",                                   \
	  "two segments carry different versions of the same bytes")                              \
	X(WEFT_ANOMALY_RST_OUT_OF_WINDOW, 1, "rst_out_of_window",                                 \
	  "an RST outside the receive window, which the receiver ignores (RFC 9293, 3.10.7.4)")   \
	X(WEFT_ANOMALY_SYN_IN_CONNECTION, 2, "syn_in_connection", "a SYN on an open connection")  \
	X(WEFT_ANOMALY_DATA_OUT_OF_WINDOW, 3, "data_out_of_window",                               \
	  "data outside the receive window")                                                      \
	X(WEFT_ANOMALY_ACK_OF_UNSENT, 4, "ack_of_unsent",                                         \
	  "an acknowledgement of bytes that the other side has not sent")                         \
	X(WEFT_ANOMALY_DATA_AFTER_FIN, 5, "data_after_fin",                                       \
	  "data after the sequence number of its sender's FIN")                                   \
	X(WEFT_ANOMALY_PAWS, 6, "paws",                                                           \
	  "a segment whose timestamp is older than the last accepted one (RFC 7323, 5)")          \
	X(WEFT_ANOMALY_URGENT, 7, "urgent",                                                       \
	  "urgent data, which is delivered as part of the stream")                                \
	X(WEFT_ANOMALY_DATA_BEFORE_START, 8, "data_before_start",                                 \
	  "bytes before stream offset 0, which arrived after delivery of the stream had begun")   \
	X(WEFT_ANOMALY_WRONG_CHECKSUMS, 9, "wrong_checksums",                                     \
	  "nearly all checksums of the sender are wrong, so its wrong segments are accepted too") \
	X(WEFT_ANOMALY_VLAN_SPLIT, 10, "vlan_split",                                              \
	  "the other direction was seen in other VLANs, as a connection of its own")

/** Kind of an anomaly. EVE: anomaly.event; metrics: label kind of weft_anomalies_total. */
enum weft_anomaly { WEFT_ANOMALIES(WEFT_TABLE_ENUM) };
#define WEFT_ANOMALY_COUNT (0 WEFT_ANOMALIES(WEFT_TABLE_COUNT))

/* Maximum number of bytes of each version of conflicting data that an event contains. */
#define WEFT_CONFLICT_BYTES_MAX 64

/**
 * struct weft_open - the beginning of a connection, as an OPEN event reports it
 * @off:       stream offset of the first byte that follows in each direction
 * @isn:       sequence number of the SYN of each direction's sender; the byte at stream offset 0
 *             has the next number. Valid if @has_isn is true
 * @has_isn:   false if the connection is midstream, because bytes before its first one may still
 *             arrive, or if the SYN of this direction was not captured
 * @midway:    true: the subscription gets the connection from these offsets on, and no earlier
 *             bytes. false: both offsets are 0
 * @midstream: true: the handshake was not seen
 */
struct weft_open {
	uint64_t off[WEFT_DIR_COUNT];
	uint32_t isn[WEFT_DIR_COUNT];
	bool has_isn[WEFT_DIR_COUNT];
	bool midway;
	bool midstream;
};

/**
 * struct weft_event - one event of one connection
 * @type:    selects the member of the union that is set
 * @dir:     direction of the stream concerned; WEFT_TO_SERVER for OPEN and CLOSE
 * @time_ns: capture time of the packet, or expiry of the timer, that caused the event, in ns since
 *           1970. Live capture: the time of a packet is at most one tick (jiffy) later than its
 *           arrival in the kernel
 * @flow:    the connection, lent as long as the event; NULL for a DROP that sums up several
 *           connections
 * @user:    the pointer that the application set with weft_flow_user_set(); NULL in a queued
 *           subscription, which may read an event after the pointer was released
 *
 * An event and the bytes that it points to are lent: in an inline subscription until the callback
 * returns, in a queued subscription until the next call of weft_sub_poll().
 */
struct weft_event {
	enum weft_event_type type;
	enum weft_dir dir;
	uint64_t time_ns;
	const struct weft_flow *flow;
	void *user;
	union {
		struct weft_open open;
		struct {
			const uint8_t *bytes;
			uint32_t len_bytes; /* number of bytes at @bytes, at least 1 */
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
			uint64_t off;	     /* stream offset of the bytes concerned */
			uint64_t len_bytes;  /* length of these bytes */
			const uint8_t *kept; /* for OVERLAP_CONFLICT: the kept version */
			const uint8_t *lost; /* for OVERLAP_CONFLICT: the other version */
			uint32_t
				/* length of kept and lost, at most WEFT_CONFLICT_BYTES_MAX */
				shown_bytes;
		} anomaly;
		/*
		 * If @flow is not NULL: events of direction @dir of this connection that were
		 * dropped before its next event. The dropped part of the stream is [off, off +
		 * len_bytes); gaps in it count in len_bytes, but not in data_bytes. If @flow is
		 * NULL: the sum of those dropped events that the queue cannot report by connection.
		 */
		struct {
			uint64_t events;     /* number of dropped events, at least 1 */
			uint64_t data_bytes; /* payload bytes of the dropped events */
			uint64_t off;
			uint64_t len_bytes; /* 0: no DATA or GAP event was dropped */
			/* if @flow is NULL: connections of which all events were dropped */
			uint64_t connections;
			/*
			 * if @flow is NULL: number of dropped CLOSE events of connections whose
			 * OPEN was received; 0 unless many connections ended while the queue was
			 * full
			 */
			uint64_t closes;
		} drop;
	};
};

/*
 * Return the name of a value, as written in JSON events and in labels of metrics, from the tables
 * above; "unknown" if the value is not in its table. The strings are static, never NULL. Thread:
 * any.
 */
const char *weft_close_reason_name(enum weft_close_reason reason);
const char *weft_flow_state_name(enum weft_flow_state state);
const char *weft_tcp_state_name(enum weft_tcp_state state);
const char *weft_gap_cause_name(enum weft_gap_cause cause);
const char *weft_anomaly_name(enum weft_anomaly kind);

WEFT_END_DECLS

#endif
