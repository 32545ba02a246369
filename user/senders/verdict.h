/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * verdict.h - judges a sender by the checksums of its first segments.
 *
 * Thread: any; pure functions.
 */
#ifndef WF_SENDERS_VERDICT_H
#define WF_SENDERS_VERDICT_H

#include <stdbool.h>
#include <stdint.h>

enum wf_sender_verdict {
	WF_SENDER_UNDECIDED = 0,
	/* most checksums are right: segments with wrong ones were damaged, and are rejected */
	WF_SENDER_RIGHT,
	/* nearly all checksums are wrong, so they are no sign of damage; segments are accepted */
	WF_SENDER_BELIEVED,
};

/*
 * Numbers of segments of one direction with right and wrong checksums. Index [0]: without data,
 * [1]: with data.
 */
struct wf_sender_counts {
	uint32_t right[2];
	uint32_t wrong[2];
};

/*
 * Return the verdict. @is_final: the trial ends, so the verdict must not be UNDECIDED.
 * @is_known_right: most checksums in other connections of the address are right; used only if
 * @is_final is true.
 */
enum wf_sender_verdict wf_sender_judge(const struct wf_sender_counts *counts, bool is_final,
				       bool is_known_right);

#endif
