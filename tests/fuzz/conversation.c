// SPDX-License-Identifier: BSD-2-Clause
/* conversation.c - makes single conversations, and merges the conversations of a batch by time. */
#include "fuzz/conversation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <weft/flow.h>

#include "fuzz/conversation_internal.h"
#include "fuzz/grow.h"

#define MS 1000000ull

enum { USES_MAX = 4 };

static struct conv_truth *add_truth(struct maker *maker, uint32_t use, uint64_t seed)
{
	struct conv_batch *batch = maker->batch;
	struct conv_truth *truth;

	batch->truths = grown(batch->truths, batch->truths_count, &batch->truths_room,
			      sizeof(*batch->truths));
	maker->truth = batch->truths_count++;
	truth = &batch->truths[maker->truth];
	*truth = (struct conv_truth){
		.ip_version = maker->ip_version,
		.use = use,
		.kinds = maker->kinds,
		.seed = seed,
	};
	memcpy(truth->addr, maker->addr, sizeof(truth->addr));
	memcpy(truth->port, maker->port, sizeof(truth->port));
	memcpy(truth->vlan, maker->vlan, sizeof(truth->vlan));
	return truth;
}

/* Makes one use of a four-tuple. Return: the time at which its capture has ended. */
static uint64_t play(struct maker *maker, uint32_t use, uint64_t seed, uint64_t start_ns)
{
	struct conv_truth *truth;
	uint64_t end_ns = start_ns;

	maker->families = maker->reuse;
	choose_play(maker, start_ns);
	sim_run(&maker->sim, &maker->rng, &maker->capture);
	tapped_choose(maker);
	truth = add_truth(maker, use, seed);
	for (uint32_t i = 0; i < maker->capture.count; i++) {
		if (!maker->dropped[i])
			render_packet(maker, &maker->capture.packets[i]);
		end_ns = maker->capture.packets[i].time_ns;
	}
	if (maker->kinds & CONV_NOISE)
		noise_add(maker);
	truth_fill(maker, truth);
	family_look(maker);
	truth->families = maker->families;
	free(maker->capture.packets);
	free(maker->dropped);
	return end_ns > maker->capture.end_ns ? end_ns : maker->capture.end_ns;
}

/*
 * Returns the time until the four-tuple is used again. Enters into the truth of the use that has
 * just been made which anomalies weft may or must report, and how the use ends if neither FIN nor
 * RST ends it.
 */
static uint64_t pause(struct maker *maker)
{
	struct conv_truth *truth = conv_truth_of(maker);
	bool is_long = rng_percent(&maker->rng, 50);
	uint64_t pause_ns =
		rng_range(&maker->rng, 70, rng_percent(&maker->rng, 80) ? 300 : 20000) * MS;

	maker->reuse = 0;
	/*
	 * While this connection is tracked, the SYN of the next one with its addresses and ports
	 * may be reported as an anomaly of this connection. So may the empty acknowledgement with
	 * which a server may answer that SYN in a split handshake.
	 */
	truth->anomalies_may |=
		1u << WEFT_ANOMALY_SYN_IN_CONNECTION | 1u << WEFT_ANOMALY_ACK_OF_UNSENT;
	if (truth->reasons == 1u << WEFT_CLOSE_FIN) {
		maker->reuse = FAMILY_BIT(REUSE_AFTER_FIN);
	} else if (truth->reasons == 1u << WEFT_CLOSE_RST) {
		maker->reuse = FAMILY_BIT(REUSE_AFTER_RST);
	} else if (is_long) {
		maker->reuse = FAMILY_BIT(REUSE_AFTER_TIMEOUT);
		truth->reasons = 1u << WEFT_CLOSE_TIMEOUT;
		pause_ns += 3700 * 1000 * MS;
	} else {
		maker->reuse = FAMILY_BIT(REUSE_IN_SILENCE);
		truth->reasons = 1u << WEFT_CLOSE_REUSED;
		truth->anomalies_must |= 1u << WEFT_ANOMALY_SYN_IN_CONNECTION;
	}
	return pause_ns;
}

static void make_conversation(struct conv_batch *batch, const struct conv_options *opts,
			      uint64_t seed, uint32_t index)
{
	struct maker maker = {.batch = batch, .opts = opts};
	uint64_t start_ns = opts->start_ns;
	uint32_t uses = 1;

	rng_seed(&maker.rng, seed, index);
	start_ns += rng_below(&maker.rng, opts->spread_ns + 1);
	do
		maker.kinds = choose_kinds(&maker.rng, opts->kinds);
	while (opts->always & ~maker.kinds);
	choose_tuple(&maker, index);
	/*
	 * Another use of a four-tuple is recognisable only if all its connections were captured
	 * completely, and without forged segments.
	 */
	if (maker.kinds & CONV_REUSE) {
		maker.kinds &= ~(CONV_MISSED | CONV_MIDSTREAM | CONV_ONE_SIDED | CONV_DIRTY_RST |
				 CONV_NOISE);
		uses = (uint32_t)rng_range(&maker.rng, 2, USES_MAX);
	}
	for (uint32_t use = 1; use <= uses; use++) {
		start_ns = play(&maker, use, seed, start_ns);
		if (use < uses)
			start_ns += pause(&maker);
	}
}

static int packet_compare(const void *a, const void *b)
{
	const struct conv_packet *x = a;
	const struct conv_packet *y = b;

	if (x->time_ns != y->time_ns)
		return x->time_ns < y->time_ns ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

void conv_batch_make(struct conv_batch *batch, uint64_t seed, const struct conv_options *opts)
{
	memset(batch, 0, sizeof(*batch));
	for (uint32_t index = 0; batch->truths_count < opts->conversations; index++)
		make_conversation(batch, opts, seed, index);
	if (batch->packets_count)
		qsort(batch->packets, batch->packets_count, sizeof(*batch->packets),
		      packet_compare);
}

void conv_batch_free(struct conv_batch *batch)
{
	for (uint32_t i = 0; i < batch->truths_count; i++) {
		for (int from = 0; from < 2; from++) {
			free(batch->truths[i].dir[from].bytes);
			free(batch->truths[i].dir[from].gaps);
		}
	}
	for (uint32_t i = 0; i < batch->chunks_count; i++)
		free(batch->chunks[i]);
	free(batch->chunks);
	free(batch->packets);
	free(batch->truths);
	memset(batch, 0, sizeof(*batch));
}

const char *conv_kinds_text(uint32_t kinds, char *text)
{
	static const char *const names[] = {
		"vlan", "ipv6",	       "reorder",   "loss",	 "dup",	     "spurious",
		"skew", "missed",      "midstream", "one-sided", "reuse",    "wrap",
		"tiny", "zero-window", "keepalive", "openings",	 "closings", "dirty-rst",
		"late", "noise",       "large",	    "early",	 "wide",     "headless",
		"ecn",	"urgent",      "options",
	};
	size_t at = 0;

	text[0] = '\0';
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (kinds >> i & 1)
			at += (size_t)snprintf(text + at, 256 - at, "%s%s", at ? " " : "",
					       names[i]);
	return text;
}
