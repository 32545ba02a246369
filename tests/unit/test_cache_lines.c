// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_cache_lines.c - counts the cache lines of the arena that the processing of each kind of
 * segment touches, and compares them with the table in user/engine/README.md.
 *
 * The arena is mapped without access rights. Each instruction that accesses it causes a fault,
 * whose handler records the address, permits the access, and lets the CPU execute this one
 * instruction. Prefetches cause no faults. An access that crosses two lines is recorded for the
 * first one.
 */
#include "unit/support/test.h"
#include "unit/support/rig.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "conn/conn.h"
#include "memory/arena.h"
#include "packet/packet.h"
#include "worker/pipeline.h"

/* The counts are those of a build without assertions and instrumentation, on x86-64. */
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && \
	!(WF_DEBUG >= 1) && defined(__OPTIMIZE__)
#define CAN_COUNT 1
#endif

enum {
	LINES_MAX = 256,
	HALF_OPEN_MAX = 64,
	CONNECTIONS = 8, /* flows begin at different offsets in a line; the largest count is used */
	TRAP_FLAG = 1 << 8,
};

#define README "user/engine/README.md"

struct watch {
	uint8_t *base;
	size_t bytes;
	uintptr_t lines[LINES_MAX];
	uint32_t count;
};

/* Number of lines, in the buckets of indexes and in all other objects. */
struct touched {
	uint32_t buckets;
	uint32_t objects;
};

static struct rig rig;
static struct watch watch;

/* ---- watching ------------------------------------------------------------------------- */

static void protect(int rights)
{
	mprotect(watch.base, watch.bytes, rights);
}

#ifdef CAN_COUNT
static void note(uintptr_t line)
{
	for (uint32_t i = 0; i < watch.count; i++)
		if (watch.lines[i] == line)
			return;
	if (watch.count < LINES_MAX)
		watch.lines[watch.count++] = line;
}

static void on_fault(int signal, siginfo_t *info, void *context)
{
	ucontext_t *cpu = context;
	uint8_t *at = info->si_addr;

	if (at < watch.base || at >= watch.base + watch.bytes) {
		struct sigaction act = {.sa_handler = SIG_DFL};

		sigaction(signal, &act, NULL);
		return;
	}
	note((uintptr_t)at / WF_CACHE_LINE);
	protect(PROT_READ | PROT_WRITE);
	cpu->uc_mcontext.gregs[REG_EFL] |= TRAP_FLAG;
}

static void on_step(int signal, siginfo_t *info, void *context)
{
	ucontext_t *cpu = context;

	(void)signal;
	(void)info;
	cpu->uc_mcontext.gregs[REG_EFL] &= ~(greg_t)TRAP_FLAG;
	protect(PROT_NONE);
}

static void watch_signals(void)
{
	struct sigaction fault = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
	struct sigaction step = {.sa_sigaction = on_step, .sa_flags = SA_SIGINFO};

	assert_int_equal(sigaction(SIGSEGV, &fault, NULL), 0);
	assert_int_equal(sigaction(SIGTRAP, &step, NULL), 0);
}
#else
static void watch_signals(void)
{
	skip();
}
#endif

static bool is_in(uintptr_t line, const struct wf_flow_index *index)
{
	uintptr_t at = line * WF_CACHE_LINE;

	return at >= (uintptr_t)index->buckets &&
	       at < (uintptr_t)(index->buckets + index->buckets_count);
}

static bool is_bucket(uintptr_t line)
{
	const struct wf_conns *conns = wf_pipeline_conns(rig.pipeline);

	return is_in(line, &conns->table.index) || is_in(line, &conns->half_open.index) ||
	       is_in(line, &conns->half_open.sources.index) || is_in(line, &conns->recent.index);
}

/* Send a segment of the present connection; raise @max to the numbers of lines that it touches. */
static void count(struct touched *max, enum rig_side from, uint32_t flags, int64_t seq, int64_t ack,
		  const char *payload)
{
	struct touched now = {0};

	watch.count = 0;
	protect(PROT_NONE);
	rig_segment(&rig, from, flags, seq, ack, payload);
	protect(PROT_READ | PROT_WRITE);
	for (uint32_t i = 0; i < watch.count; i++)
		if (is_bucket(watch.lines[i]))
			now.buckets++;
		else
			now.objects++;
	max->buckets = now.buckets > max->buckets ? now.buckets : max->buckets;
	max->objects = now.objects > max->objects ? now.objects : max->objects;
}

/* ---- the table ------------------------------------------------------------------------ */

/* The kinds of segments, in the order of the table's rows. */
enum kind {
	SYN = 0,
	EVICTING_SYN,
	SYN_ACK,
	FIRST_ACK,
	DATA,
	PURE_ACK,
	OUT_OF_ORDER,
	FILLS_HOLE,
	FIRST_FIN,
	SECOND_FIN,
	LAST_ACK,
};
#define KIND_COUNT (LAST_ACK + 1)

static const char *const names[KIND_COUNT] = {
	[SYN] = "SYN that nobody answers",
	[EVICTING_SYN] = "SYN that evicts a half-open connection",
	[SYN_ACK] = "SYN-ACK",
	[FIRST_ACK] = "first segment after the handshake",
	[DATA] = "data in order",
	[PURE_ACK] = "acknowledgement without data",
	[OUT_OF_ORDER] = "data after a hole",
	[FILLS_HOLE] = "data that fills a hole",
	[FIRST_FIN] = "first FIN",
	[SECOND_FIN] = "second FIN",
	[LAST_ACK] = "segment that ends the connection",
};

/* One step of a connection: a segment, and the row that counts it. */
struct step {
	enum kind kind;
	enum rig_side from;
	uint32_t flags;
	int64_t seq;
	int64_t ack;
	const char *payload;
};

static const struct step steps[] = {
	{SYN, RIG_CLIENT, WF_TCP_SYN, -1, 0, NULL},
	{SYN_ACK, RIG_SERVER, WF_TCP_SYN | WF_TCP_ACK, -1, 0, NULL},
	{FIRST_ACK, RIG_CLIENT, WF_TCP_ACK, 0, 0, NULL},
	{DATA, RIG_CLIENT, WF_TCP_ACK, 0, 0, "data"},
	{PURE_ACK, RIG_SERVER, WF_TCP_ACK, 0, 4, NULL},
	{DATA, RIG_SERVER, WF_TCP_ACK, 0, 4, "data"},
	{PURE_ACK, RIG_CLIENT, WF_TCP_ACK, 4, 4, NULL},
	{FIRST_FIN, RIG_SERVER, WF_TCP_ACK | WF_TCP_FIN, 4, 4, NULL},
	{OUT_OF_ORDER, RIG_CLIENT, WF_TCP_ACK, 8, 5, "late"},
	{FILLS_HOLE, RIG_CLIENT, WF_TCP_ACK, 4, 5, "hole"},
	{SECOND_FIN, RIG_CLIENT, WF_TCP_ACK | WF_TCP_FIN, 12, 5, NULL},
	{LAST_ACK, RIG_SERVER, WF_TCP_ACK, 5, 13, NULL},
};

/* Run the step of all connections, so that each flow has neighbours in all lists. */
static void run_step(const struct step *step, struct touched max[KIND_COUNT])
{
	for (uint16_t i = 0; i < CONNECTIONS; i++) {
		rig.port[RIG_CLIENT] = (uint16_t)(40000 + i);
		count(&max[step->kind], step->from, step->flags, step->seq, step->ack,
		      step->payload);
	}
}

static void start(const struct weft_opts *opts)
{
	rig_start(&rig, opts);
	watch.base = wf_arena_base(rig.arena);
	watch.bytes = wf_arena_bytes(rig.arena);
}

/* Run the steps of all connections. */
static void run_connections(struct touched max[KIND_COUNT])
{
	start(NULL);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		run_step(&steps[i], max);
	rig_stop(&rig);
}

/* Send SYNs from different sources: as many as there is room for, then some that evict. */
static void run_flood(struct touched max[KIND_COUNT])
{
	const struct weft_opts opts = {.embryonic_max = HALF_OPEN_MAX};
	char source[16];

	start(&opts);
	rig.addr[RIG_CLIENT] = source;
	for (unsigned int i = 0; i < HALF_OPEN_MAX + CONNECTIONS; i++) {
		snprintf(source, sizeof(source), "10.1.0.%u", i);
		if (i < HALF_OPEN_MAX)
			rig_segment(&rig, RIG_CLIENT, WF_TCP_SYN, -1, 0, NULL);
		else
			count(&max[EVICTING_SYN], RIG_CLIENT, WF_TCP_SYN, -1, 0, NULL);
	}
	assert_int_equal(wf_metric_get(&rig.metrics, embryonic_evicted_flows), CONNECTIONS);
	rig_stop(&rig);
}

/* Read the two numbers of the row @name of the table. */
static struct touched read_row(const char *name)
{
	struct touched row = {0};
	char start[128];
	char line[1024];
	FILE *readme = fopen(README, "r");
	bool found = false;

	assert_non_null(readme);
	snprintf(start, sizeof(start), "| %s |", name);
	while (!found && fgets(line, sizeof(line), readme))
		if (!strncmp(line, start, strlen(start)))
			found = sscanf(line + strlen(start), " %u | %u |", &row.buckets,
				       &row.objects) == 2;
	fclose(readme);
	return row;
}

TEST(cache_lines_of_each_kind_of_segment_are_those_of_the_table)
{
	static struct touched max[KIND_COUNT];
	bool differs = false;

	watch_signals();
	run_connections(max);
	run_flood(max);

	for (int kind = 0; kind < KIND_COUNT; kind++) {
		struct touched row = read_row(names[kind]);

		if (row.buckets == max[kind].buckets && row.objects == max[kind].objects)
			continue;
		differs = true;
		print_message(README ": \"%s\" has %u | %u, counted %u | %u\n", names[kind],
			      row.buckets, row.objects, max[kind].buckets, max[kind].objects);
	}
	assert_false(differs);
}
