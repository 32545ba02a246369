/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rig.h - one worker's whole pipeline for tests: the test sends segments and reads a transcript of
 * the events.
 *
 * 	rig_start(&rig, NULL);
 * 	rig_handshake(&rig);
 * 	rig_data(&rig, RIG_CLIENT, 0, "hello");
 * 	assert_string_equal(rig_log(&rig), "open\n> hello\n");
 * 	rig_stop(&rig);
 *
 * Each event is one line of the transcript; '>' is data to the server, '<' to the client. Of data,
 * at most 100 bytes are shown. Lines of connections after the first end in the connection's number,
 * as in "open #2". The kinds of lines:
 *
 * 	open            > bytes         > gap 3 not_captured     > anomaly paws
 * 	close fin       drop 3
 *
 * Numbers are relative: offset 0 of each side is the byte after its SYN. The time is rig->now_ns;
 * each segment advances it by rig->step_ns, at first 1 ms. rig_stop() flushes, and asserts that the
 * counters by kind add up to their totals, that neither an open connection nor held payload is
 * left, and that the arena is empty.
 */
#ifndef TESTS_UNIT_SUPPORT_RIG_H
#define TESTS_UNIT_SUPPORT_RIG_H

#include <stdbool.h>
#include <stdint.h>

#include <weft/event.h>
#include <weft/opts.h>

#include "packet/frame.h"
#include "capture/live/iface.h"
#include "deliver/dispatch.h"
#include "deliver/registry.h"
#include "metrics/metrics.h"
#include "senders/marks.h"
#include "unit/support/packet_builder.h"

enum rig_side { RIG_CLIENT = 0, RIG_SERVER = 1 };

enum { RIG_LOG_BYTES = 1 << 20 };

struct wf_arena;
struct wf_page_pool;
struct wf_pipeline;
struct weft_sub;

/*
 * Replaces the kernel's flow map: the pipeline calls set_verdict() instead of
 * wf_iface_set_verdict().
 */
struct rig_kernel {
	int (*set_verdict)(void *ctx, const struct weft_flow_key *key,
			   const enum weft_verdict verdict[2], struct wf_kept *ret_kept);
	void *ctx;
};

struct rig {
	struct weft_opts opts;
	struct wf_arena *arena;
	struct wf_page_pool *pages;
	struct wf_metrics metrics;
	struct wf_registry registry;
	struct wf_dispatch dispatch;
	struct weft_sub *sub;
	struct wf_pipeline *pipeline;
	struct wf_marks marks;
	struct packet_builder pb;
	/* true: frames lie in pages, as in live capture; false: as in a mapped file */
	bool use_pages;
	/* true: frames are lent, as in host mode; they are overwritten and freed once processed */
	bool lends;
	/* number of receive frames; each segment arrives in one; 0: none */
	uint32_t frames;
	bool reader_ended;		 /* true: the reader has received all events and the end */
	const struct rig_kernel *kernel; /* borrowed; NULL: no kernel, as for a capture file */
	uint8_t iface; /* interface of the following segments; 1 if there is a kernel, else 0 */
	/* called for each event, after the event is added to the transcript; NULL: no call */
	void (*event_fn)(const struct weft_event *event);

	/* current time; a test may change it between segments */
	uint64_t now_ns;
	uint64_t step_ns;
	uint32_t isn_seq[2];
	uint16_t window[2];
	const char *addr[2];
	uint16_t port[2];
	const void *tcp_options; /* TCP options of the following segments */
	uint8_t tcp_options_bytes;
	bool wrong_checksum; /* of the following segments: the TCP checksum is changed */
	bool in_ip;	     /* the following segments are in an IP-in-IP tunnel */
	uint32_t cut_bytes;  /* the capture cuts this many bytes off the end of each frame */

	struct weft_flow flow;		/* flow of the latest event */
	struct weft_flow_record record; /* record of the latest close */
	uint64_t next_off[8][2]; /* next expected offset, by connection 1 to 7 and direction */
	/* by connection and direction: a DROP event allows a hole before the next event */
	bool is_lossy[8][2];
	char stream[2][4096]; /* data of the first connection, by direction, without gaps */
	size_t log_bytes;
	char log[RIG_LOG_BYTES];
};

/*
 * Start the pipeline. Options that are 0 have weft's defaults, except for one worker, 32 MiB of
 * memory, 1000 flows and 1000 half-open connections. @opts NULL: all defaults.
 */
void rig_start(struct rig *rig, const struct weft_opts *opts);

/* Like rig_start(), with functions that replace the kernel. */
void rig_start_live(struct rig *rig, const struct weft_opts *opts, const struct rig_kernel *kernel);

/*
 * Like rig_start(), with @frames receive frames: each segment arrives in one. Events wait in a
 * queue of WEFT_QUEUE_MIN_BYTES until rig_read(); a full queue drops its oldest events. @opts: as
 * for rig_start().
 */
void rig_start_queued(struct rig *rig, const struct weft_opts *opts, uint32_t frames);

/* Reads all waiting events into the transcript and gives back their memory. */
void rig_read(struct rig *rig);
void rig_stop(struct rig *rig);

/* Return the transcript since the last call of this function. */
const char *rig_log(struct rig *rig);

/*
 * Send a segment with flags WF_TCP_*. @seq and @ack are stream offsets: 0 is the byte after the
 * SYN, -1 the SYN.
 */
void rig_segment(struct rig *rig, enum rig_side from, uint32_t flags, int64_t seq, int64_t ack,
		 const char *payload);

/* Like rig_segment(), with a payload that may contain any bytes. */
void rig_bytes(struct rig *rig, enum rig_side from, uint32_t flags, int64_t seq, int64_t ack,
	       const void *bytes, size_t len_bytes);

/* Send SYN, SYN-ACK and ACK. */
void rig_handshake(struct rig *rig);

/* Send data that acknowledges all bytes of the other side that events have reported so far. */
void rig_data(struct rig *rig, enum rig_side from, int64_t seq, const char *payload);

/* Sends an empty acknowledgement of @ack. */
void rig_ack(struct rig *rig, enum rig_side from, int64_t ack);

/* Advances the time without segments. */
void rig_wait_ms(struct rig *rig, uint64_t ms);

/* Flushes held data and ends every flow, as at the end of a file. */
void rig_flush(struct rig *rig);

/* Send a frame that the test has built itself. */
void rig_frame(struct rig *rig, const struct wf_frame *frame);

#endif
