/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * file_gaps.h - passes ranges of streams from the sink of stream files, which could not write them,
 * to the sink of events.
 *
 * A ring with one writer and one reader. Memory: WF_FILE_GAPS_MAX entries.
 */
#ifndef WF_SINK_FILE_GAPS_H
#define WF_SINK_FILE_GAPS_H

#include <stdbool.h>
#include <stdint.h>

#include <weft/flow.h>

#define WF_FILE_GAPS_MAX 1024u

struct wf_file_gaps;

struct wf_file_gap {
	struct weft_flow flow;
	enum weft_dir dir;
	int err; /* negative errno: the reason */
	uint64_t time_ns;
	uint64_t off; /* stream offset of the first missing byte */
	uint64_t len_bytes;
};

/* Return: 0 on success; -ENOMEM. */
int wf_file_gaps_new(struct wf_file_gaps **ret_gaps);
void wf_file_gaps_free(struct wf_file_gaps *gaps);

/*
 * Functions of the writer. begin(): call when the writer is opened, before the reader's thread
 * starts. push(): counts @gap as lost if the ring is full. lose(): counts a gap for which there is
 * no memory. end(): call at least once after the last push().
 */
void wf_file_gaps_begin(struct wf_file_gaps *gaps);
void wf_file_gaps_push(struct wf_file_gaps *gaps, const struct wf_file_gap *gap);
void wf_file_gaps_lose(struct wf_file_gaps *gaps);
void wf_file_gaps_end(struct wf_file_gaps *gaps);

/*
 * Functions of the reader. pop(): returns false if the ring is empty. lost(): returns the number of
 * lost gaps. wait_end(): returns when the writer has ended, or at once if it never began.
 */
bool wf_file_gaps_pop(struct wf_file_gaps *gaps, struct wf_file_gap *ret_gap);
uint64_t wf_file_gaps_lost(const struct wf_file_gaps *gaps);
void wf_file_gaps_wait_end(struct wf_file_gaps *gaps);

#endif
