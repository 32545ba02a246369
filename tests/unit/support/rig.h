/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rig.h - one worker's whole pipeline for tests: segments in, a transcript out.
 *
 *	rig_start(&rig, NULL);
 *	rig_handshake(&rig);
 *	rig_data(&rig, RIG_CLIENT, 0, "hello");
 *	assert_string_equal(rig_log(&rig), "open\n> hello\n");
 *	rig_stop(&rig);
 *
 * Transcript, a line each; '>' is to the server, '<' to the client; connections after the
 * first are marked "#id":
 *
 *	open            > bytes         > gap 3 not_captured     > anomaly paws
 *	close fin       drop 3
 *
 * Numbers are relative: data offset 0 of each side is the byte behind its SYN. Time is
 * rig->now_ns, and moves by 1 ms with each segment. rig_stop() flushes, and asserts that the
 * ledgers close and that no memory is left in use.
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
#include "metrics/metrics.h"
#include "unit/support/packet_builder.h"

enum rig_side { RIG_CLIENT = 0, RIG_SERVER = 1 };

enum { RIG_LOG_BYTES = 1 << 20 };

struct wf_arena;
struct wf_page_pool;
struct wf_pipeline;
struct weft_sub;

/* Stands for the kernel's flow map: wf_iface_set_verdict(). */
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
	struct wf_dispatch dispatch;
	struct weft_sub *sub;
	struct wf_pipeline *pipeline;
	struct packet_builder pb;
	uint64_t empty_bytes;		 /* of the arena, before the pipeline */
	bool use_pages;			 /* frames in pages, as live; else as from a file */
	uint32_t frames;		 /* rx frames, which come in one each; 0: none */
	bool reader_ended;		 /* all was told to it */
	const struct rig_kernel *kernel; /* borrowed; NULL: none, as from a file */

	/* may be changed between segments */
	uint64_t now_ns;
	uint64_t step_ns;
	uint32_t isn_seq[2];
	uint16_t window[2];
	const char *addr[2];
	uint16_t port[2];
	const void *tcp_options; /* of the next segments */
	uint8_t tcp_options_bytes;
	uint32_t cut_bytes; /* the capture loses so many from the end of each frame */

	struct weft_flow flow;		/* of the last event */
	struct weft_flow_record record; /* of the last close */
	uint64_t next_off[8][2];	/* by connection, then direction: must rise without holes */
	bool is_lossy[8][2];		/* ... but for events that were told to be dropped */
	char stream[2][4096]; /* data of the first connection, by direction; gaps left out */
	size_t log_bytes;
	char log[RIG_LOG_BYTES];
};

/* Options that a test does not set: defaults of weft, memory 32 MiB. NULL: all. */
void rig_start(struct rig *rig, const struct weft_opts *opts);

/* ... with a kernel. */
void rig_start_live(struct rig *rig, const struct weft_opts *opts, const struct rig_kernel *kernel);

/*
 * ... with @frames receive frames: each segment comes in one, and events wait in a queue of
 * WEFT_QUEUE_MIN_BYTES, its oldest dropped, until rig_read(). Payload in pages of @opts.
 */
void rig_start_queued(struct rig *rig, const struct weft_opts *opts, uint32_t frames);

/* Read all that waits; it is in the transcript then, and its memory is given back. */
void rig_read(struct rig *rig);
void rig_stop(struct rig *rig);

/* What was told since the last call of this. */
const char *rig_log(struct rig *rig);

/* A segment with flags WF_TCP_*; @seq, @ack: offsets. */
void rig_segment(struct rig *rig, enum rig_side from, uint32_t flags, int64_t seq, int64_t ack,
		 const char *payload);

/* ... of any bytes. */
void rig_bytes(struct rig *rig, enum rig_side from, uint32_t flags, int64_t seq, int64_t ack,
	       const void *bytes, size_t len_bytes);

/* SYN, SYN-ACK, ACK. */
void rig_handshake(struct rig *rig);

/* Data that acknowledges all that the other side was seen to send. */
void rig_data(struct rig *rig, enum rig_side from, int64_t seq, const char *payload);

/* An empty acknowledgement of @ack. */
void rig_ack(struct rig *rig, enum rig_side from, int64_t ack);

/* Time passes without segments. */
void rig_wait_ms(struct rig *rig, uint64_t ms);

/* All that was held and every flow ends; as at the end of a file. */
void rig_flush(struct rig *rig);

/* A frame made by other means. */
void rig_frame(struct rig *rig, const struct wf_frame *frame);

#endif
