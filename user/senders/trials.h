/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trials.h - decides whether segments with wrong checksums are accepted: by their sender.
 *
 * Captures are made on the sending host before its adapter fills in checksums, are anonymised or
 * rewritten: then nearly all segments of a sender are wrong, and they are accepted. A sender that
 * is mostly right has each wrong segment dropped: the wire, or the capture, damaged it.
 *
 *   first wrong segment        the trial of its connection begins: all its packets are held
 *   enough segments seen       the verdict on the sender; held packets are processed in order
 *   too few within HOLD_NS     the verdict follows from what was seen
 *
 * The verdict depends only on the packets of the connection, whatever the number of workers; where
 * they are very few, marks.h helps. Segments that carry data are judged by themselves as well,
 * because tools that anonymise payload leave the other segments alone.
 *
 * Bound: WF_TRIALS_MAX connections, WF_TRIALS_PACKETS_MAX packets. Thread: the worker.
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

/* Process @packet, or drop it if not @is_accepted. Takes @frame's page reference. */
typedef void (*wf_trials_release_fn)(void *ctx, const struct wf_frame *frame,
				     const struct wf_packet *packet, bool is_accepted);

struct wf_trials_opts {
	struct wf_arena *arena;
	const struct wf_conns *conns; /* borrowed: connections whose senders are known */
	struct wf_marks *marks;	      /* borrowed; NULL: no address is known */
	wf_trials_release_fn release;
	void *release_ctx;
};

/* The first member of the trials: what the packet path reads. */
struct wf_trials {
	uint32_t held; /* number of packets that are held */
};

int wf_trials_new(const struct wf_trials_opts *opts, struct wf_trials **ret_trials);

/* Free the trials. Call wf_trials_flush() before. NULL is allowed. */
void wf_trials_free(struct wf_trials *trials);

/*
 * Take @packet, decoded from @frame, if it concerns a trial. Return: true if it was taken, with the
 * page reference: it is held, or was released; false if the caller processes it.
 */
bool wf_trials_take(struct wf_trials *trials, const struct wf_frame *frame,
		    const struct wf_packet *packet);

/* Return true if wf_trials_take() must be called for @packet. */
static inline bool wf_trials_concerns(const struct wf_trials *trials,
				      const struct wf_packet *packet)
{
	if (wf_unlikely(packet->checksum == WF_CHECKSUM_WRONG || trials->held))
		return true;
	return wf_unlikely(packet->tcp_flags & (WF_TCP_SYN | WF_TCP_FIN | WF_TCP_RST));
}

/* End the trials whose time is over at @now_ns. */
void wf_trials_tick(struct wf_trials *trials, uint64_t now_ns);

/* End all trials now. */
void wf_trials_flush(struct wf_trials *trials);

#endif
