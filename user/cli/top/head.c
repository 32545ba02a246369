// SPDX-License-Identifier: BSD-2-Clause
/*
 * head.c - the lines above every view but the help.
 */
#include "cli/top/head.h"

#include <stdio.h>
#include <string.h>

#include "agent/report.h"

enum { REASONS_SHOWN = 3, LINES_WRAPPED = 3 };

static const struct wf_top_count *count_of(const struct wf_top_state *state, const char *name)
{
	return wf_top_count_of(&state->model, name);
}

static void format_duration(uint64_t sec, char *buf, size_t size)
{
	unsigned long long s = sec;

	if (s < 60)
		snprintf(buf, size, "%llu s", s);
	else if (s < 3600)
		snprintf(buf, size, "%llu min %llu s", s / 60, s % 60);
	else if (s < 86400)
		snprintf(buf, size, "%llu h %llu min", s / 3600, s / 60 % 60);
	else
		snprintf(buf, size, "%llu d %llu h", s / 86400, s / 3600 % 24);
}

static void add_title(const struct wf_top_state *state, struct wf_top_page *page)
{
	char text[220], left[WF_TOP_COLUMNS_MAX + 1], right[40], age[40];
	size_t left_columns;

	format_duration(state->model.elapsed_ms / 1000, age, sizeof(age));
	snprintf(text, sizeof(text), "weft %s on %s, for %s", state->model.version,
		 state->model.source, age);
	snprintf(right, sizeof(right),
		 state->is_paused ? "  PAUSED, p continues" : "  every %.4g s",
		 state->interval_ms / 1000.0);
	left_columns = page->columns - strlen(right);
	wf_top_page_add(page, WF_TOP_BOLD, "%-*s%s", (int)left_columns,
			wf_top_text(left, left_columns + 1, text), right);
}

static enum wf_top_style health_style(const char *health)
{
	if (!strcmp(health, "ok"))
		return WF_TOP_GOOD;
	return strcmp(health, "degraded") ? WF_TOP_BAD : WF_TOP_WARN;
}

static void add_health(const struct wf_top_state *state, struct wf_top_page *page)
{
	const struct wf_top_model *model = &state->model;
	enum wf_top_style style = health_style(model->health);

	if (state->is_gone) {
		wf_top_page_wrap(page, WF_TOP_BAD, state->gone, LINES_WRAPPED);
		wf_top_page_add(
			page, WF_TOP_WARN,
			"the values below are the last known ones; weft top asks again every "
			"%.4g s",
			state->interval_ms / 1000.0);
		return;
	}
	wf_top_page_add(page, style, "health      %s", model->health);
	for (size_t i = 0; i < model->reasons_count && i < REASONS_SHOWN; i++) {
		char text[sizeof(model->reasons[i]) + 8];

		snprintf(text, sizeof(text), "  %s: %s", model->reasons[i].what,
			 model->reasons[i].detail);
		wf_top_page_wrap(page, style, text, LINES_WRAPPED);
	}
	if (model->reasons_count > REASONS_SHOWN)
		wf_top_page_add(page, style, "  and %zu more; see weft health",
				model->reasons_count - REASONS_SHOWN);
}

static void add_traffic(const struct wf_top_state *state, struct wf_top_page *page)
{
	double bytes = count_of(state, "stream_toserver_bytes")->rate +
		       count_of(state, "stream_toclient_bytes")->rate;
	char numbers[4][WF_REPORT_SHORT_BYTES];

	wf_top_page_add(
		page, WF_TOP_PLAIN,
		"traffic     %s frames/s, %s bytes/s delivered, %s connections, %s new/s",
		wf_report_short((int64_t)count_of(state, "frames")->rate, numbers[0]),
		wf_report_short((int64_t)bytes, numbers[1]),
		wf_report_short(count_of(state, "flows_active_flows")->value, numbers[2]),
		wf_report_short((int64_t)count_of(state, "flows_opened_flows")->rate, numbers[3]));
}

/* Return the style of a loss: red while it grows. */
static enum wf_top_style loss_style(const struct wf_top_state *state,
				    const struct wf_top_count *count)
{
	if (wf_top_count_is_growing(&state->model, count))
		return WF_TOP_BAD;
	return count->value ? WF_TOP_WARN : WF_TOP_PLAIN;
}

static void add_losses(const struct wf_top_state *state, struct wf_top_page *page)
{
	const struct wf_top_count lost = wf_top_model_lost(&state->model);
	const struct wf_top_count *dropped = &state->model.dropped;
	const struct wf_top_count *gaps = count_of(state, "gaps_bytes");
	int64_t shed = count_of(state, "shed_percent")->value;
	char numbers[3][WF_REPORT_SHORT_BYTES];

	wf_top_page_add(page, loss_style(state, &lost), "lost        %s frames, %s/s",
			wf_report_short(lost.value, numbers[0]),
			wf_report_short((int64_t)lost.rate, numbers[1]));
	if (dropped->value)
		wf_top_page_add(page, loss_style(state, dropped),
				"dropped     %s events of outputs, %s/s; see weft stats",
				wf_report_short(dropped->value, numbers[0]),
				wf_report_short((int64_t)dropped->rate, numbers[1]));
	wf_top_page_add(page, loss_style(state, gaps), "gaps        %s bytes, %s/s, in %s gaps",
			wf_report_short(gaps->value, numbers[0]),
			wf_report_short((int64_t)gaps->rate, numbers[1]),
			wf_report_short(count_of(state, "gaps")->value, numbers[2]));
	if (shed)
		wf_top_page_add(page, WF_TOP_BAD,
				"overload    %lld %% of new connections are not captured",
				(long long)shed);
}

static void add_memory(const struct wf_top_state *state, struct wf_top_page *page)
{
	const char *level = state->model.pressure;
	int64_t limit = count_of(state, "memory_limit_bytes")->value;
	int64_t used = count_of(state, "memory_used_bytes")->value;
	char interfaces[120] = "";
	enum wf_top_style style = WF_TOP_PLAIN;

	for (size_t i = 0; i < state->model.interfaces_count; i++) {
		const struct wf_top_named *item = &state->model.interfaces[i];
		size_t chars = strlen(interfaces);

		snprintf(interfaces + chars, sizeof(interfaces) - chars, ", %s %s", item->name,
			 item->state);
	}
	if (!strcmp(level, "low"))
		style = WF_TOP_WARN;
	else if (strcmp(level, "normal"))
		style = WF_TOP_BAD;
	wf_top_page_add(page, style, "memory      %lld %% of %lld MiB, pressure %s%s",
			(long long)(limit > 0 ? (double)used * 100 / (double)limit : 0),
			(long long)(limit >> 20), level, interfaces);
}

void wf_top_head_add(const struct wf_top_state *state, struct wf_top_page *page)
{
	add_title(state, page);
	add_health(state, page);
	add_traffic(state, page);
	add_losses(state, page);
	add_memory(state, page);
}
