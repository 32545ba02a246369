// SPDX-License-Identifier: BSD-2-Clause
/*
 * fuzz_memory.c - runs memory operations in any order, with any offsets and lengths.
 *
 * The input is a sequence of operations with operands. Each held page and slab object is filled
 * with the number of its slot, so that an overlap or a write out of bounds is detected when it is
 * put. The bounds checks of page accesses are compared with 128-bit arithmetic. At the end
 * everything is put, and the arena must be empty and valid.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <weft/limits.h>

#include "memory/arena.h"
#include "memory/budget.h"
#include "memory/page.h"
#include "memory/page_pool.h"
#include "memory/slab.h"
#include "metrics/metrics.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_bytes);

enum {
	SLOTS = 64,
	OBJECT_BYTES = 40,
	FRAME_BYTES = 2048,
	FRAMES = 128,
	LIMIT_BYTES = 3 << 20,
};

struct input {
	const uint8_t *at;
	const uint8_t *end;
};

struct machine {
	struct wf_arena *arena;
	struct wf_page_pool *pool;
	struct wf_slab *slab;
	struct wf_metrics metrics;
	struct input input;
	uint64_t now_ns;

	struct wf_page *pages[SLOTS];
	uint32_t extra_holders[SLOTS];
	uint32_t objects[SLOTS];
	uint8_t *runs[SLOTS];
	uint32_t run_spans[SLOTS];
	uint64_t reserved[SLOTS];
};

#define check(condition)                                                                \
	do {                                                                            \
		if (!(condition)) {                                                     \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
			abort();                                                        \
		}                                                                       \
	} while (0)

/* Returns the next @bytes of the input as a number; 0 after the end. */
static uint64_t next(struct machine *machine, size_t bytes)
{
	uint64_t value = 0;

	for (size_t i = 0; i < bytes && machine->input.at < machine->input.end; i++)
		value |= (uint64_t)*machine->input.at++ << (8 * i);
	return value;
}

/* Returns a number of any magnitude: a byte of shift, two bytes of value, sometimes negated. */
static uint64_t next_any(struct machine *machine)
{
	uint64_t shift = next(machine, 1);
	uint64_t value = next(machine, 2) << (shift & 63);

	return shift & 64 ? -value : value;
}

static void fill_page(struct machine *machine, uint32_t slot)
{
	struct wf_page *page = machine->pages[slot];

	memset(wf_page_bytes(page), (int)slot, wf_page_capacity(page));
}

static void check_page(struct machine *machine, uint32_t slot)
{
	struct wf_page *page = machine->pages[slot];
	const uint8_t *bytes = wf_page_bytes(page);

	for (size_t i = 0; i < wf_page_capacity(page); i++)
		check(bytes[i] == slot);
	check(wf_page_is_sole(page) == !machine->extra_holders[slot]);
}

static void drop_page(struct machine *machine, uint32_t slot)
{
	if (!machine->pages[slot])
		return;
	check_page(machine, slot);
	for (; machine->extra_holders[slot]; machine->extra_holders[slot]--)
		wf_page_put(machine->pages[slot]);
	wf_page_put(machine->pages[slot]);
	machine->pages[slot] = NULL;
}

static void take_page(struct machine *machine, uint32_t slot)
{
	uint64_t bytes = next_any(machine);

	drop_page(machine, slot);
	machine->pages[slot] = wf_page_pool_take(machine->pool, bytes);
	if (!machine->pages[slot])
		return;
	check(wf_page_capacity(machine->pages[slot]) >= bytes);
	fill_page(machine, slot);
}

static void take_frame(struct machine *machine, uint32_t slot)
{
	uint64_t off;

	drop_page(machine, slot);
	if (!wf_page_pool_take_frames(machine->pool, &off, 1))
		return;
	machine->pages[slot] =
		wf_arena_page_at(machine->arena, off + next(machine, 2) % FRAME_BYTES);
	check(wf_page_is_frame(machine->pages[slot]));
	fill_page(machine, slot);
}

static void access_page(struct machine *machine, uint32_t slot)
{
	static uint8_t bytes[WEFT_SPAN_BYTES];
	uint64_t off = next_any(machine);
	uint64_t len_bytes = next_any(machine);
	struct wf_page *page = machine->pages[slot];
	const uint8_t *view;
	bool is_within;

	if (!page)
		return;
	is_within = (unsigned __int128)off + len_bytes <= wf_page_capacity(page);
	memset(bytes, (int)slot, sizeof(bytes));
	check(!wf_page_copy_in(page, off, bytes, len_bytes) == is_within);
	check(!wf_page_copy_out(page, off, bytes, len_bytes) == is_within);
	check(!wf_page_view(page, off, len_bytes, &view) == is_within);
	if (is_within && len_bytes)
		check(view[0] == slot && view[len_bytes - 1] == slot);
}

static void resize_page(struct machine *machine, uint32_t slot)
{
	uint64_t keep_bytes = next_any(machine);
	uint64_t bytes = next_any(machine);
	struct wf_page *old = machine->pages[slot];
	bool may_work;
	int err;

	if (!old || machine->extra_holders[slot])
		return;
	may_work = keep_bytes <= wf_page_capacity(old) && keep_bytes <= bytes &&
		   bytes <= WEFT_SPAN_BYTES;
	err = wf_page_resize(&machine->pages[slot], machine->pool, keep_bytes, bytes);
	check((err == -ERANGE) == !may_work);
	if (err) {
		check(machine->pages[slot] == old);
		return;
	}
	check(wf_page_capacity(machine->pages[slot]) >= bytes);
	for (uint64_t i = 0; i < keep_bytes; i++)
		check(wf_page_bytes(machine->pages[slot])[i] == slot);
	fill_page(machine, slot);
}

static void hold_page(struct machine *machine, uint32_t slot)
{
	if (!machine->pages[slot])
		return;
	wf_page_get(machine->pages[slot]);
	machine->extra_holders[slot]++;
}

static void drop_object(struct machine *machine, uint32_t slot)
{
	const uint8_t *bytes;

	if (!machine->objects[slot])
		return;
	bytes = wf_slab_at(machine->slab, machine->objects[slot]);
	for (int i = 0; i < OBJECT_BYTES; i++)
		check(bytes[i] == slot);
	wf_slab_put(machine->slab, machine->objects[slot]);
	machine->objects[slot] = WF_SLAB_NONE;
}

static void take_object(struct machine *machine, uint32_t slot)
{
	drop_object(machine, slot);
	machine->objects[slot] = wf_slab_take(machine->slab);
	if (machine->objects[slot])
		memset(wf_slab_at(machine->slab, machine->objects[slot]), (int)slot, OBJECT_BYTES);
}

static void drop_run(struct machine *machine, uint32_t slot)
{
	if (!machine->run_spans[slot])
		return;
	wf_arena_put_run(machine->arena, machine->runs[slot],
			 (uint64_t)machine->run_spans[slot] * WEFT_SPAN_BYTES);
	machine->run_spans[slot] = 0;
}

static void take_run(struct machine *machine, uint32_t slot)
{
	uint32_t spans = (uint32_t)next_any(machine);
	uint64_t bytes = (uint64_t)spans * WEFT_SPAN_BYTES;
	uint8_t *base = wf_arena_base(machine->arena);
	uint8_t *run;

	drop_run(machine, slot);
	run = wf_arena_take_run(machine->arena, bytes);
	if (!run)
		return;
	check(run >= base && run + bytes <= base + wf_arena_bytes(machine->arena));
	machine->runs[slot] = run;
	machine->run_spans[slot] = spans;
}

static void reserve(struct machine *machine, uint32_t slot)
{
	struct wf_budget *budget = wf_arena_budget(machine->arena);
	uint64_t bytes = next_any(machine);

	wf_budget_release(budget, WF_BUDGET_QUEUES, machine->reserved[slot]);
	machine->reserved[slot] = 0;
	if (!wf_budget_reserve(budget, WF_BUDGET_QUEUES, bytes))
		machine->reserved[slot] = bytes;
	check(wf_budget_used(budget) <= LIMIT_BYTES);
}

static void tend(struct machine *machine, uint32_t slot)
{
	machine->now_ns += (uint64_t)slot << 24;
	wf_page_pool_housekeep(machine->pool, machine->now_ns);
	wf_arena_trim(machine->arena, next_any(machine));
	check(wf_page_pool_is_valid(machine->pool));
	check(wf_arena_is_valid(machine->arena));
}

static void set_level(struct machine *machine, uint32_t slot)
{
	wf_arena_set_pressure_level(machine->arena, slot);
	check(wf_page_pool_advise(machine->pool, slot, next_any(machine)) >= slot);
}

static void shrink(struct machine *machine, uint32_t slot)
{
	wf_page_pool_shrink(machine->pool);
}

static void (*const operations[])(struct machine *machine, uint32_t slot) = {
	take_page,   drop_page, take_frame, access_page, resize_page, hold_page, take_object,
	drop_object, take_run,	drop_run,   reserve,	 tend,	      set_level, shrink,
};
enum { OPERATIONS = sizeof(operations) / sizeof(operations[0]) };

static void set_up(struct machine *machine)
{
	uint64_t flags = next(machine, 1);
	struct wf_page_pool_opts opts = {
		.small_bytes = 128 + 64 * (uint32_t)(flags >> 5),
		.medium_bytes = 1500,
		.large_bytes = 9000,
		.frame_bytes = flags & 1 ? FRAME_BYTES : 0,
		.frames = flags & 1 ? FRAMES : 0,
		.frames_reserve = flags & 1 ? FRAMES / 2 : 0,
		.max_bytes = flags & 2 ? 6 * WEFT_SPAN_BYTES : 0,
		.max_class_pages = flags & 4 ? 40 : 0,
		.keeps_spans = flags & 8,
	};

	check(!wf_arena_new(LIMIT_BYTES, &machine->arena));
	if (flags & 16)
		check(!wf_arena_pin(machine->arena, LIMIT_BYTES / 8));
	check(!wf_page_pool_new(machine->arena, &opts, &machine->metrics, &machine->pool));
	check(!wf_slab_new(machine->arena, OBJECT_BYTES, 5000, &machine->slab));
	wf_page_pool_adopt(machine->pool);
}

static void tear_down(struct machine *machine)
{
	struct wf_budget *budget = wf_arena_budget(machine->arena);

	for (uint32_t slot = 0; slot < SLOTS; slot++) {
		drop_page(machine, slot);
		drop_object(machine, slot);
		drop_run(machine, slot);
		wf_budget_release(budget, WF_BUDGET_QUEUES, machine->reserved[slot]);
	}
	check(!wf_page_pool_taken(machine->pool) && !wf_slab_taken(machine->slab));
	check(wf_page_pool_is_valid(machine->pool));
	wf_page_pool_free(machine->pool);
	wf_slab_free(machine->slab);
	check(!wf_arena_used_bytes(machine->arena));
	check(wf_arena_is_valid(machine->arena));
	wf_arena_free(machine->arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_bytes)
{
	static struct machine machine;

	memset(&machine, 0, sizeof(machine));
	machine.input = (struct input){data, data + data_bytes};
	set_up(&machine);
	while (machine.input.at < machine.input.end) {
		uint64_t operation = next(&machine, 1);
		uint32_t slot = (uint32_t)next(&machine, 1) % SLOTS;

		operations[operation % OPERATIONS](&machine, slot);
	}
	tear_down(&machine);
	return 0;
}
