// SPDX-License-Identifier: BSD-2-Clause
/*
 * model.c - the state of the agent as plain structs.
 *
 * Each response lists the metrics in the same order. So the previous value of a count is nearly
 * always found at the index of the new value, without a search.
 */
#include "cli/top/model.h"

#include <string.h>

#include "cli/top/page.h"

#define COPY(field, object, key) wf_top_text_of(field, sizeof(field), object, key)

double wf_top_rate(int64_t before, int64_t now, uint64_t ms)
{
	double rate;

	if (!ms || now <= before)
		return 0;
	rate = ((double)now - (double)before) * 1000 / (double)ms;
	return rate < (double)WF_TOP_NUMBER_MAX ? rate : (double)WF_TOP_NUMBER_MAX;
}

/* Return the number of members of @list to copy: all, but at most @max. */
static size_t size_of(const json_t *list, size_t max)
{
	size_t size = json_array_size(list);

	return size < max ? size : max;
}

/* ---- counts ---- */

static const struct wf_top_count *find_count(const struct wf_top_model *model, const char *name,
					     size_t hint)
{
	if (hint < model->counts_count && !strcmp(model->counts[hint].name, name))
		return &model->counts[hint];
	for (size_t i = 0; i < model->counts_count; i++)
		if (!strcmp(model->counts[i].name, name))
			return &model->counts[i];
	return NULL;
}

const struct wf_top_count *wf_top_count_of(const struct wf_top_model *model, const char *name)
{
	static const struct wf_top_count none = {.name = ""};
	const struct wf_top_count *count = find_count(model, name, 0);

	return count ? count : &none;
}

bool wf_top_count_is_growing(const struct wf_top_model *model, const struct wf_top_count *count)
{
	return count->has_grown && model->elapsed_ms - count->grew_ms < WF_TOP_GROWING_MS;
}

struct wf_top_count wf_top_model_lost(const struct wf_top_model *model)
{
	struct wf_top_count lost = {.is_loss = true};

	for (size_t i = 0; i < model->counts_count; i++) {
		const struct wf_top_count *count = &model->counts[i];

		if (!count->is_loss)
			continue;
		if (lost.value < WF_TOP_NUMBER_MAX)
			lost.value += count->value;
		if (lost.rate < (double)WF_TOP_NUMBER_MAX)
			lost.rate += count->rate;
		if (count->has_grown && count->grew_ms >= lost.grew_ms) {
			lost.has_grown = true;
			lost.grew_ms = count->grew_ms;
		}
	}
	return lost;
}

/*
 * Set the rate and the growth of @count. @before: the same count @ms earlier; NULL if there is
 * none.
 */
static void set_growth(struct wf_top_count *count, const struct wf_top_count *before, uint64_t ms,
		       uint64_t elapsed_ms)
{
	if (!before)
		return;
	count->rate = wf_top_rate(before->value, count->value, ms);
	count->has_grown = before->has_grown || count->value > before->value;
	count->grew_ms = count->value > before->value ? elapsed_ms : before->grew_ms;
}

/* Copy the metrics to @model. @ms: time since the previous response; 0: compute no rates. */
static void take_counts(struct wf_top_model *model, json_t *metrics, uint64_t ms)
{
	static struct wf_top_count counts[WF_TOP_COUNTS_MAX];
	size_t count = 0;
	const char *name;
	json_t *entry;

	memset(counts, 0, sizeof(counts));
	json_object_foreach(metrics, name, entry)
	{
		if (count == WF_TOP_COUNTS_MAX)
			break;
		wf_top_text(counts[count].name, sizeof(counts[count].name), name);
		counts[count].value = wf_top_number_of(entry, "value");
		counts[count].is_loss = json_is_true(json_object_get(entry, "loss"));
		set_growth(&counts[count], ms ? find_count(model, name, count) : NULL, ms,
			   model->elapsed_ms);
		count++;
	}
	memcpy(model->counts, counts, sizeof(counts));
	model->counts_count = count;
}

/* ---- parts of the report ---- */

static void take_ledger(struct wf_top_ledger *ledger, const json_t *object)
{
	const json_t *parts = json_object_get(object, "parts");

	COPY(ledger->name, object, "name");
	COPY(ledger->total, json_object_get(object, "total"), "name");
	ledger->parts_count = size_of(parts, WF_TOP_PARTS_MAX);
	for (size_t i = 0; i < ledger->parts_count; i++)
		COPY(ledger->parts[i], json_array_get(parts, i), "name");
}

static void take_named(struct wf_top_named *named, const json_t *object)
{
	COPY(named->name, object, "name");
	COPY(named->state, object, "state");
	named->value = wf_top_number_of(object, "percent");
}

static void take_sub(struct wf_top_sub *sub, const json_t *object, bool is_same, uint64_t ms)
{
	struct wf_top_sub before = *sub;

	COPY(sub->name, object, "name");
	COPY(sub->state, object, "state");
	sub->queue_bytes = wf_top_number_of(object, "queue_bytes");
	sub->limit_bytes = wf_top_number_of(object, "queue_limit_bytes");
	sub->lag_ms = wf_top_number_of(object, "lag_ms");
	sub->taken_events = wf_top_number_of(object, "taken_events");
	sub->dropped_events = wf_top_number_of(object, "dropped_events");
	sub->dropped_bytes = wf_top_number_of(object, "dropped_bytes");
	if (!is_same || strcmp(before.name, sub->name))
		ms = 0;
	sub->taken_rate = wf_top_rate(before.taken_events, sub->taken_events, ms);
	sub->dropped_rate = wf_top_rate(before.dropped_events, sub->dropped_events, ms);
}

/* Set @model->dropped to the sum of the drops of all outputs. @ms: as for take_counts(). */
static void take_drops(struct wf_top_model *model, const json_t *sinks, uint64_t ms)
{
	struct wf_top_count before = model->dropped;
	struct wf_top_count *dropped = &model->dropped;

	*dropped = (struct wf_top_count){.is_loss = true};
	for (size_t i = 0; i < size_of(sinks, WF_TOP_ITEMS_MAX); i++)
		if (dropped->value < WF_TOP_NUMBER_MAX)
			dropped->value +=
				wf_top_number_of(json_array_get(sinks, i), "dropped_events");
	set_growth(dropped, ms ? &before : NULL, ms, model->elapsed_ms);
}

static void take_lists(struct wf_top_model *model, const json_t *stats, uint64_t ms)
{
	const json_t *ledgers = json_object_get(stats, "ledgers");
	const json_t *interfaces = json_object_get(stats, "interfaces");
	const json_t *subs = json_object_get(stats, "subscriptions");
	size_t subs_before = model->subs_count;

	model->ledgers_count = size_of(ledgers, WF_TOP_LEDGERS_MAX);
	for (size_t i = 0; i < model->ledgers_count; i++)
		take_ledger(&model->ledgers[i], json_array_get(ledgers, i));
	model->interfaces_count = size_of(interfaces, WF_TOP_ITEMS_MAX);
	for (size_t i = 0; i < model->interfaces_count; i++)
		take_named(&model->interfaces[i], json_array_get(interfaces, i));
	model->subs_count = size_of(subs, WF_TOP_ITEMS_MAX);
	for (size_t i = 0; i < model->subs_count; i++)
		take_sub(&model->subs[i], json_array_get(subs, i), i < subs_before, ms);
}

static void take_pressure(struct wf_top_model *model, const json_t *pressure)
{
	const json_t *sources = json_object_get(pressure, "sources");

	COPY(model->pressure, pressure, "level");
	model->sources_count = size_of(sources, WF_TOP_ITEMS_MAX);
	for (size_t i = 0; i < model->sources_count; i++)
		take_named(&model->sources[i], json_array_get(sources, i));
}

void wf_top_model_stats(struct wf_top_model *model, const json_t *stats)
{
	uint64_t before_ms = model->elapsed_ms;
	uint64_t ms;

	model->elapsed_ms = (uint64_t)wf_top_number_of(stats, "elapsed_ms");
	ms = model->has_stats && model->elapsed_ms > before_ms ? model->elapsed_ms - before_ms : 0;
	model->has_stats = true;
	COPY(model->version, stats, "version");
	COPY(model->source, stats, "source");
	take_counts(model, json_object_get(stats, "metrics"), ms);
	take_drops(model, json_object_get(stats, "sinks"), ms);
	take_lists(model, stats, ms);
	take_pressure(model, json_object_get(stats, "pressure"));
}

void wf_top_model_health(struct wf_top_model *model, const json_t *health)
{
	const json_t *reasons = json_object_get(health, "reasons");

	COPY(model->health, health, "status");
	model->reasons_count = size_of(reasons, WF_TOP_REASONS_MAX);
	for (size_t i = 0; i < model->reasons_count; i++) {
		const json_t *reason = json_array_get(reasons, i);

		COPY(model->reasons[i].what, reason, "what");
		COPY(model->reasons[i].detail, reason, "detail");
	}
}

static void take_worker(struct wf_top_worker *worker, const json_t *object, bool is_same,
			uint64_t ms)
{
	struct wf_top_worker before = *worker;

	worker->index = wf_top_number_of(object, "index");
	worker->busy_percent = wf_top_number_of(object, "busy_percent");
	worker->last_seen_ms = wf_top_number_of(object, "last_seen_ms");
	worker->frames = wf_top_number_of(object, "frames");
	worker->bytes = wf_top_number_of(object, "delivered_bytes");
	worker->connections = wf_top_number_of(object, "connections");
	worker->ring_full_frames = wf_top_number_of(object, "ring_full_frames");
	if (!is_same || before.index != worker->index)
		ms = 0;
	worker->frames_rate = wf_top_rate(before.frames, worker->frames, ms);
	worker->bytes_rate = wf_top_rate(before.bytes, worker->bytes, ms);
	worker->ring_full_rate = wf_top_rate(before.ring_full_frames, worker->ring_full_frames, ms);
}

void wf_top_model_workers(struct wf_top_model *model, const json_t *workers, uint64_t now_ms)
{
	const json_t *list = json_object_get(workers, "workers");
	uint64_t ms = now_ms - model->workers_ms;
	size_t before = model->workers_count;

	model->workers_ms = now_ms;
	model->workers_count = size_of(list, WF_TOP_ITEMS_MAX);
	for (size_t i = 0; i < model->workers_count; i++)
		take_worker(&model->workers[i], json_array_get(list, i), i < before, ms);
}

void wf_top_model_memory(struct wf_top_model *model, const json_t *memory)
{
	const char *name;
	json_t *value;

	model->owners_count = 0;
	json_object_foreach(json_object_get(memory, "owners"), name, value)
	{
		struct wf_top_named *owner = &model->owners[model->owners_count];

		if (model->owners_count == WF_TOP_ITEMS_MAX)
			break;
		model->owners_count++;
		wf_top_text(owner->name, sizeof(owner->name), name);
		owner->value = wf_top_number(value);
	}
	model->classes_count = 0;
	json_object_foreach(json_object_get(memory, "classes"), name, value)
	{
		struct wf_top_class *class = &model->classes[model->classes_count];

		if (model->classes_count == WF_TOP_ITEMS_MAX)
			break;
		model->classes_count++;
		wf_top_text(class->name, sizeof(class->name), name);
		class->spans = wf_top_number_of(value, "spans");
		class->free = wf_top_number_of(value, "free");
		class->used = wf_top_number_of(value, "used");
		class->failures = wf_top_number_of(value, "failures");
	}
}
