// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_flow_id.c - ids are a bijection of the counters of all workers, differ between seeds, and
 * have at most 53 bits.
 */
#include "unit/support/test.h"

#include <stdlib.h>

#include "flow/flow_id.h"

enum { FLOWS_PER_WORKER = 160000, ID_BYTES = 8 };

/*
 * Sort @ids by their bytes, lowest first: a comparison sort of ten million values would take most
 * of the time of the test.
 */
static void sort(uint64_t *ids, uint64_t *scratch, size_t count)
{
	for (unsigned int byte = 0; byte < ID_BYTES; byte++) {
		size_t at[257] = {0};
		uint64_t *from = byte % 2 ? scratch : ids;
		uint64_t *to = byte % 2 ? ids : scratch;

		for (size_t i = 0; i < count; i++)
			at[(from[i] >> byte * 8 & 255) + 1]++;
		for (unsigned int value = 0; value < 256; value++)
			at[value + 1] += at[value];
		for (size_t i = 0; i < count; i++)
			to[at[from[i] >> byte * 8 & 255]++] = from[i];
	}
}

static uint64_t *new_ids(size_t count)
{
	uint64_t *ids = malloc(count * sizeof(*ids));

	assert_non_null(ids);
	return ids;
}

TEST(flow_ids_of_all_workers_never_repeat)
{
	size_t count = (size_t)FLOWS_PER_WORKER * WEFT_WORKERS_MAX;
	uint64_t *ids = new_ids(count);
	uint64_t *scratch = new_ids(count);
	size_t next = 0;

	assert_true(count >= 10000000);
	for (uint64_t number = 1; number <= FLOWS_PER_WORKER; number++)
		for (uint32_t worker = 0; worker < WEFT_WORKERS_MAX; worker++)
			ids[next++] = wf_flow_id(0x0123456789abcdefull, number, worker);
	sort(ids, scratch, count);
	assert_true(ids[0] > 0);
	assert_true(ids[count - 1] < 1ull << 53);
	for (size_t i = 1; i < count; i++)
		if (ids[i - 1] >= ids[i])
			fail_msg("id %llu is given twice", (unsigned long long)ids[i]);
	free(scratch);
	free(ids);
}

TEST(flow_ids_of_two_runs_have_none_in_common)
{
	enum { EACH = 100000, SEEDS = 4 };
	/* 0, and seeds with one bit: the lowest, the highest and one in the middle */
	static const uint64_t seeds[SEEDS] = {0, 1, 1ull << 63, 1ull << 32};
	uint64_t *ids = new_ids(EACH * SEEDS);
	uint64_t *scratch = new_ids(EACH * SEEDS);

	for (size_t i = 0; i < EACH * SEEDS; i++)
		ids[i] = wf_flow_id(seeds[i % SEEDS], i / SEEDS + 1, 0);
	sort(ids, scratch, EACH * SEEDS);
	for (size_t i = 1; i < EACH * SEEDS; i++)
		assert_true(ids[i - 1] < ids[i]);
	free(scratch);
	free(ids);
}

TEST(flow_id_permutation_gives_each_value_at_the_edges_once)
{
	static const uint64_t edges[] = {0,
					 1,
					 63,
					 64,
					 (1ull << 27) - 1,
					 1ull << 27,
					 (1ull << 52) - 1,
					 1ull << 52,
					 WF_FLOW_ID_MASK - 1,
					 WF_FLOW_ID_MASK};

	for (size_t i = 0; i < sizeof(edges) / sizeof(edges[0]); i++)
		for (size_t k = 0; k < i; k++)
			assert_true(wf_flow_id_permute(5, edges[i]) !=
				    wf_flow_id_permute(5, edges[k]));
}
