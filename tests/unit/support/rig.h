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
	uint64_t empty_bytes; /* used in the arena before the pipeline starts */
	/* true: frames lie in pages, as in live capture; false: as in a mapped file */
	bool use_pages;
	/* number of receive frames; each segment arrives in one; 0: none */
	uint32_t frames;
	bool reader_ended;		 /* the reader got every event and the end */
	const struct rig_kernel *kernel; /* borrowed; NULL: no kernel, as for a file */

	/* a test may change it between segments */
	uint64_t now_ns;
	uint64_t step_ns;
	uint32_t isn_seq[2];
	uint16_t window[2];
	const char *addr[2];
	uint16_t port[2];
	const void *tcp_options; /* of the following segments */
	uint8_t tcp_options_bytes;
	uint32_t cut_bytes; /* the capture cuts this many bytes off the end of each frame */

	struct weft_flow flow;		/* of the latest event */
	struct weft_flow_record record; /* of the latest close */
	uint64_t next_off[8][2];	/* by connection, then direction: must rise without holes */
	/* by connection, then direction: a DROP event excuses a hole before the next event */
	bool is_lossy[8][2];
	char stream[2][4096]; /* data of the first connection, by direction, without gaps */
	size_t log_bytes;
	char log[RIG_LOG_BYTES];
};

/*
 * Starts with these options; options that a test leaves 0 are weft's defaults, memory 32 MiB. NULL:
 * all defaults.
 */
void rig_start(struct rig *rig, const struct weft_opts *opts);

/* Like rig_start(), with a kernel. */
void rig_start_live(struct rig *rig, const struct weft_opts *opts, const struct rig_kernel *kernel);

/*
 * Like rig_start(), with @frames receive frames: each segment arrives in one, and events wait in a
 * queue of WEFT_QUEUE_MIN_BYTES until rig_read(); a full queue drops its oldest event. Payload
 * pages follow @opts.
 */
void rig_start_queued(struct rig *rig, const struct weft_opts *opts, uint32_t frames);

/* Reads all waiting events into the transcript and gives back their memory. */
void rig_read(struct rig *rig);
void rig_stop(struct rig *rig);

/* The transcript since the last call of this function. */
const char *rig_log(struct rig *rig);

/* Sends a segment with flags WF_TCP_*; @seq and @ack are offsets. */
void rig_segment(struct rig *rig, enum rig_side from, uint32_t flags, int64_t seq, int64_t ack,
		 const char *payload);

/* Like rig_segment(), with payload of any bytes. */
void rig_bytes(struct rig *rig, enum rig_side from, uint32_t flags, int64_t seq, int64_t ack,
	       const void *bytes, size_t len_bytes);

/* Sends SYN, SYN-ACK, ACK. */
void rig_handshake(struct rig *rig);

/* Sends data that acknowledges everything that the other side sent so far. */
void rig_data(struct rig *rig, enum rig_side from, int64_t seq, const char *payload);

/* Sends an empty acknowledgement of @ack. */
void rig_ack(struct rig *rig, enum rig_side from, int64_t ack);

/* Advances the time without segments. */
void rig_wait_ms(struct rig *rig, uint64_t ms);

/* Flushes held data and ends every flow, as at the end of a file. */
void rig_flush(struct rig *rig);

/* Sends a frame that the test built itself. */
void rig_frame(struct rig *rig, const struct wf_frame *frame);

#endif
