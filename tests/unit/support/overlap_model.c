// SPDX-License-Identifier: BSD-2-Clause
/*
 * overlap_model.c - see the header.
 *
 * The table is that of "target-based" reassembly. Its columns are the relations of the two
 * segments: the newer one begins before, with or after the held one, and ends before, with or after
 * it.
 */
#include "unit/support/overlap_model.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/*
 * Nine letters per policy, one per relation: the newer segment begins before the held one (and ends
 * before, with, after it), begins with it (same three), begins after it (same three). N: the copy
 * of the newer segment is kept; H: that of the held one.
 */
static const char *const table[WEFT_OVERLAP_COUNT] = {
	[WEFT_OVERLAP_DEFAULT] = "NNN HHN HHH",	   [WEFT_OVERLAP_FIRST] = "HHH HHH HHH",
	[WEFT_OVERLAP_LAST] = "NNN NNN NNN",	   [WEFT_OVERLAP_BSD] = "NNN HHH HHH",
	[WEFT_OVERLAP_BSD_RIGHT] = "HHH NNN NNN",  [WEFT_OVERLAP_LINUX] = "NNN HHN HHH",
	[WEFT_OVERLAP_OLD_LINUX] = "NNN HNN HHH",  [WEFT_OVERLAP_WINDOWS] = "NNN HHH HHH",
	[WEFT_OVERLAP_WINDOWS2K3] = "NNN HHH HHH", [WEFT_OVERLAP_VISTA] = "HHH HHH HHH",
	[WEFT_OVERLAP_SOLARIS] = "HNN HNN HHN",	   [WEFT_OVERLAP_HPUX] = "HNN HNN HHN",
	[WEFT_OVERLAP_HPUX10] = "NNN HHN HHH",	   [WEFT_OVERLAP_IRIX] = "NNN HHN HHH",
	[WEFT_OVERLAP_MACOS] = "NNN HHH HHH",
};

static int compare(int a, int b)
{
	return a < b ? 0 : a == b ? 1 : 2;
}

int overlap_model_newer_wins(enum weft_overlap policy, int held_start, int held_end, int new_start,
			     int new_end)
{
	return table[policy][compare(new_start, held_start) * 4 + compare(new_end, held_end)] ==
	       'N';
}

struct overlap_model *overlap_model_new(enum weft_overlap policy)
{
	struct overlap_model *model = calloc(1, sizeof(*model));

	model->policy = policy;
	for (int i = 0; i < MODEL_BYTES_MAX; i++)
		model->owner[i] = -1;
	return model;
}

void overlap_model_free(struct overlap_model *model)
{
	for (int i = 0; i < model->list_len; i++)
		free(model->list[i]);
	free(model);
}

/* ---- receivers that cut: each held piece is a run of bytes of one owner ---- */

static void put_cutting(struct overlap_model *model, int start, const uint8_t *bytes, int end)
{
	bool wins[MODEL_BYTES_MAX] = {false};

	for (int i = start; i < end; i++) {
		int left = i;
		int right = i + 1;

		if (i < model->next)
			continue;
		if (model->owner[i] < 0) {
			wins[i] = true;
			continue;
		}
		while (left > model->next && model->owner[left - 1] == model->owner[i])
			left--;
		while (right < MODEL_BYTES_MAX && model->owner[right] == model->owner[i])
			right++;
		wins[i] = overlap_model_newer_wins(model->policy, left, right, start, end);
	}
	for (int i = start; i < end; i++) {
		if (!wins[i])
			continue;
		model->owner[i] = model->arrivals;
		model->bytes[i] = bytes[i - start];
	}
	while (model->next < MODEL_BYTES_MAX && model->owner[model->next] >= 0)
		model->next++;
}

/* ---- receivers that keep whole segments and deliver them by start ---- */

static void list_remove(struct overlap_model *model, int at)
{
	free(model->list[at]);
	model->list_len--;
	memmove(&model->list[at], &model->list[at + 1],
		(size_t)(model->list_len - at) * sizeof(model->list[0]));
}

static void list_add(struct overlap_model *model, int start, const uint8_t *bytes, int end,
		     int arrival)
{
	struct model_segment *segment = calloc(1, sizeof(*segment));
	int at = 0;

	segment->start = start;
	segment->end = end;
	segment->arrival = arrival;
	memcpy(segment->bytes, bytes, (size_t)(end - start));
	while (at < model->list_len && model->list[at]->start < start)
		at++;
	memmove(&model->list[at + 1], &model->list[at],
		(size_t)(model->list_len - at) * sizeof(model->list[0]));
	model->list[at] = segment;
	model->list_len++;
}

/* Returns the first segment in the list that has the byte @off; its copy is delivered. */
static struct model_segment *list_owner(const struct overlap_model *model, int off)
{
	for (int i = 0; i < model->list_len; i++) {
		if (model->list[i]->start <= off && off < model->list[i]->end)
			return model->list[i];
	}
	return NULL;
}

/*
 * Linux appends a new segment to the held segment that ends exactly where the new one starts,
 * unless its search through the tree of held segments first meets one that has the new segment's
 * first byte. Of the two held segments, the older one is nearer to the root, so it is met first.
 * Return: true if the segment was appended.
 */
static bool list_coalesce(struct overlap_model *model, int start, const uint8_t *bytes, int end)
{
	struct model_segment *rival = list_owner(model, start);

	for (int i = 0; i < model->list_len; i++) {
		struct model_segment *before = model->list[i];

		if (before->end != start || start <= model->next ||
		    (rival && rival->arrival <= before->arrival))
			continue;
		memcpy(before->bytes + (start - before->start), bytes, (size_t)(end - start));
		before->end = end;
		for (int j = model->list_len - 1; j > i; j--) {
			if (model->list[j]->end <= end)
				list_remove(model, j);
		}
		return true;
	}
	return false;
}

static void list_deliver(struct overlap_model *model)
{
	while (model->list_len && model->list[0]->start <= model->next) {
		struct model_segment *first = model->list[0];

		for (int off = model->next; off < first->end; off++)
			model->bytes[off] = first->bytes[off - first->start];
		if (first->end > model->next)
			model->next = first->end;
		list_remove(model, 0);
	}
}

static void put_whole(struct overlap_model *model, int start, const uint8_t *bytes, int end)
{
	bool new_linux = model->policy != WEFT_OVERLAP_OLD_LINUX;
	int arrival = model->arrivals;

	if (end <= model->next)
		return;
	if (new_linux && list_coalesce(model, start, bytes, end)) {
		list_deliver(model);
		return;
	}
	for (int i = model->list_len - 1; i >= 0; i--) {
		const struct model_segment *held = model->list[i];

		/*
		 * A held segment has all bytes of the new one (old Linux: and more): drop the new
		 * one.
		 */
		if (start > model->next && held->start <= start && end <= held->end &&
		    (new_linux || held->start < start || end < held->end))
			return;
		if (start <= held->start && held->end <= end) {
			if (held->start == start)
				arrival = held->arrival;
			list_remove(model, i);
		}
	}
	list_add(model, start, bytes, end, arrival);
	list_deliver(model);
}

static bool keeps_whole(const struct overlap_model *model)
{
	return model->policy == WEFT_OVERLAP_DEFAULT || model->policy == WEFT_OVERLAP_LINUX ||
	       model->policy == WEFT_OVERLAP_OLD_LINUX;
}

void overlap_model_put(struct overlap_model *model, int off, const uint8_t *bytes, int len)
{
	if (keeps_whole(model))
		put_whole(model, off, bytes, off + len);
	else
		put_cutting(model, off, bytes, off + len);
	model->arrivals++;
}

int overlap_model_get(const struct overlap_model *model, int off)
{
	const struct model_segment *owner;

	if (!keeps_whole(model))
		return model->owner[off] >= 0 ? model->bytes[off] : -1;
	if (off < model->next)
		return model->bytes[off];
	owner = list_owner(model, off);
	return owner ? owner->bytes[off - owner->start] : -1;
}
