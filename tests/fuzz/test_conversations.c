// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_conversations.c - compares truth, oracle and engine for random conversations.
 *
 *   test_conversations [--count N] [--seed N] [--batch N] [--kinds MASK] [--verbose] [--trace PORT]
 *   test_conversations --write FILE.pcap --seed N [--batch N]     only write the conversations
 *
 * Environment: CONVERSATIONS is the number of conversations if --count is missing. A failed
 * conversation is printed with the seed of its batch (--verbose: and with its packets), and written
 * to a capture file. To run only the batch of the failed conversation:
 *   test_conversations --seed N --verbose
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/conversation.h"
#include "fuzz/engine_run.h"
#include "fuzz/family.h"
#include "fuzz/observed.h"
#include "fuzz/oracle.h"
#include "fuzz/rng.h"
#include "fuzz/wire.h"
#include "fuzz/wrap.h"

_Static_assert(WIRE_FRAGMENTS_MAX *WIRE_FRAGMENT_HEADERS_MAX >= WRAP_BYTES_MAX, "room for either");

enum {
	COUNT_DEFAULT = 4000,
	BATCH_DEFAULT = 48,
	FAILURES_MAX = 5,
	FAMILIES_COUNTED = 50000, /* from this size of a run on, each family must be 1 % of it */
	/* bytes by which fragments or a wrapping may lengthen one packet */
	EXTRA_BYTES_MAX = WIRE_FRAGMENTS_MAX * WIRE_FRAGMENT_HEADERS_MAX,
};

struct options {
	uint64_t seed;
	uint32_t count;
	uint32_t batch;
	uint32_t kinds;
	uint16_t trace_port;
	bool single;	   /* run only the given seed */
	const char *write; /* only write the packets to this capture file; NULL: run */
	bool verbose;
};

struct totals {
	uint64_t conversations;
	uint64_t packets;
	uint64_t bytes;
	uint64_t gaps;
	uint64_t families[FAMILY_COUNT];
	uint64_t wrappings[WRAP_COUNT];
	uint32_t failures;
};

/*
 * Return: true if this seed delivers only acknowledged bytes, for which all packets except SYNs
 * must be captured.
 */
static bool is_acked_seed(uint64_t seed)
{
	return seed % 5 == 4;
}

/*
 * Return: true if this seed may have early data. The oracle assumes that a stream begins at its
 * first segment, so these batches are compared only with the truth.
 */
static bool is_early_seed(uint64_t seed)
{
	return seed % 5 == 3;
}

static uint32_t kinds_of(const struct options *options, uint64_t seed)
{
	uint32_t kinds = options->kinds;

	if (!is_early_seed(seed))
		kinds &= ~CONV_EARLY;
	if (is_acked_seed(seed))
		kinds &= ~(CONV_MISSED | CONV_MIDSTREAM | CONV_ONE_SIDED | CONV_DIRTY_RST);
	return kinds;
}

static void show_packets(const struct conv_batch *batch, uint32_t conversation)
{
	uint64_t start_ns = batch->packets_count ? batch->packets[0].time_ns : 0;

	for (uint32_t i = 0; i < batch->packets_count; i++) {
		const struct conv_packet *packet = &batch->packets[i];

		if (packet->conversation == conversation)
			printf("#   %6u %12.6f ms, %u bytes\n", i,
			       (double)(packet->time_ns - start_ns) / 1e6, packet->len_bytes);
	}
}

#define ALL_CONVERSATIONS UINT32_MAX

/*
 * Write the packets of @conversation, or of all, to a capture file. Return: false if it can't be
 * made or written.
 */
static bool write_packets(const struct conv_batch *batch, uint32_t conversation, const char *path)
{
	FILE *file = fopen(path, "wb");
	int err;

	if (!file)
		return false;
	err = wire_pcap_start(file);
	for (uint32_t i = 0; i < batch->packets_count && !err; i++)
		if (conversation == ALL_CONVERSATIONS ||
		    batch->packets[i].conversation == conversation)
			err = wire_pcap_add(file, batch->packets[i].time_ns,
					    batch->packets[i].bytes, batch->packets[i].len_bytes);
	return !fclose(file) && !err;
}

static void write_pcap(const struct conv_batch *batch, uint32_t conversation, uint64_t seed)
{
	const char *dir = getenv("WEFT_BUILD");
	char path[512];

	snprintf(path, sizeof(path), "%s/conversation-%llu.pcap", dir ? dir : "build",
		 (unsigned long long)seed);
	if (write_packets(batch, conversation, path))
		printf("#   written to %s\n", path);
}

static void report(const struct conv_batch *batch, const struct options *options, uint64_t seed,
		   uint32_t conversation, const char *who, const char *what)
{
	const struct conv_truth *truth = &batch->truths[conversation];
	char kinds[256];

	printf("# %s: %s\n", who, what);
	printf("#   --seed %llu --batch %u --kinds %#x, conversation %u, use %u, ports %u %u: %s\n",
	       (unsigned long long)seed, options->batch, options->kinds, conversation, truth->use,
	       truth->port[0], truth->port[1], conv_kinds_text(truth->kinds, kinds));
	if (options->verbose)
		show_packets(batch, conversation);
	write_pcap(batch, conversation, seed);
}

static bool oracle_agrees(const struct conv_batch *batch, const struct options *options,
			  uint64_t seed)
{
	struct observed_set set = {0};
	struct oracle *oracle = oracle_new();
	uint32_t conversation;
	const char *error;

	for (uint32_t i = 0; i < batch->packets_count; i++)
		oracle_packet(oracle, batch->packets[i].time_ns, batch->packets[i].bytes,
			      batch->packets[i].len_bytes);
	oracle_finish(oracle, &set);
	error = observed_compare(&set, batch, false, &conversation);
	if (error)
		report(batch, options, seed, conversation, "oracle", error);
	observed_fini(&set);
	return !error;
}

/* Chooses settings of the engine by seed; all settings must give the same result. */
static struct engine_run_opts engine_settings(uint64_t seed, struct observed_set *set)
{
	return (struct engine_run_opts){
		.memory_bytes = 64u << 20,
		.place = (enum engine_run_place)(seed % ENGINE_RUN_PLACE_COUNT),
		.is_queued = seed % 7 < 3,
		.batch = (uint32_t)(seed / 2 % 64 + 1),
		.checksum = WEFT_CHECKSUM_VERIFY,
		.deliver = is_acked_seed(seed) ? WEFT_DELIVER_ACKED : WEFT_DELIVER_ARRIVAL,
		.overlap = (enum weft_overlap)(seed / 3 % WEFT_OVERLAP_COUNT),
		.event_fn = observed_event,
		.ctx = set,
	};
}

/*
 * Sends a datagram to the engine in fragments, in any order, sometimes one fragment twice; the
 * oracle gets the whole datagram. Return: the end of the used part of @room.
 */
static uint8_t *feed_fragments(struct engine_run *run, const struct conv_packet *packet,
			       struct rng *rng, uint8_t *room)
{
	uint32_t lens[WIRE_FRAGMENTS_MAX];
	const uint8_t *at[WIRE_FRAGMENTS_MAX];
	uint32_t piece_bytes = (uint32_t)rng_range(rng, 8, packet->len_bytes);
	uint32_t count = wire_fragment(packet->bytes, packet->len_bytes, piece_bytes,
				       (uint32_t)rng_next(rng), room, lens);

	for (uint32_t i = 0; i < count; i++) {
		at[i] = room;
		room += lens[i];
	}
	for (uint32_t left = count; left; left--) {
		uint32_t i = (uint32_t)rng_below(rng, left);

		engine_run_frame(run, packet->time_ns, at[i], lens[i]);
		if (left > 1 && rng_percent(rng, 10))
			engine_run_frame(run, packet->time_ns, at[i], lens[i]);
		at[i] = at[left - 1];
		lens[i] = lens[left - 1];
	}
	return room;
}

/*
 * Return: true for half of the seeds, which have no fragments: its ports then give each four-tuple
 * a kind of wrapping.
 */
static bool is_wrapped_seed(uint64_t seed)
{
	return seed % 4 >= 2;
}

static enum wrap_kind wrapping_of(const struct conv_truth *truth)
{
	return (enum wrap_kind)((truth->port[0] + 7u * truth->port[1]) % WRAP_COUNT);
}

/*
 * Return: false if the frames have VLAN tags, or if a truncated first copy (WRAP_CUT) would change
 * the result: the checksum of a truncated segment cannot be verified, and of the data on a SYN that
 * is captured late, only the first copy is accepted.
 */
static bool can_be_wrapped(const struct conv_truth *truth)
{
	return !truth->vlan[0] &&
	       !(wrapping_of(truth) == WRAP_CUT && truth->kinds & (CONV_NOISE | CONV_EARLY));
}

static uint8_t *feed_wrapped(struct engine_run *run, const struct conv_packet *packet,
			     const struct conv_truth *truth, struct rng *rng, uint8_t *room)
{
	const struct wrapped wrapped = wrap_frame(wrapping_of(truth), packet->bytes,
						  packet->len_bytes, (uint32_t)rng_next(rng), room);

	if (wrapped.cut_bytes)
		engine_run_captured(run, packet->time_ns, room, wrapped.cut_bytes,
				    wrapped.len_bytes, wrapped.link);
	engine_run_captured(run, packet->time_ns, room, wrapped.len_bytes, wrapped.len_bytes,
			    wrapped.link);
	return room + wrapped.len_bytes;
}

/* Return: the memory of the frames, which the caller frees after engine_run_finish(). */
static uint8_t *feed(struct engine_run *run, const struct conv_batch *batch, uint64_t seed)
{
	uint32_t percent = seed % 4 == 1 ? 15 : 0;
	size_t room_bytes = 1;
	uint8_t *rooms;
	uint8_t *room;
	struct rng rng;

	for (uint32_t i = 0; i < batch->packets_count; i++)
		room_bytes += batch->packets[i].len_bytes + EXTRA_BYTES_MAX;
	rooms = malloc(room_bytes);
	if (!rooms)
		abort();
	room = rooms;
	rng_seed(&rng, seed, 1);
	for (uint32_t i = 0; i < batch->packets_count; i++) {
		const struct conv_packet *packet = &batch->packets[i];
		const struct conv_truth *truth = &batch->truths[packet->conversation];

		if (rng_percent(&rng, percent))
			room = feed_fragments(run, packet, &rng, room);
		else if (is_wrapped_seed(seed) && can_be_wrapped(truth))
			room = feed_wrapped(run, packet, truth, &rng, room);
		else
			engine_run_frame(run, packet->time_ns, packet->bytes, packet->len_bytes);
	}
	return rooms;
}

static bool engine_agrees(const struct conv_batch *batch, const struct options *options,
			  uint64_t seed)
{
	struct observed_set set = {.trace_port = options->trace_port};
	struct engine_run_opts settings = engine_settings(seed, &set);
	struct engine_run run;
	uint32_t conversation;
	const char *broken;
	const char *error;
	uint8_t *frames;

	engine_run_start(&run, &settings);
	frames = feed(&run, batch, seed);
	broken = engine_run_finish(&run);
	free(frames);
	error = observed_compare(&set, batch, true, &conversation);
	if (error)
		report(batch, options, seed, conversation, "engine", error);
	if (broken)
		printf("# engine, seed %llu: %s\n", (unsigned long long)seed, broken);
	observed_fini(&set);
	return !error && !broken;
}

static void count_truth(const struct conv_batch *batch, struct totals *totals)
{
	totals->conversations += batch->truths_count;
	totals->packets += batch->packets_count;
	for (uint32_t i = 0; i < batch->truths_count; i++) {
		for (int from = 0; from < 2; from++) {
			const struct conv_truth_dir *dir = &batch->truths[i].dir[from];

			totals->bytes += dir->end - dir->start;
			totals->gaps += dir->gaps_count;
		}
	}
}

/*
 * Count the conversations of each family (tests/fuzz/family.h). A batch with early data counts only
 * for the families of early data, any other batch only for the other families.
 */
static void count_families(const struct conv_batch *batch, bool is_early, struct totals *totals)
{
	const uint64_t early = FAMILY_BIT(EARLY_DATA) | FAMILY_BIT(EARLY_OTHER_ISN);

	for (uint32_t i = 0; i < batch->truths_count; i++) {
		uint64_t families = batch->truths[i].families & (is_early ? early : ~early);

		for (int family = 0; family < FAMILY_COUNT; family++)
			totals->families[family] += families >> family & 1;
	}
}

static void count_wrappings(const struct conv_batch *batch, struct totals *totals)
{
	for (uint32_t i = 0; i < batch->truths_count; i++)
		if (can_be_wrapped(&batch->truths[i]))
			totals->wrappings[wrapping_of(&batch->truths[i])]++;
}

static bool is_enough(const char *name, uint64_t count, uint64_t least)
{
	printf("# family %s: %llu\n", name, (unsigned long long)count);
	if (count < least)
		printf("# ... which is less than %llu\n", (unsigned long long)least);
	return count >= least;
}

/*
 * Return: true if each family and each kind of wrapping had enough conversations: one in a hundred
 * in a large run, at least one in a small run.
 */
static bool families_suffice(const struct totals *totals)
{
	uint64_t least =
		totals->conversations >= FAMILIES_COUNTED ? totals->conversations / 100 : 1;
	bool suffice = true;

	for (int family = 0; family < FAMILY_COUNT; family++)
		suffice &= is_enough(conv_family_name((enum conv_family)family),
				     totals->families[family], least);
	for (int kind = 0; kind < WRAP_COUNT; kind++)
		suffice &= is_enough(wrap_kind_name((enum wrap_kind)kind), totals->wrappings[kind],
				     least);
	return suffice;
}

static void make_batch(const struct options *options, uint64_t seed, struct conv_batch *ret_batch)
{
	const struct conv_options conv = {
		.conversations = options->batch,
		.kinds = kinds_of(options, seed),
		.start_ns = 1700000000000000000ull,
		.spread_ns = 300000000,
	};

	conv_batch_make(ret_batch, seed, &conv);
}

static bool write_batch(const struct options *options)
{
	struct conv_batch batch;
	bool is_written;

	make_batch(options, options->seed, &batch);
	is_written = write_packets(&batch, ALL_CONVERSATIONS, options->write);
	conv_batch_free(&batch);
	return is_written;
}

static void run_batch(const struct options *options, uint64_t seed, struct totals *totals)
{
	struct conv_batch batch;

	make_batch(options, seed, &batch);
	count_truth(&batch, totals);
	count_families(&batch, is_early_seed(seed), totals);
	if (is_wrapped_seed(seed))
		count_wrappings(&batch, totals);
	if (!is_early_seed(seed) && !oracle_agrees(&batch, options, seed))
		totals->failures++;
	if (!engine_agrees(&batch, options, seed))
		totals->failures++;
	conv_batch_free(&batch);
}

static struct options parse_options(int argc, char **argv)
{
	const char *count = getenv("CONVERSATIONS");
	struct options options = {
		.seed = 1,
		.count = count ? (uint32_t)strtoul(count, NULL, 0) : COUNT_DEFAULT,
		.batch = BATCH_DEFAULT,
		.kinds = CONV_ALL,
	};

	for (int i = 1; i < argc; i++) {
		const char *value = i + 1 < argc ? argv[i + 1] : "0";

		if (!strcmp(argv[i], "--verbose")) {
			options.verbose = true;
			continue;
		}
		if (!strcmp(argv[i], "--seed")) {
			options.seed = strtoull(value, NULL, 0);
			options.single = true;
		} else if (!strcmp(argv[i], "--count")) {
			options.count = (uint32_t)strtoul(value, NULL, 0);
			options.single = false;
		} else if (!strcmp(argv[i], "--batch")) {
			options.batch = (uint32_t)strtoul(value, NULL, 0);
		} else if (!strcmp(argv[i], "--trace")) {
			options.trace_port = (uint16_t)strtoul(value, NULL, 0);
		} else if (!strcmp(argv[i], "--write")) {
			options.write = value;
		} else if (!strcmp(argv[i], "--kinds")) {
			options.kinds = (uint32_t)strtoul(value, NULL, 0);
		}
		i++;
	}
	return options;
}

int main(int argc, char **argv)
{
	struct options options = parse_options(argc, argv);
	struct totals totals = {0};
	uint64_t seed = options.seed;
	bool suffice = true;

	if (options.write)
		return write_batch(&options) ? 0 : 1;
	do
		run_batch(&options, seed++, &totals);
	while (!options.single && totals.conversations < options.count &&
	       totals.failures < FAILURES_MAX);
	printf("# %llu conversations, %llu packets, %llu bytes, %llu gaps\n",
	       (unsigned long long)totals.conversations, (unsigned long long)totals.packets,
	       (unsigned long long)totals.bytes, (unsigned long long)totals.gaps);
	printf("%s - test_conversations_truth_oracle_and_engine_agree\n",
	       totals.failures ? "not ok" : "ok");
	if (!options.single && options.kinds == CONV_ALL && !totals.failures) {
		suffice = families_suffice(&totals);
		printf("%s - test_conversations_of_each_family_are_enough\n",
		       suffice ? "ok" : "not ok");
	}
	return totals.failures || !suffice ? 1 : 0;
}
