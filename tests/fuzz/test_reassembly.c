// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_reassembly.c - a family of random conversations for each thing that reassembly promises.
 *
 *   test_reassembly [FAMILY [SEED]]     one family only; from that seed, one batch, with details
 *
 * Environment: CONVERSATIONS, as for test_conversations: each family has a hundredth, so
 * 100,000 make 1,000 of each.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/receivers.h"

enum {
	BATCH = 25,
	COUNT_DEFAULT = 100,
	COUNT_MIN = BATCH,
};

/* A family is played in batches; each other one delivers what was acknowledged only. */
struct family {
	const char *name;
	const char *(*play)(const struct family *family, uint64_t seed, uint64_t *count);
	enum receivers_view view;
	enum weft_overlap policy; /* DEFAULT: another with each seed */
};

static const char *play_receivers(const struct family *family, uint64_t seed, uint64_t *count)
{
	const struct receivers_opts opts = {
		.seed = seed,
		.connections = BATCH,
		.view = family->view,
		.policy = family->policy ? family->policy
					 : (enum weft_overlap)(seed / 4 % WEFT_OVERLAP_COUNT),
		.deliver = seed & 1 ? WEFT_DELIVER_ACKED : WEFT_DELIVER_ARRIVAL,
		.in_pages = seed & 2,
	};
	struct receivers_totals totals = {0};
	const char *error = receivers_play(&opts, &totals);

	*count += totals.connections;
	if (!error && family->view != RECEIVERS_MISSED && totals.conflicts < totals.connections)
		error = "too few conflicts to prove anything";
	return error;
}

#define POLICY(which)                                                                            \
	{                                                                                        \
		.name = "policy_" #which, .play = play_receivers, .policy = WEFT_OVERLAP_##which \
	}

static const struct family families[] = {
	POLICY(FIRST),
	POLICY(LAST),
	POLICY(BSD),
	POLICY(BSD_RIGHT),
	POLICY(LINUX),
	POLICY(OLD_LINUX),
	POLICY(WINDOWS),
	POLICY(WINDOWS2K3),
	POLICY(VISTA),
	POLICY(SOLARIS),
	POLICY(HPUX),
	POLICY(HPUX10),
	POLICY(IRIX),
	POLICY(MACOS),
	{"conflicts_one_sided", play_receivers, RECEIVERS_ONE_SIDED, WEFT_OVERLAP_DEFAULT},
	{"conflicts_midstream", play_receivers, RECEIVERS_MIDSTREAM, WEFT_OVERLAP_DEFAULT},
	{"acknowledged_never_changes", play_receivers, RECEIVERS_MISSED, WEFT_OVERLAP_DEFAULT},
};

/* Return: whether all went well. */
static bool run(const struct family *family, uint64_t wanted, uint64_t seed)
{
	const char *error = NULL;
	uint64_t count = 0;

	for (; count < wanted && !error; seed++)
		error = family->play(family, seed, &count);
	if (error)
		printf("# %s: %s\n#   test_reassembly %s %llu\n", family->name, error, family->name,
		       (unsigned long long)seed - 1);
	printf("%s - test_reassembly_%s # %llu conversations\n", error ? "not ok" : "ok",
	       family->name, (unsigned long long)count);
	return !error;
}

int main(int argc, char **argv)
{
	const char *conversations = getenv("CONVERSATIONS");
	uint64_t wanted = conversations ? strtoull(conversations, NULL, 0) / 100 : COUNT_DEFAULT;
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
	bool well = true;

	if (wanted < COUNT_MIN || argc > 2)
		wanted = COUNT_MIN;
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		if (argc < 2 || !strcmp(families[i].name, argv[1]))
			well &= run(&families[i], wanted, seed);
	return well ? 0 : 1;
}
