/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trials.h - decides for each sender whether its segments with wrong checksums are accepted.
 *
 * If a capture was made on the sending host, where the NIC fills in checksums later, or was
 * anonymised or rewritten, then nearly all checksums of a sender are wrong, and its segments are
 * accepted. If most checksums of a sender are correct, its segments with wrong checksums are
 * rejected, because they were damaged on the wire or in the capture.
 *
 *   first wrong checksum           a trial of the connection begins, which holds its packets,
 *                                  unless earlier segments decide
 *   enough segments were held      the sender is judged; the held packets are processed in order
 *   3 s after the first one        the sender is judged by the segments seen so far
 *
 * With enough segments, the verdict depends only on the connection, and not on the number of
 * workers. With very few, the counts of marks.h are used too. Segments with data are also judged
 * separately, because tools that anonymise payload do not change segments without data.
 *
 * Bound: WF_TRIALS_MAX connections and WF_TRIALS_PACKETS_MAX packets for each worker. Thread: the
 * worker.
 */
#ifndef WF_SENDERS_TRIALS_H
#define WF_SENDERS_TRIALS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/assert.h"
#include "packet/packet.h"

enum { WF_TRIALS_MAX = 256, WF_TRIALS_PACKETS_MAX = 512 };

struct wf_arena;
struct wf_conns;
struct wf_frame;
struct wf_marks;

/* Process @packet, or reject it if @is_accepted is false. Takes @frame's page reference. */
typedef void (*wf_trials_release_fn)(void *ctx, const struct wf_frame *frame,
				     const struct wf_packet *packet, bool is_accepted);

struct wf_trials_opts {
	struct wf_arena *arena;
	/* borrowed: the worker's connections; flags of their flows record believed senders */
	const struct wf_conns *conns;
	struct wf_marks *marks; /* borrowed; NULL: addresses are not counted */
	wf_trials_release_fn release;
	void *release_ctx;
};

/* The part of the worker's trials that wf_trials_concerns() reads. */
struct wf_trials {
	uint32_t held; /* number of packets that wait for the end of a trial */
};

int wf_trials_new(const struct wf_trials_opts *opts, struct wf_trials **ret_trials);

/* Free the trials, after wf_trials_flush(). NULL is allowed. */
void wf_trials_free(struct wf_trials *trials);

/*
 * Hold @packet, decoded from @frame, or judge it at once. Return: true if the packet was taken,
 * with the frame's page reference: it is held, or the callback was called; false if the caller must
 * process it: no trial holds it, and its checksum is not wrong or its sender is believed.
 */
bool wf_trials_take(struct wf_trials *trials, const struct wf_frame *frame,
		    const struct wf_packet *packet);

/*
 * Return true if wf_trials_take() must be called for @packet. If no packet is held, no trial is
 * being judged, and segments whose checksum is not verified do not count.
 */
static inline bool wf_trials_concerns(const struct wf_trials *trials,
				      const struct wf_packet *packet)
{
	if (wf_unlikely(packet->checksum == WF_CHECKSUM_WRONG || trials->held))
		return true;
	return packet->checksum == WF_CHECKSUM_RIGHT &&
	       wf_unlikely(packet->tcp_flags & (WF_TCP_SYN | WF_TCP_FIN | WF_TCP_RST));
}

/* End the trials that began 3 s or longer before @now_ns. */
void wf_trials_tick(struct wf_trials *trials, uint64_t now_ns);

/* End all trials now. */
void wf_trials_flush(struct wf_trials *trials);

#endif
