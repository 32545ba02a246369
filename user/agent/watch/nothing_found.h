/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nothing_found.h - writes one line with the reasons why (nearly) no frame led to a connection, and
 * with advice.
 *
 * A replay is judged at its end, live capture after 10 seconds and then each minute. In live
 * capture, minutes with fewer than 100 frames are skipped, and the line is not repeated until after
 * a minute that was judged and needed no line.
 *
 * Thread: main.
 */
#ifndef WF_AGENT_WATCH_NOTHING_FOUND_H
#define WF_AGENT_WATCH_NOTHING_FOUND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weft/log.h>

struct weft;

/*
 * Metrics of weft_stats_each(). wf_nothing_found_read() fills in counts since the start. A live
 * capture is judged by the difference between the counts now and at the last judgement.
 */
struct wf_nothing_counts {
	uint64_t kernel;	  /* frames that the kernel programs saw */
	uint64_t kernel_filtered; /* frames that filter.ports etc. excluded in the kernel */
	uint64_t kernel_passed;	  /* frames without TCP that the kernel left to the host */
	uint64_t frames;	  /* frames in user space */
	uint64_t processed;	  /* TCP segments */
	uint64_t filtered;
	uint64_t behind; /* filtered frames that have TCP behind tags or tunnels */
	uint64_t not_tcp;
	uint64_t fragments; /* IP fragments */
	uint64_t rebuilt;   /* fragments that became part of a rebuilt datagram */
	uint64_t malformed;
	uint64_t checksum;
	uint64_t connections;

	/*
	 * The contents of frames without TCP: see the metrics unread_*. These members are current
	 * values, not counts, so no difference is computed.
	 */
	uint64_t examined;
	uint64_t ethertype_frames, ethertype;
	uint64_t vxlan_frames, vxlan_port;
	uint64_t geneve_frames, geneve_port;
	uint64_t tunnel_frames, tunnel_port, tunnel_usual_port;
	uint64_t user_frames;
};

/* The state between judgements; zero-initialised. */
struct wf_nothing_found {
	struct wf_nothing_counts before; /* counts at the last judgement */
	uint64_t next_ns;		 /* live: time of the next judgement */
	bool is_reported;
};

/* Read the counts. Return: true if the library has all the metrics that are needed. */
bool wf_nothing_found_read(const struct weft *weft, struct wf_nothing_counts *ret_counts);

/*
 * Write a line about @counts to @text. Return: false if no line is needed: there were no frames, or
 * there were connections, fewer than 99 % of the frames lack a valid segment, and unread tunnels
 * carry less than 1/10 of the frames.
 */
bool wf_nothing_found_line(const struct wf_nothing_counts *counts, char *text, size_t text_bytes);

/* After a replay, log the line of wf_nothing_found_line() about the whole replay, if it is needed.
 */
void wf_nothing_found_warn(const struct weft *weft, weft_log_fn log, void *log_ctx);

/*
 * Judge a live capture if the time has come. The caller calls this several times a second. Return:
 * true if @text is a line to be logged now.
 */
bool wf_nothing_found_tick(struct wf_nothing_found *state, const struct weft *weft, uint64_t now_ns,
			   char *text, size_t text_bytes);

/* Do the same as wf_nothing_found_tick(), and log the line as a warning. */
void wf_nothing_found_warn_live(struct wf_nothing_found *state, const struct weft *weft,
				uint64_t now_ns, weft_log_fn log, void *log_ctx);

#endif
