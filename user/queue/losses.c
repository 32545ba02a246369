// SPDX-License-Identifier: BSD-2-Clause
/*
 * losses.c - the table of a queue's dropped events.
 *
 * Dropped ranges of one direction are normally adjacent: events are dropped in their order, and the
 * reader gets no later event of the direction before the entry was reported. A range that is not
 * adjacent to its entry goes to the sum, so that an entry never covers bytes that were delivered.
 */
#include "queue/losses.h"

#include <string.h>

void wf_losses_init(struct wf_losses *losses, uint32_t size)
{
	losses->size = size;
}

void wf_losses_clear(struct wf_losses *losses)
{
	losses->count = losses->last = losses->closes_used = 0;
	losses->sum = (struct wf_loss_sum){0};
	losses->moved = 0;
}

static bool is_same(const struct weft_flow *a, const struct weft_flow *b)
{
	return a->id == b->id && a->use == b->use;
}

static struct wf_loss *find(struct wf_losses *losses, const struct weft_flow *flow)
{
	if (losses->last < losses->count && is_same(&losses->list[losses->last].flow, flow))
		return &losses->list[losses->last];
	/* Where connections take turns, their losses do, too. */
	if (losses->last + 1 < losses->count && losses->ids[losses->last + 1] == flow->id &&
	    is_same(&losses->list[losses->last + 1].flow, flow))
		return &losses->list[++losses->last];
	for (uint32_t i = 0; i < losses->count; i++)
		if (losses->ids[i] == flow->id && is_same(&losses->list[i].flow, flow)) {
			losses->last = i;
			return &losses->list[i];
		}
	return NULL;
}

/* Move the entry at @index to the sum. */
static void move_to_sum(struct wf_losses *losses, uint32_t index)
{
	struct wf_loss *loss = &losses->list[index];
	bool is_whole = loss->has_open && loss->close >= 0;
	struct wf_loss_sum sum = {
		.events = loss->range[0].events + loss->range[1].events,
		.bytes = loss->range[0].bytes + loss->range[1].bytes,
		.time_ns = loss->time_ns,
	};

	if (is_whole) {
		sum.events += 2;
		sum.connections = 1;
		losses->moved += 2;
		losses->closes_used &= ~(1u << loss->close);
	}
	wf_losses_add_sum(losses, &sum);
	losses->count--;
	losses->list[index] = losses->list[losses->count];
	losses->ids[index] = losses->ids[losses->count];
}

/*
 * Move all entries that keep both OPEN and CLOSE of their connection to the sum. Return: true if
 * there was one.
 */
static bool move_whole_to_sum(struct wf_losses *losses)
{
	bool found = false;

	for (uint32_t i = losses->count; i-- > 0;)
		if (losses->list[i].has_open && losses->list[i].close >= 0) {
			move_to_sum(losses, i);
			found = true;
		}
	return found;
}

/* Move one entry that keeps neither OPEN nor CLOSE to the sum. Return: true if there was one. */
static bool move_range_to_sum(struct wf_losses *losses)
{
	for (uint32_t i = 0; i < losses->count; i++)
		if (!losses->list[i].has_open && losses->list[i].close < 0) {
			move_to_sum(losses, i);
			return true;
		}
	return false;
}

static struct wf_loss *append(struct wf_losses *losses, const struct weft_flow *flow)
{
	struct wf_loss *loss = &losses->list[losses->count];

	memset(loss, 0, sizeof(*loss));
	loss->flow = *flow;
	loss->close = -1;
	losses->ids[losses->count] = flow->id;
	losses->last = losses->count++;
	return loss;
}

bool wf_losses_reserve(struct wf_losses *losses, const struct weft_flow *flow, bool is_close)
{
	const uint32_t all = (1u << WF_LOSSES_CLOSES) - 1;

	if (is_close && losses->closes_used == all && !move_whole_to_sum(losses))
		return false;
	if (find(losses, flow))
		return true;
	if (losses->count == losses->size && !move_whole_to_sum(losses) &&
	    !move_range_to_sum(losses))
		return false;
	append(losses, flow);
	return true;
}

void wf_losses_keep_open(struct wf_losses *losses, const struct weft_flow *flow,
			 const struct weft_open *open, uint64_t time_ns)
{
	struct wf_loss *loss = find(losses, flow);

	loss->has_open = true;
	loss->open = *open;
	loss->open_ns = loss->time_ns = time_ns;
}

void wf_losses_keep_close(struct wf_losses *losses, const struct weft_flow *flow,
			  const struct weft_flow_record *record, uint64_t time_ns)
{
	struct wf_loss *loss = find(losses, flow);

	loss->close = (int16_t)__builtin_ctz(~losses->closes_used);
	loss->close_ns = loss->time_ns = time_ns;
	losses->closes_used |= 1u << loss->close;
	losses->closes[loss->close] = *record;
}

/* Extend @all by @range, which follows it. Return: false if the two are not adjacent. */
static bool extend(struct wf_loss_range *all, const struct wf_loss_range *range)
{
	bool has_bytes = range->to_off != range->from_off;

	if (has_bytes && all->to_off != all->from_off && range->from_off != all->to_off)
		return false;
	if (has_bytes && all->to_off == all->from_off)
		all->from_off = range->from_off;
	if (has_bytes || !all->events)
		all->to_off = range->to_off;
	if (!has_bytes && !all->events)
		all->from_off = range->from_off;
	all->events += range->events;
	all->bytes += range->bytes;
	return true;
}

void wf_losses_add(struct wf_losses *losses, const struct weft_flow *flow, enum weft_dir dir,
		   const struct wf_loss_range *range, uint64_t time_ns)
{
	struct wf_loss *loss = find(losses, flow);

	if (!loss && (losses->count < losses->size || move_whole_to_sum(losses)))
		loss = append(losses, flow);
	if (loss && extend(&loss->range[dir], range)) {
		loss->time_ns = time_ns;
		return;
	}
	wf_losses_add_sum(losses, &(struct wf_loss_sum){.events = range->events,
							.bytes = range->bytes,
							.time_ns = time_ns});
}

void wf_losses_prefetch(const struct wf_losses *losses, uint32_t count)
{
	uint32_t index = losses->last;

	if (count > losses->count)
		count = losses->count;
	for (uint32_t i = 0; i < count; i++) {
		index = index + 1 < losses->count ? index + 1 : 0;
		__builtin_prefetch(&losses->list[index].flow);
		__builtin_prefetch(&losses->list[index].range, 1);
		__builtin_prefetch(&losses->list[index].time_ns, 1);
	}
}

void wf_losses_add_sum(struct wf_losses *losses, const struct wf_loss_sum *sum)
{
	losses->sum.events += sum->events;
	losses->sum.bytes += sum->bytes;
	losses->sum.connections += sum->connections;
	losses->sum.closes += sum->closes;
	losses->sum.time_ns = sum->time_ns;
}

uint64_t wf_losses_moved(struct wf_losses *losses)
{
	uint64_t moved = losses->moved;

	losses->moved = 0;
	return moved;
}

/* ---- the events of the table ---- */

enum {
	STEP_OPEN = 0,
	STEP_TO_SERVER,
	STEP_TO_CLIENT,
	STEP_CLOSE,
	STEP_COUNT,
};

static void make_open(const struct wf_loss *loss, struct weft_event *ret_event)
{
	*ret_event = (struct weft_event){
		.type = WEFT_EVENT_OPEN,
		.time_ns = loss->open_ns,
		.flow = &loss->flow,
		.open = loss->open,
	};
}

static void make_drop(const struct wf_loss *loss, enum weft_dir dir, struct weft_event *ret_event)
{
	const struct wf_loss_range *range = &loss->range[dir];

	*ret_event = (struct weft_event){
		.type = WEFT_EVENT_DROP,
		.dir = dir,
		.time_ns = loss->time_ns,
		.flow = &loss->flow,
		.drop = {.events = range->events,
			 .data_bytes = range->bytes,
			 .off = range->from_off,
			 .len_bytes = range->to_off - range->from_off},
	};
}

static void make_close(const struct wf_losses *losses, const struct wf_loss *loss,
		       struct weft_event *ret_event)
{
	*ret_event = (struct weft_event){
		.type = WEFT_EVENT_CLOSE,
		.time_ns = loss->close_ns,
		.flow = &loss->flow,
		.close = &losses->closes[loss->close],
	};
}

static bool make_sum(const struct wf_losses *losses, struct weft_event *ret_event)
{
	const struct wf_loss_sum *sum = &losses->sum;

	*ret_event = (struct weft_event){
		.type = WEFT_EVENT_DROP,
		.time_ns = sum->time_ns,
		.drop = {.events = sum->events,
			 .data_bytes = sum->bytes,
			 .connections = sum->connections,
			 .closes = sum->closes},
	};
	return sum->events;
}

/* Make the event of @step of the entry @loss. Return: false if this step has no event. */
static bool make_step(const struct wf_losses *losses, const struct wf_loss *loss, uint32_t step,
		      struct weft_event *ret_event)
{
	switch (step) {
	case STEP_OPEN:
		if (loss->has_open)
			make_open(loss, ret_event);
		return loss->has_open;
	case STEP_TO_SERVER:
	case STEP_TO_CLIENT:
		make_drop(loss, (enum weft_dir)(step - STEP_TO_SERVER), ret_event);
		return ret_event->drop.events;
	default:
		if (loss->close >= 0)
			make_close(losses, loss, ret_event);
		return loss->close >= 0;
	}
}

bool wf_losses_next(const struct wf_losses *losses, struct wf_losses_cursor *cursor,
		    struct weft_event *ret_event)
{
	while (cursor->index < losses->count) {
		const struct wf_loss *loss = &losses->list[cursor->index];
		uint32_t step = cursor->step++;

		if (cursor->step == STEP_COUNT)
			*cursor = (struct wf_losses_cursor){.index = cursor->index + 1};
		if (make_step(losses, loss, step, ret_event))
			return true;
	}
	if (cursor->index > losses->count)
		return false;
	cursor->index++;
	return make_sum(losses, ret_event);
}
