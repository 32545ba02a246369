/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * verdict.h - what the first checksums of a sender say about it.
 *
 * Thread: any; pure functions.
 */
#ifndef WF_SENDERS_VERDICT_H
#define WF_SENDERS_VERDICT_H

#include <stdbool.h>
#include <stdint.h>

enum wf_sender_verdict {
	WF_SENDER_UNDECIDED = 0,
	WF_SENDER_RIGHT,    /* mostly right: wrong segments were damaged, and are dropped */
	WF_SENDER_BELIEVED, /* nearly all wrong: checksums say nothing, segments are accepted */
};

/* Segments of one direction of a connection; [0]: without data, [1]: with data. */
struct wf_sender_counts {
	uint32_t right[2];
	uint32_t wrong[2];
};

/*
 * Return the verdict. @is_final: no more segments are waited for, so that it is not UNDECIDED; then
 * @is_known_right says whether other connections of the address are mostly right.
 */
enum wf_sender_verdict wf_sender_judge(const struct wf_sender_counts *counts, bool is_final,
				       bool is_known_right);

#endif
