/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nothing_found.h - writes one line with the reasons why (nearly) no frame led to a connection, and
 * with advice.
 *
 * A file is judged at its end, live capture after 10 seconds and then each minute. In live capture,
 * the line is not repeated until a minute has had connections.
 *
 * Thread: main.
 */
#ifndef WF_AGENT_NOTHING_FOUND_H
#define WF_AGENT_NOTHING_FOUND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct weft;

/* Counts of weft_stats_each() since the last judgement. */
struct wf_nothing_counts {
	uint64_t kernel;	  /* frames that the kernel programs saw */
	uint64_t kernel_filtered; /* of kernel: frames that the filter keys excluded */
	uint64_t kernel_passed;	  /* of kernel: frames without TCP */
	uint64_t frames;	  /* frames in user space */
	uint64_t processed;	  /* TCP segments */
	uint64_t filtered;
	uint64_t behind; /* of filtered: frames with TCP behind tags or tunnel headers */
	uint64_t not_tcp;
	uint64_t fragments; /* IP fragments */
	uint64_t rebuilt;   /* fragments that became part of a rebuilt datagram */
	uint64_t malformed;
	uint64_t checksum;
	uint64_t connections;

	/*
	 * The contents of frames without TCP: see the metrics unread_*. These members are current
	 * values, not counts since the last judgement.
	 */
	uint64_t examined;
	uint64_t ethertype_frames, ethertype;
	uint64_t vxlan_frames, vxlan_port;
	uint64_t geneve_frames, geneve_port;
	uint64_t tunnel_frames, tunnel_port, tunnel_usual_port;
	uint64_t user_frames;
};

/* Zero-initialise. */
struct wf_nothing_found {
	struct wf_nothing_counts before; /* counts at the last judgement */
	uint64_t next_ns;		 /* live: time of the next judgement */
	bool is_told;
};

/* Read the counts. Return: true if the library has all metrics that are read. */
bool wf_nothing_found_read(const struct weft *weft, struct wf_nothing_counts *ret_counts);

/*
 * Write a line about @counts to @text. Return: false if no line is needed: connections were found,
 * or there were no frames.
 */
bool wf_nothing_found_line(const struct wf_nothing_counts *counts, char *text, size_t text_bytes);

/*
 * Call several times a second in live capture. Return: true if @text is a line to be logged now.
 */
bool wf_nothing_found_tick(struct wf_nothing_found *state, const struct weft *weft, uint64_t now_ns,
			   char *text, size_t text_bytes);

#endif
