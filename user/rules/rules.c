// SPDX-License-Identifier: BSD-2-Clause
/*
 * rules.c - finds the longest prefix that matches an address.
 */
#include "rules/rules.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct wf_rules wf_rules_of(const struct weft_opts *opts)
{
	return (struct wf_rules){
		.overlap = opts->overlap,
		.overlap_rules = opts->overlap_rules,
		.overlap_rules_count = opts->overlap_rules_count,
		.depth_bytes = opts->depth_bytes,
		.verdict_rules = opts->verdict_rules,
		.verdict_rules_count = opts->verdict_rules_count,
	};
}

int wf_rules_copy(struct wf_rules *rules, const struct wf_rules *from)
{
	const size_t overlap_bytes = from->overlap_rules_count * sizeof(*from->overlap_rules);
	const size_t verdict_bytes = from->verdict_rules_count * sizeof(*from->verdict_rules);
	char *lists = malloc(overlap_bytes + verdict_bytes + 1);

	if (!lists)
		return -ENOMEM;
	*rules = *from;
	rules->lists = lists;
	if (overlap_bytes)
		rules->overlap_rules = memcpy(lists, from->overlap_rules, overlap_bytes);
	if (verdict_bytes)
		rules->verdict_rules =
			memcpy(lists + overlap_bytes, from->verdict_rules, verdict_bytes);
	return 0;
}

void wf_rules_fini(struct wf_rules *rules)
{
	free(rules->lists);
	*rules = (struct wf_rules){.lists = NULL};
}

static bool matches(const struct weft_prefix *prefix, const uint8_t addr[16])
{
	unsigned int bytes = prefix->bits / 8;
	unsigned int rest = prefix->bits % 8;

	if (memcmp(prefix->addr, addr, bytes))
		return false;
	return !rest || !((prefix->addr[bytes] ^ addr[bytes]) >> (8 - rest));
}

enum weft_overlap wf_rules_overlap(const struct wf_rules *rules, const uint8_t addr[16])
{
	enum weft_overlap overlap = rules->overlap;
	int best_bits = -1;

	for (size_t i = 0; i < rules->overlap_rules_count; i++) {
		const struct weft_overlap_rule *rule = &rules->overlap_rules[i];

		if (rule->prefix.bits <= best_bits || !matches(&rule->prefix, addr))
			continue;
		best_bits = rule->prefix.bits;
		overlap = rule->policy;
	}
	return overlap;
}

enum weft_verdict wf_rules_verdict(const struct wf_rules *rules, const uint8_t addr[2][16])
{
	enum weft_verdict verdict = WEFT_VERDICT_STEER;
	int best_bits = -1;

	for (size_t i = 0; i < rules->verdict_rules_count; i++) {
		const struct weft_verdict_rule *rule = &rules->verdict_rules[i];

		if (rule->prefix.bits < best_bits ||
		    (rule->prefix.bits == best_bits && rule->verdict <= verdict) ||
		    !(matches(&rule->prefix, addr[0]) || matches(&rule->prefix, addr[1])))
			continue;
		best_bits = rule->prefix.bits;
		verdict = rule->verdict;
	}
	return verdict;
}
