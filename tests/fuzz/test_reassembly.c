// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_reassembly.c - plays a family of random conversations for each guarantee of reassembly.
 *
 *   test_reassembly [FAMILY [SEED]]     plays one family; with SEED at least 25 conversations, from
 *                                       this seed on
 *
 * Environment: CONVERSATIONS as for test_conversations. Each family has a hundredth of this number
 * of conversations, but at least 25: 100,000 give 1,000 per family.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/captures.h"
#include "fuzz/conversation.h"
#include "fuzz/receivers.h"

enum {
	BATCH = 25,
	BATCH_FEW = 8, /* small batch: memory for the connections, but not for their data */
	COUNT_DEFAULT = 100,
	COUNT_MIN = BATCH,
};

/* The results of a family. */
struct tally {
	uint64_t conversations;
	uint64_t conflicts;
	uint64_t gaps[WEFT_GAP_CAUSE_COUNT];
};

/* One guarantee; its conversations are played in batches. */
struct family {
	const char *name;
	const char *(*play)(const struct family *family, uint64_t seed, struct tally *tally);

	/* used by play_receivers() */
	enum receivers_view view;
	enum weft_overlap policy; /* DEFAULT: the seed selects the policy */

	/* members used by play_captures() */
	uint32_t kinds;	  /* CONV_* */
	uint32_t without; /* CONV_*: kinds that are not allowed */
	enum captures_limit limit;
	enum weft_deliver deliver;
	/* 1u << enum weft_gap_cause: at least one such gap per eight conversations must occur */
	uint32_t proofs;
};

static const char *play_receivers(const struct family *family, uint64_t seed, struct tally *tally)
{
	const struct receivers_opts opts = {
		.seed = seed,
		.connections = BATCH,
		.view = family->view,
		.policy = family->policy ? family->policy
					 : (enum weft_overlap)(seed / 4 % WEFT_OVERLAP_COUNT),
		.deliver = seed & 1 ? WEFT_DELIVER_ACKED : WEFT_DELIVER_ARRIVAL,
		.place = (enum engine_run_place)(seed % ENGINE_RUN_PLACE_COUNT),
	};
	struct receivers_totals totals = {0};
	const char *error = receivers_play(&opts, &totals);

	tally->conversations += totals.connections;
	tally->conflicts += totals.conflicts;
	return error;
}

static const char *play_captures(const struct family *family, uint64_t seed, struct tally *tally)
{
	/*
	 * Held bytes of a mapped file need no memory, so the memory limit is not tested with one.
	 */
	enum engine_run_place first =
		family->limit == CAPTURES_MEMORY ? ENGINE_RUN_PAGES : ENGINE_RUN_FILE;
	enum engine_run_place place =
		(enum engine_run_place)(first + seed % ((uint64_t)ENGINE_RUN_PLACE_COUNT - first));
	const struct captures_opts opts = {
		.seed = seed,
		.conversations = family->limit == CAPTURES_MEMORY ? BATCH_FEW : BATCH,
		.kinds = CONV_ALL & ~family->without,
		.always = family->kinds,
		.deliver = family->deliver,
		.overlap = (enum weft_overlap)(seed / 2 % WEFT_OVERLAP_COUNT),
		.place = place,
		.limit = family->limit,
	};
	struct captures_totals totals = {0};
	const char *error = captures_play(&opts, &totals);

	tally->conversations += totals.conversations;
	for (int cause = 0; cause < WEFT_GAP_CAUSE_COUNT; cause++)
		tally->gaps[cause] += totals.gaps[cause];
	return error;
}

#define POLICY(which)                                                                            \
	{                                                                                        \
		.name = "policy_" #which, .play = play_receivers, .policy = WEFT_OVERLAP_##which \
	}

#define BOTH(text, ...)                                                                      \
	{.name = text "_arrival",                                                            \
	 .play = play_captures,                                                              \
	 .deliver = WEFT_DELIVER_ARRIVAL,                                                    \
	 __VA_ARGS__},                                                                       \
	{                                                                                    \
		.name = text "_acked", .play = play_captures, .deliver = WEFT_DELIVER_ACKED, \
		__VA_ARGS__                                                                  \
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
	{.name = "conflicts_one_sided", .play = play_receivers, .view = RECEIVERS_ONE_SIDED},
	{.name = "conflicts_midstream", .play = play_receivers, .view = RECEIVERS_MIDSTREAM},
	{.name = "acknowledged_never_changes", .play = play_receivers, .view = RECEIVERS_MISSED},
	BOTH("missed", .kinds = CONV_MISSED, .without = CONV_EARLY,
	     .proofs = 1u << WEFT_GAP_NOT_CAPTURED),
	BOTH("one_sided", .kinds = CONV_ONE_SIDED, .without = CONV_EARLY),
	BOTH("midstream", .kinds = CONV_MIDSTREAM, .without = CONV_EARLY),
	BOTH("late", .kinds = CONV_LATE, .without = CONV_EARLY | CONV_ONE_SIDED),
	BOTH("late_keepalive", .kinds = CONV_LATE | CONV_KEEPALIVE,
	     .without = CONV_EARLY | CONV_ONE_SIDED),
	BOTH("late_one_sided", .kinds = CONV_LATE | CONV_ONE_SIDED, .without = CONV_EARLY,
	     .proofs = 1u << WEFT_GAP_TIMEOUT),
	/*
	 * In a conversation with much data, a SYN may be captured after more than
	 * WEFT_START_PATIENCE_BYTES of data.
	 */
	BOTH("early", .kinds = CONV_EARLY, .without = CONV_LARGE),
	BOTH("depth",
	     .without =
		     CONV_MIDSTREAM | CONV_HEADLESS | CONV_DIRTY_RST | CONV_LARGE | CONV_OPENINGS,
	     .limit = CAPTURES_DEPTH, .proofs = 1u << WEFT_GAP_DEPTH),
	BOTH("page_limit", .kinds = CONV_REORDER, .without = CONV_EARLY | CONV_DIRTY_RST,
	     .limit = CAPTURES_PAGES, .proofs = 1u << WEFT_GAP_LIMIT),
	/*
	 * No CONV_REUSE: without memory for the earlier connection of a four-tuple, the later
	 * connection's initial number is not known. No CONV_NOISE: without memory for the
	 * handshake, weft may take a forged segment for the first of a connection.
	 */
	BOTH("memory", .kinds = CONV_REORDER | CONV_LARGE,
	     .without = CONV_EARLY | CONV_DIRTY_RST | CONV_REUSE | CONV_NOISE,
	     .limit = CAPTURES_MEMORY, .proofs = 1u << WEFT_GAP_MEMORY),
};

/* Checks that the cases that the family tests did occur. Return: NULL, or the missing case. */
static const char *prove(const struct family *family, const struct tally *tally)
{
	if (family->play == play_receivers && family->view != RECEIVERS_MISSED &&
	    tally->conflicts < tally->conversations)
		return "too few conflicts to prove anything";
	/* Gaps with cause memory are rare. `make test` plays 1,000 conversations of each family. */
	if (family->limit == CAPTURES_MEMORY && tally->conversations < 1000)
		return NULL;
	for (int cause = 0; cause < WEFT_GAP_CAUSE_COUNT; cause++)
		if (family->proofs >> cause & 1 && tally->gaps[cause] * 8 < tally->conversations)
			return "too few gaps of that cause to prove anything";
	return NULL;
}

/* Return: true if all conversations passed, and the cases of the family occurred. */
static bool run(const struct family *family, uint64_t wanted, uint64_t seed)
{
	struct tally tally = {0};
	const char *error = NULL;

	for (; tally.conversations < wanted && !error; seed++)
		error = family->play(family, seed, &tally);
	if (!error)
		error = prove(family, &tally);
	if (error)
		printf("# %s: %s\n#   test_reassembly %s %llu\n", family->name, error, family->name,
		       (unsigned long long)seed - 1);
	printf("%s - test_reassembly_%s # %llu conversations\n", error ? "not ok" : "ok",
	       family->name, (unsigned long long)tally.conversations);
	return !error;
}

int main(int argc, char **argv)
{
	const char *conversations = getenv("CONVERSATIONS");
	uint64_t wanted = conversations ? strtoull(conversations, NULL, 0) / 100 : COUNT_DEFAULT;
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
	bool well = true;

	setvbuf(stdout, NULL, _IOLBF, 0);

	if (wanted < COUNT_MIN || argc > 2)
		wanted = COUNT_MIN;
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		if (argc < 2 || !strcmp(families[i].name, argv[1]))
			well &= run(&families[i], wanted, seed);
	return well ? 0 : 1;
}
