// SPDX-License-Identifier: BSD-2-Clause
/*
 * verdict.c - judges a sender by the checksums of its first segments.
 *
 *   checksums seen               BELIEVED (wrong checksums are accepted) after
 *   only wrong ones              4 wrong ones; fewer at the end of the trial, unless most checksums
 *                                of the address are right in other connections
 *   1 right                      7 wrong ones: the right one may be a coincidence
 *   right, but all data wrong    3 wrong ones with data: the payload was rewritten
 *   otherwise                    never; RIGHT after 2 right ones, or at the end of the trial
 */
#include "senders/verdict.h"

enum { EMPTY = 0, DATA = 1 };
enum { WRONG_ONLY = 4, WRONG_BESIDE_ONE = 7, WRONG_DATA = 3, RIGHT_ENOUGH = 2 };

static enum wf_sender_verdict judge_wrong_only(uint32_t wrong, bool is_final, bool is_known_right)
{
	if (wrong >= WRONG_ONLY)
		return WF_SENDER_BELIEVED;
	if (!is_final)
		return WF_SENDER_UNDECIDED;
	return is_known_right ? WF_SENDER_RIGHT : WF_SENDER_BELIEVED;
}

enum wf_sender_verdict wf_sender_judge(const struct wf_sender_counts *counts, bool is_final,
				       bool is_known_right)
{
	uint32_t right = counts->right[EMPTY] + counts->right[DATA];
	uint32_t wrong = counts->wrong[EMPTY] + counts->wrong[DATA];

	if (!right)
		return judge_wrong_only(wrong, is_final, is_known_right);
	if (right < RIGHT_ENOUGH && wrong >= WRONG_BESIDE_ONE)
		return WF_SENDER_BELIEVED;
	if (counts->wrong[DATA] && !counts->right[DATA]) {
		if (counts->wrong[DATA] >= WRONG_DATA)
			return WF_SENDER_BELIEVED;
		return is_final ? WF_SENDER_RIGHT : WF_SENDER_UNDECIDED;
	}
	return right >= RIGHT_ENOUGH || is_final ? WF_SENDER_RIGHT : WF_SENDER_UNDECIDED;
}
