// SPDX-License-Identifier: BSD-2-Clause
/*
 * Tests of cli/top without a terminal: rates, losses that grow, orders, hostile text, keys, and
 * pages that fit their screen.
 */
#include "unit/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curses.h>
#include <unistd.h>

#include "cli/top/act.h"
#include "agent/control/control.h"
#include "cli/ask/ask.h"
#include "cli/top/draw.h"
#include "cli/top/refresh.h"

static struct wf_top_state top;
static struct wf_top_page page;

static int set_up(void **unused)
{
	memset(&top, 0, sizeof(top));
	top.stop_fd = -1;
	top.interval_ms = 1000;
	return 0;
}

/* Take over a report of the agent at @elapsed_ms, with @frames frames of which @lost are lost. */
static void take_stats(uint64_t elapsed_ms, int64_t frames, int64_t lost)
{
	json_t *stats = json_pack(
		"{sssssIs{s{sI}s{sIsb}s{sI}s{sI}}s[{sss{ss}s[{ss}{ss}]}]s[{ssss}]s{sss[]}s[{sssssIsI}]}",
		"version", "1", "source", "eth0", "elapsed_ms", (json_int_t)elapsed_ms, "metrics",
		"frames", "value", (json_int_t)frames, "ring_full_frames", "value",
		(json_int_t)lost, "loss", 1, "memory_limit_bytes", "value", (json_int_t)100 << 20,
		"memory_used_bytes", "value", (json_int_t)25 << 20, "ledgers", "name",
		"user_frames", "total", "name", "frames", "parts", "name", "ring_full_frames",
		"name", "no_such_frames", "interfaces", "name", "eth0", "state", "up", "pressure",
		"level", "normal", "sources", "subscriptions", "name", "events", "state", "running",
		"taken_events", (json_int_t)frames, "queue_limit_bytes", (json_int_t)1000);

	assert_non_null(stats);
	wf_top_model_stats(&top.model, stats);
	json_decref(stats);
}

static json_t *flow_new(const char *client, int port, int64_t bytes)
{
	return json_pack("{ss si ss si ss ss s{sI sI ss} s{sI ss} sb}", "src_ip", client,
			 "src_port", port, "dest_ip", "10.0.0.2", "dest_port", 80, "interface",
			 "eth0", "state", "established", "toserver", "bytes", (json_int_t)bytes,
			 "packets", (json_int_t)7, "verdict", "steer", "toclient", "bytes",
			 (json_int_t)1000, "verdict", "steer", "tracked", 1);
}

/* Take over three connections that have sent @a, @b and @c bytes. */
static void take_flows(const char *order, uint64_t now_ms, int64_t a, int64_t b, int64_t c)
{
	json_t *flows = json_pack("{sis[ooo]}", "total", 3, "flows", flow_new("10.0.0.9", 1, a),
				  flow_new("10.0.0.10", 2, b), flow_new("fe80::1", 3, c));

	assert_non_null(flows);
	wf_top_conns_take(&top.conns, flows, (size_t)wf_top_order_find(order), now_ms);
	json_decref(flows);
}

/* Draw the page, and check that it has the size of the screen. */
static void draw(size_t columns, size_t rows)
{
	wf_top_draw(&top, &page, columns, rows);
	assert_int_equal(page.count, rows);
	for (size_t i = 0; i < page.count; i++)
		assert_true(strlen(page.lines[i].text) <= columns);
}

/* Return the first line that contains @text; fail if there is none. */
static const struct wf_top_line *line_with(const char *text)
{
	for (size_t i = 0; i < page.count; i++)
		if (strstr(page.lines[i].text, text))
			return &page.lines[i];
	fail_msg("no line contains \"%s\"", text);
	return NULL;
}

/* ---- model ---- */

TEST(top_rate_is_per_second)
{
	assert_true(wf_top_rate(100, 300, 500) == 400);
	assert_true(wf_top_rate(100, 300, 0) == 0);
	assert_true(wf_top_rate(300, 100, 1000) == 0);
}

TEST_WITH(top_stats_first_have_no_rate, set_up, NULL)
{
	take_stats(5000, 1000, 5);
	assert_true(wf_top_count_of(&top.model, "frames")->rate == 0);
	assert_int_equal(wf_top_count_of(&top.model, "frames")->value, 1000);
	assert_int_equal(wf_top_count_of(&top.model, "nothing")->value, 0);
}

TEST_WITH(top_stats_second_have_rates, set_up, NULL)
{
	take_stats(5000, 1000, 5);
	take_stats(7000, 1500, 5);
	assert_true(wf_top_count_of(&top.model, "frames")->rate == 250);
	assert_true(top.model.subs[0].taken_rate == 250);
}

TEST_WITH(top_stats_of_restarted_agent_have_no_rate, set_up, NULL)
{
	take_stats(5000, 1000, 5);
	take_stats(1000, 5000, 9);
	assert_true(wf_top_count_of(&top.model, "frames")->rate == 0);
	assert_false(wf_top_model_lost(&top.model).has_grown);
}

TEST_WITH(top_loss_grows_for_ten_seconds, set_up, NULL)
{
	struct wf_top_count lost;

	take_stats(5000, 1000, 5);
	take_stats(6000, 1000, 7);
	lost = wf_top_model_lost(&top.model);
	assert_int_equal(lost.value, 7);
	assert_true(lost.rate == 2);
	assert_true(wf_top_count_is_growing(&top.model, &lost));
	take_stats(15999, 1000, 7);
	lost = wf_top_model_lost(&top.model);
	assert_true(wf_top_count_is_growing(&top.model, &lost));
	take_stats(16000, 1000, 7);
	lost = wf_top_model_lost(&top.model);
	assert_false(wf_top_count_is_growing(&top.model, &lost));
}

TEST_WITH(top_responses_without_members_are_accepted, set_up, NULL)
{
	json_t *empty = json_object();
	json_t *wrong = json_pack("{ss s[is] s[n] sb s{si}}", "metrics", "no object", "flows", 1,
				  "two", "subscriptions", "ledgers", 1, "workers", "a", 1);

	for (int i = 0; i < 2; i++) {
		wf_top_model_stats(&top.model, i ? wrong : empty);
		wf_top_model_health(&top.model, i ? wrong : empty);
		wf_top_model_workers(&top.model, i ? wrong : empty, 1000);
		wf_top_model_memory(&top.model, i ? wrong : empty);
		wf_top_conns_take(&top.conns, i ? wrong : empty, 0, 1000);
		draw(80, 24);
		top.view = WF_TOP_INSIDE;
		draw(80, 24);
		top.view = WF_TOP_CONNECTIONS;
	}
	json_decref(empty);
	json_decref(wrong);
}

TEST_WITH(top_lists_that_are_too_long_are_cut, set_up, NULL)
{
	json_t *stats = json_pack("{s{}s[]}", "metrics", "interfaces");
	json_t *flows = json_pack("{s[]}", "flows");

	for (int i = 0; i < 2000; i++) {
		char name[40];

		snprintf(name, sizeof(name), "m%d", i);
		json_object_set_new(json_object_get(stats, "metrics"), name,
				    json_pack("{si}", "value", i));
		json_array_append_new(json_object_get(stats, "interfaces"),
				      json_pack("{ss}", "name", name));
		json_array_append_new(json_object_get(flows, "flows"), flow_new("10.0.0.1", i, i));
	}
	wf_top_model_stats(&top.model, stats);
	wf_top_conns_take(&top.conns, flows, 0, 1000);
	assert_int_equal(top.model.counts_count, WF_TOP_COUNTS_MAX);
	assert_int_equal(top.model.interfaces_count, WF_TOP_ITEMS_MAX);
	assert_int_equal(top.conns.count, WF_TOP_CONNS_MAX);
	draw(80, 24);
	json_decref(stats);
	json_decref(flows);
}

TEST_WITH(top_numbers_that_are_too_large_do_not_overflow, set_up, NULL)
{
	for (int i = 0; i < 2; i++) {
		int64_t value = i ? INT64_MAX : INT64_MIN;

		take_stats(1000 + (uint64_t)i, value, value);
		take_flows("rate", 1000 + (uint64_t)i, value, value, value);
		draw(250, 40);
		top.view = top.base = WF_TOP_INSIDE;
		draw(80, 24);
		top.view = top.base = WF_TOP_CONNECTIONS;
	}
	assert_true(wf_top_count_of(&top.model, "frames")->value == WF_TOP_NUMBER_MAX);
}

/* ---- connections ---- */

TEST_WITH(top_order_of_agent_is_kept, set_up, NULL)
{
	take_flows("bytes", 1000, 300, 200, 100);
	assert_string_equal(top.conns.list[0].client, "10.0.0.9:1");
	assert_string_equal(top.conns.list[2].client, "[fe80::1]:3");
}

TEST_WITH(top_order_rate_is_by_bytes_per_second, set_up, NULL)
{
	take_flows("rate", 1000, 300, 200, 100);
	take_flows("rate", 3000, 300, 220, 500);
	assert_string_equal(top.conns.list[0].client, "[fe80::1]:3");
	assert_true(top.conns.list[0].rate == 200);
	assert_string_equal(top.conns.list[1].client, "10.0.0.10:2");
	assert_true(top.conns.list[1].rate == 10);
}

TEST_WITH(top_order_address_compares_numbers, set_up, NULL)
{
	take_flows("address", 1000, 300, 200, 100);
	assert_string_equal(top.conns.list[0].client, "10.0.0.9:1");
	assert_string_equal(top.conns.list[1].client, "10.0.0.10:2");
}

TEST(top_orders_have_keys_that_select_them)
{
	for (int i = 0; i < WF_TOP_ORDERS_COUNT; i++) {
		const struct wf_top_key *key = wf_top_key_find(wf_top_orders[i].key);

		assert_non_null(key);
		assert_int_equal(key->action, WF_TOP_ORDER);
		assert_int_equal(key->argument, i);
		assert_non_null(strstr(key->help, wf_top_orders[i].name));
		assert_int_equal(wf_top_order_find(wf_top_orders[i].name), i);
	}
	assert_int_equal(wf_top_order_find("size"), -1);
}

TEST_WITH(top_connections_are_told_apart_by_vlan, set_up, NULL)
{
	json_t *flows = json_pack("{s[oo]}", "flows", flow_new("10.0.0.1", 1, 1),
				  flow_new("10.0.0.1", 1, 1));

	json_object_set_new(json_array_get(json_object_get(flows, "flows"), 1), "vlan",
			    json_pack("[ii]", 5, 6));
	wf_top_conns_take(&top.conns, flows, 0, 1000);
	json_decref(flows);
	assert_true(top.conns.list[0].id != top.conns.list[1].id);
	assert_string_equal(top.conns.list[1].tenant, "vlan 5.6, ");
}

/* ---- pages ---- */

TEST(top_text_from_agent_is_printable)
{
	char buf[12];

	assert_string_equal(wf_top_text(buf, sizeof(buf), "a\033[2J\xc3\xa4\n"), "a?[2J???");
	assert_string_equal(wf_top_text(buf, sizeof(buf), "0123456789ab"), "0123456789~");
	assert_string_equal(wf_top_text(buf, sizeof(buf), NULL), "?");
}

TEST(top_page_wraps_at_spaces)
{
	wf_top_page_init(&page, 20);
	wf_top_page_wrap(&page, WF_TOP_BAD, "the filter is wrong: syntax error", 4);
	assert_int_equal(page.count, 2);
	assert_string_equal(page.lines[0].text, "the filter is wrong:");
	assert_string_equal(page.lines[1].text, "  syntax error");
	wf_top_page_init(&page, 20);
	wf_top_page_wrap(&page, WF_TOP_BAD, "the filter is wrong: a syntax error in the text", 2);
	assert_int_equal(page.count, 2);
	assert_string_equal(page.lines[1].text, "  a syntax error in~");
}

TEST_WITH(top_table_fits_80_columns, set_up, NULL)
{
	take_stats(5000, 1000, 5);
	take_flows("bytes", 1000, INT64_C(9000000000000000000), 200, 100);
	draw(80, 24);
	assert_string_equal(line_with("10.0.0.10:2")->text,
			    "10.0.0.10:2           10.0.0.2:80           estab   steer           0"
			    "      1,200");
	line_with("connections 1-3 of 3 listed, 3 in all, by bytes");
	assert_null(strstr(line_with("client")->text, "packets"));
}

TEST_WITH(top_table_has_more_columns_if_wider, set_up, NULL)
{
	take_flows("bytes", 1000, 1, 2, 3);
	draw(120, 40);
	assert_non_null(strstr(line_with("client")->text, "packets"));
	draw(250, 24);
	assert_non_null(strstr(line_with("client")->text, "held"));
}

TEST_WITH(top_addresses_that_are_too_long_are_cut, set_up, NULL)
{
	json_t *flows = json_pack("{s[o]}", "flows",
				  flow_new("2001:db8:1111:2222:3333:4444:5555:6666", 1, 1));

	wf_top_conns_take(&top.conns, flows, 0, 1000);
	json_decref(flows);
	draw(80, 24);
	assert_non_null(strstr(line_with("[2001:db8:1111:2222:~ 10.0.0.2:80")->text, "steer"));
	draw(210, 24);
	line_with("[2001:db8:1111:2222:3333:4444:5555:6666]:1 ");
}

TEST_WITH(top_losses_are_red_while_they_grow, set_up, NULL)
{
	take_stats(5000, 1000, 0);
	draw(80, 24);
	assert_int_equal(line_with("lost ")->style, WF_TOP_PLAIN);
	take_stats(6000, 1000, 2);
	draw(80, 24);
	assert_int_equal(line_with("lost ")->style, WF_TOP_BAD);
	assert_string_equal(line_with("lost ")->text, "lost        2 frames, 2/s");
	take_stats(60000, 1000, 2);
	draw(80, 24);
	assert_int_equal(line_with("lost ")->style, WF_TOP_WARN);
}

TEST_WITH(top_drops_of_outputs_are_red_while_they_grow, set_up, NULL)
{
	for (uint64_t i = 1; i <= 2; i++) {
		json_t *stats =
			json_pack("{sIs[{sssI}{sssI}]}", "elapsed_ms", (json_int_t)(1000 * i),
				  "sinks", "name", "nats", "dropped_events", (json_int_t)(500 * i),
				  "name", "events", "dropped_events", (json_int_t)4);

		wf_top_model_stats(&top.model, stats);
		json_decref(stats);
	}
	draw(80, 24);
	assert_int_equal(line_with("dropped ")->style, WF_TOP_BAD);
	assert_string_equal(line_with("dropped ")->text,
			    "dropped     1,004 events of outputs, 500/s; see weft stats");
	take_stats(60000, 1000, 0);
	draw(80, 24);
	for (size_t i = 0; i < page.count; i++)
		assert_null(strstr(page.lines[i].text, "events of outputs"));
}

TEST_WITH(top_head_shows_health_and_memory, set_up, NULL)
{
	json_t *health = json_pack("{sss[{ssss}]}", "status", "degraded", "reasons", "what",
				   "frames_lost", "detail", "wanted frames were lost 3 s ago");

	take_stats(65000, 1000, 0);
	wf_top_model_health(&top.model, health);
	json_decref(health);
	draw(80, 24);
	line_with("weft 1 on eth0, for 1 min 5 s");
	assert_int_equal(line_with("health      degraded")->style, WF_TOP_WARN);
	line_with("  frames_lost: wanted frames were lost 3 s ago");
	line_with("memory      25 % of 100 MiB, pressure normal, eth0 up");
}

TEST_WITH(top_second_view_shows_ledgers_and_does_not_scroll_beyond_its_end, set_up, NULL)
{
	take_stats(5000, 1000, 0);
	take_stats(6000, 2000, 20);
	top.view = top.base = WF_TOP_INSIDE;
	draw(80, 24);
	line_with("user_frames");
	assert_int_equal(line_with("  full ")->style, WF_TOP_BAD);
	top.first = 1000;
	draw(80, 24);
	assert_true(top.first + top.rows <= top.lines || !top.first);
}

TEST_WITH(top_help_lists_keys_in_24_lines, set_up, NULL)
{
	wf_top_act(&top, '?');
	draw(80, 24);
	line_with(" q           quit");
	line_with("client address");
	line_with("Losses are red");
	for (size_t i = 0; i < page.count; i++)
		assert_null(strchr(page.lines[i].text, '~'));
	wf_top_act(&top, 27);
	assert_int_equal(top.view, WF_TOP_CONNECTIONS);
}

TEST_WITH(top_small_terminal_is_reported, set_up, NULL)
{
	wf_top_draw(&top, &page, 79, 24);
	assert_int_equal(page.count, 1);
	assert_string_equal(page.lines[0].text, "too small: 79x24; needs 80x24");
}

/* ---- keys ---- */

TEST_WITH(top_selection_follows_its_connection, set_up, NULL)
{
	take_flows("rate", 1000, 300, 200, 100);
	draw(80, 24);
	wf_top_act(&top, KEY_DOWN);
	assert_true(top.has_selected);
	assert_true(top.selected == top.conns.list[0].id);
	wf_top_act(&top, 'j');
	wf_top_act(&top, KEY_DOWN);
	wf_top_act(&top, KEY_DOWN);
	assert_true(top.selected == top.conns.list[2].id);
	take_flows("rate", 2000, 300, 200, 9000);
	draw(80, 24);
	assert_true(top.selected == top.conns.list[0].id);
	assert_int_equal(line_with("[fe80::1]:3")->style, WF_TOP_SELECTED);
	wf_top_act(&top, '\n');
	draw(80, 24);
	line_with("client        [fe80::1]:3");
}

TEST_WITH(top_keys_without_connections_do_nothing, set_up, NULL)
{
	static const int keys[] = {KEY_DOWN, KEY_UP, KEY_NPAGE, KEY_PPAGE, KEY_HOME, KEY_END,
				   '\n',     'b',    'r',	'z',	   -1,	     100000};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		wf_top_act(&top, keys[i]);
		draw(80, 24);
	}
	assert_false(top.has_selected);
	assert_int_equal(top.view, WF_TOP_CONNECTIONS);
}

TEST_WITH(top_input_is_edited_and_bounded, set_up, NULL)
{
	wf_top_act(&top, 'f');
	wf_top_act(&top, 'q');
	wf_top_act(&top, KEY_BACKSPACE);
	wf_top_act(&top, KEY_BACKSPACE);
	wf_top_act(&top, 'x');
	wf_top_act(&top, 200);
	assert_string_equal(top.input, "x");
	for (int i = 0; i < 1000; i++)
		wf_top_act(&top, 'y');
	assert_int_equal(strlen(top.input), WF_TOP_FILTER_BYTES - 1);
	draw(80, 24);
	wf_top_act(&top, 21);
	assert_string_equal(top.input, "");
	wf_top_act(&top, 27);
	assert_int_equal(top.prompt, WF_TOP_NO_PROMPT);
	assert_false(top.is_done);
}

TEST_WITH(top_unknown_order_is_reported, set_up, NULL)
{
	wf_top_act(&top, 's');
	wf_top_act(&top, 'x');
	wf_top_act(&top, '\n');
	assert_true(top.is_error);
	assert_string_equal(top.message, "no order 'x'; ? lists them");
}

/* ---- requests ---- */

static json_t *answer_nothing(const char *command, const json_t *request,
			      struct wf_control_error *ret_error, void *ctx)
{
	return NULL;
}

TEST_WITH(top_refresh_is_cancelled_by_a_key, set_up, NULL)
{
	char dir[] = "/tmp/weft-top-XXXXXX";
	static char *const names[] = {"eth0"};
	struct wf_options options = {.ifname = "eth0"};
	struct wf_control_error error;
	struct wf_control *control;
	int keys[2];

	assert_non_null(mkdtemp(dir));
	assert_int_equal(pipe(keys), 0);
	assert_int_equal(write(keys[1], "x", 1), 1);
	options.config.control_dir = dir;
	top.options = &options;
	top.wake_fd = keys[0];
	/* The server does not run yet, so that no request is answered. */
	assert_int_equal(wf_control_open(dir, names, 1, answer_nothing, NULL, &control, &error), 0);
	wf_top_refresh(&top);
	assert_true(top.is_stale);
	assert_false(top.is_gone);
	wf_control_close(control);
	wf_top_refresh(&top);
	assert_false(top.is_stale);
	assert_true(top.is_gone);
	draw(80, 24);
	assert_int_equal(line_with("no agent runs on this interface")->style, WF_TOP_BAD);
	line_with("weft top asks again every 1 s");
	assert_int_equal(rmdir(dir), 0);
	close(keys[0]);
	close(keys[1]);
}
