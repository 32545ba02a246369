// SPDX-License-Identifier: BSD-2-Clause
/*
 * inside.c - the lines of the second view, which Tab shows.
 */
#include "cli/top/inside.h"

#include <stdio.h>
#include <string.h>

#include "agent/report.h"

enum { STALLED_MS = 2000, LAGGING_MS = 5000 }; /* as in the health checks of the agent */

static void add_title(struct wf_top_page *page, const char *title)
{
	wf_top_page_add(page, WF_TOP_TITLE, "%-*s", (int)page->columns, title);
}

static const char *short_of(double value, char *buf)
{
	return wf_report_short((int64_t)value, buf);
}

/* ---- ledgers ---- */

static void add_count(const struct wf_top_model *model, struct wf_top_page *page,
		      const struct wf_top_count *count, const char *name, bool is_loss)
{
	enum wf_top_style style = WF_TOP_PLAIN;
	char value[28], rate[WF_REPORT_SHORT_BYTES];

	if (is_loss && count->value)
		style = wf_top_count_is_growing(model, count) ? WF_TOP_BAD : WF_TOP_WARN;
	wf_top_page_add(page, style, "  %-30.30s %22s %11s/s", name,
			wf_report_number(count->value, value), short_of(count->rate, rate));
}

/*
 * Return true if the part @name of a ledger is a loss, but not of wanted frames. (The agent marks
 * the metrics of lost wanted frames itself.)
 */
static bool is_other_loss(const char *name)
{
	static const char *const names[] = {"shed", "no memory", "evicted", "incomplete",
					    "cut",  "lost",	 "late"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

static void add_ledger(const struct wf_top_model *model, struct wf_top_page *page,
		       const struct wf_top_ledger *ledger)
{
	const struct wf_top_count *total = wf_top_count_of(model, ledger->total);
	char name[WF_REPORT_NAME_BYTES];

	if (!total->value)
		return;
	add_title(page, ledger->name);
	add_count(model, page, total, wf_report_short_name(ledger->total, name), false);
	for (size_t i = 0; i < ledger->parts_count; i++) {
		const struct wf_top_count *part = wf_top_count_of(model, ledger->parts[i]);

		wf_report_short_name(ledger->parts[i], name);
		if (part->value)
			add_count(model, page, part, name, part->is_loss || is_other_loss(name));
	}
}

/* The missing bytes are shown like a ledger: their total, and a line for each cause. */
static void add_gaps(const struct wf_top_model *model, struct wf_top_page *page)
{
	const struct wf_top_count *total = wf_top_count_of(model, "gaps_bytes");
	char name[WF_REPORT_NAME_BYTES];

	if (!total->value)
		return;
	add_title(page, "missing bytes, by cause");
	add_count(model, page, total, "gaps", true);
	for (size_t i = 0; i < model->counts_count; i++) {
		const struct wf_top_count *count = &model->counts[i];
		size_t chars = strlen(count->name);

		if (count->value && count != total && !strncmp(count->name, "gaps_", 5) &&
		    chars > 11 && !strcmp(count->name + chars - 6, "_bytes"))
			add_count(model, page, count, wf_report_short_name(count->name, name),
				  true);
	}
}

/* ---- workers, memory, subscriptions ---- */

static void add_workers(const struct wf_top_model *model, struct wf_top_page *page)
{
	add_title(page,
		  "worker   busy   frames/s    bytes/s  connections  ring full/s   last seen");
	for (size_t i = 0; i < model->workers_count; i++) {
		const struct wf_top_worker *worker = &model->workers[i];
		bool is_bad = worker->ring_full_rate > 0 || worker->last_seen_ms >= STALLED_MS;
		char numbers[4][WF_REPORT_SHORT_BYTES];

		wf_top_page_add(page, is_bad ? WF_TOP_BAD : WF_TOP_PLAIN,
				"%6lld %4lld %% %10s %10s %12s %12s %8lld ms",
				(long long)worker->index, (long long)worker->busy_percent,
				short_of(worker->frames_rate, numbers[0]),
				short_of(worker->bytes_rate, numbers[1]),
				wf_report_short(worker->connections, numbers[2]),
				short_of(worker->ring_full_rate, numbers[3]),
				(long long)worker->last_seen_ms);
	}
}

static void add_memory(const struct wf_top_model *model, struct wf_top_page *page)
{
	char numbers[4][28];

	add_title(page, "memory, by owner                      bytes");
	for (size_t i = 0; i < model->owners_count; i++)
		if (model->owners[i].value)
			wf_top_page_add(page, WF_TOP_PLAIN, "  %-24s %16s", model->owners[i].name,
					wf_report_number(model->owners[i].value, numbers[0]));
	for (size_t i = 0; i < model->sources_count; i++)
		wf_top_page_add(page, WF_TOP_PLAIN, "  pressure of %-12s %16lld %%",
				model->sources[i].name, (long long)model->sources[i].value);
	add_title(page, "pages                   spans         free         used     failures");
	for (size_t i = 0; i < model->classes_count; i++) {
		const struct wf_top_class *class = &model->classes[i];

		wf_top_page_add(page, class->failures ? WF_TOP_WARN : WF_TOP_PLAIN,
				"  %-16s %10s %12s %12s %12s", class->name,
				wf_report_short(class->spans, numbers[0]),
				wf_report_short(class->free, numbers[1]),
				wf_report_short(class->used, numbers[2]),
				wf_report_short(class->failures, numbers[3]));
	}
}

static enum wf_top_style sub_style(const struct wf_top_sub *sub)
{
	if (sub->dropped_rate > 0 || sub->lag_ms >= LAGGING_MS)
		return WF_TOP_BAD;
	return sub->dropped_events ? WF_TOP_WARN : WF_TOP_PLAIN;
}

static void add_subs(const struct wf_top_model *model, struct wf_top_page *page)
{
	add_title(page,
		  "subscription     state      waiting of      limit   events/s  lag s    dropped");
	for (size_t i = 0; i < model->subs_count; i++) {
		const struct wf_top_sub *sub = &model->subs[i];
		char numbers[4][WF_REPORT_SHORT_BYTES];

		wf_top_page_add(page, sub_style(sub), "%-16.16s %-8.8s %9s of %10s %10s %6.1f %10s",
				sub->name, sub->state,
				wf_report_short(sub->queue_bytes, numbers[0]),
				wf_report_short(sub->limit_bytes, numbers[1]),
				short_of(sub->taken_rate, numbers[2]), (double)sub->lag_ms / 1000,
				wf_report_short(sub->dropped_events, numbers[3]));
	}
	if (!model->subs_count)
		wf_top_page_add(page, WF_TOP_PLAIN, "  none");
}

void wf_top_inside_add(const struct wf_top_model *model, struct wf_top_page *page)
{
	add_workers(model, page);
	for (size_t i = 0; i < model->ledgers_count; i++)
		add_ledger(model, page, &model->ledgers[i]);
	add_gaps(model, page);
	add_subs(model, page);
	add_memory(model, page);
}
