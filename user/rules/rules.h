/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rules.h - the rules for new connections: the overlap policy of each receiver, the depth, and the
 * verdict.
 *
 * A value of struct wf_rules is copied to each worker, and its lists are not changed while a worker
 * has it. Of the prefixes that match an address, the longest one applies.
 *
 * Thread: any; all data is constant.
 */
#ifndef WF_RULES_RULES_H
#define WF_RULES_RULES_H

#include <stddef.h>
#include <stdint.h>

#include <weft/opts.h>
#include <weft/verdict.h>

struct wf_rules {
	enum weft_overlap overlap;
	const struct weft_overlap_rule *overlap_rules;
	size_t overlap_rules_count;
	uint64_t depth_bytes; /* 0: no limit */
	const struct weft_verdict_rule *verdict_rules;
	size_t verdict_rules_count;
	void *lists; /* owned memory of both lists; NULL: the lists are borrowed */
};

/* Return the rules in @opts. Their lists are borrowed from @opts. */
struct wf_rules wf_rules_of(const struct weft_opts *opts);

/* Copy @from with its lists. Return: 0; -ENOMEM. */
int wf_rules_copy(struct wf_rules *rules, const struct wf_rules *from);
void wf_rules_fini(struct wf_rules *rules);

/* Return the overlap policy of a receiver with the address @addr. */
enum weft_overlap wf_rules_overlap(const struct wf_rules *rules, const uint8_t addr[16]);

/*
 * Return the verdict with which a connection between the two addresses begins. If both match
 * prefixes of the same length, PASS takes precedence over SHUNT, and SHUNT over STEER.
 */
enum weft_verdict wf_rules_verdict(const struct wf_rules *rules, const uint8_t addr[2][16]);

#endif
