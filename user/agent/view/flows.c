// SPDX-License-Identifier: BSD-2-Clause
/*
 * flows.c - the request "flows": lists connections as JSON, and prints the response as a table.
 */
#include "agent/view/flows.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <time.h>

#include <weft/weft.h>

#include "agent/control/filter_check.h"
#include "agent/report.h"
#include "agent/request.h"

/* indexed by enum weft_flow_sort */
static const char *const sorts[] = {"bytes", "packets", "kept", "last", "age"};
_Static_assert(sizeof(sorts) / sizeof(sorts[0]) == WEFT_FLOW_SORT_COUNT, "a name for each order");

/* ---- listing ---- */

static json_t *addr_new(const uint8_t addr[16])
{
	char text[WEFT_ADDR_TEXT_BYTES];

	return json_string(weft_addr_text(addr, text));
}

static json_t *side_new(const struct weft_flow_view *view, enum weft_dir dir)
{
	const struct weft_flow_side *side = &view->sides[dir];
	json_t *object =
		json_pack("{sIsIsIsIsiss}", "packets", (json_int_t)side->packets, "bytes",
			  (json_int_t)side->bytes, "kept_packets", (json_int_t)side->kept_packets,
			  "kept_bytes", (json_int_t)side->kept_bytes, "tcp_flags", side->tcp_flags,
			  "verdict", weft_flow_verdict_name(side->verdict));

	if (view->is_tracked) {
		json_object_set_new(object, "stream_bytes",
				    json_integer((json_int_t)side->stream_bytes));
		json_object_set_new(object, "gap_bytes", json_integer((json_int_t)side->gap_bytes));
		json_object_set_new(object, "held_bytes",
				    json_integer((json_int_t)side->held_bytes));
	}
	return object;
}

/*
 * Return the state of the connection. If no worker tracks the connection, its TCP flags tell
 * whether it is closed; otherwise the state is "unknown".
 */
static const char *state_of(const struct weft_flow_view *view)
{
	unsigned int to_server = view->sides[WEFT_TO_SERVER].tcp_flags;
	unsigned int to_client = view->sides[WEFT_TO_CLIENT].tcp_flags;

	if (view->is_tracked)
		return weft_flow_state_name(view->state);
	if (to_server & to_client & TH_FIN || (to_server | to_client) & TH_RST)
		return weft_flow_state_name(WEFT_FLOW_CLOSED);
	return "unknown";
}

/* Return times, state and counts, with the names that they have in the event "flow". */
static json_t *event_counts_new(const struct weft_flow_view *view)
{
	static const char *const suffixes[] = {"toserver", "toclient"};
	json_t *object = json_pack("{sososssb}", "start", wf_request_time_new(view->first_ns),
				   "end", wf_request_time_new(view->last_ns), "state",
				   state_of(view), "midstream", view->midstream);

	for (int dir = 0; dir < WEFT_DIR_COUNT; dir++) {
		const struct weft_flow_side *side = &view->sides[dir];
		const struct {
			const char *name;
			uint64_t value;
			bool is_known;
		} counts[] = {
			{"pkts", side->packets, true},
			{"bytes", side->bytes, true},
			{"stream_bytes", side->stream_bytes, view->is_tracked},
			{"gap_bytes", side->gap_bytes, view->is_tracked},
		};

		for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
			char name[40];

			snprintf(name, sizeof(name), "%s_%s", counts[i].name, suffixes[dir]);
			if (counts[i].is_known)
				json_object_set_new(object, name,
						    json_integer((json_int_t)counts[i].value));
		}
	}
	return object;
}

static void add_view(const struct weft_flow_view *view, void *ctx)
{
	const struct weft_flow *flow = &view->flow;
	char community_id[WEFT_COMMUNITY_ID_TEXT_BYTES];
	json_t *flows = ctx;
	json_t *object = json_pack(
		"{sosisosissss sisbsbss soso soso so}", "src_ip", addr_new(flow->src_addr),
		"src_port", flow->src_port, "dest_ip", addr_new(flow->dst_addr), "dest_port",
		flow->dst_port, "proto", "TCP", "interface", view->ifname, "worker",
		(int)view->worker, "tracked", view->is_tracked, "midstream", view->midstream,
		"state", state_of(view), "start", wf_request_time_new(view->first_ns), "last",
		wf_request_time_new(view->last_ns), "toserver", side_new(view, WEFT_TO_SERVER),
		"toclient", side_new(view, WEFT_TO_CLIENT), "flow", event_counts_new(view));

	json_object_set_new(object, "community_id",
			    json_string(weft_community_id(flow, community_id)));
	if (view->is_tracked)
		json_object_set_new(object, "flow_id", json_integer((json_int_t)flow->id));
	if (flow->vlan[0])
		json_object_set_new(object, "vlan",
				    flow->vlan[1] ? json_pack("[ii]", flow->vlan[0], flow->vlan[1])
						  : json_pack("[i]", flow->vlan[0]));
	if (flow->vni)
		json_object_set_new(object, "vni", json_integer(flow->vni));
	json_array_append_new(flows, object);
}

static bool read_sort(const json_t *request, enum weft_flow_sort *ret_sort)
{
	const char *name = json_string_value(json_object_get(request, "sort"));

	for (int i = 0; name && i < WEFT_FLOW_SORT_COUNT; i++) {
		if (strcmp(sorts[i], name))
			continue;
		*ret_sort = (enum weft_flow_sort)i;
		return true;
	}
	return !name;
}

static json_t *answer_flows(const struct wf_request_env *env, const json_t *request,
			    struct wf_control_error *ret_error)
{
	WEFT_OPTS(weft_flow_query, query,
		  .filter = json_string_value(json_object_get(request, "filter")));
	json_int_t count = json_integer_value(json_object_get(request, "count"));
	json_t *flows;
	uint64_t total;
	int err;

	if (!read_sort(request, &query.sort))
		return wf_request_refuse_usage(ret_error, "sort",
					       "not one of bytes, packets, kept, last, age");
	if (count < 0 || count > WEFT_FLOW_VIEWS_MAX)
		return wf_request_refuse_usage(ret_error, "count",
					       "not a number from 0 (the default) to 1000");
	if (wf_control_check_filter(query.filter, ret_error))
		return NULL;
	query.count_max = (uint32_t)count;
	query.without_closed = !json_is_true(json_object_get(request, "all"));
	flows = json_array();
	err = weft_flows_each(env->weft, &query, add_view, flows, &total);
	if (!err)
		return json_pack("{sIso}", "total", (json_int_t)total, "flows", flows);
	json_decref(flows);
	if (err == -EINVAL) /* the filter tests something that is not a property of connections */
		return wf_request_refuse_usage(ret_error, "flows", weft_last_error(env->weft));
	ret_error->err = err;
	return wf_request_refuse(ret_error, "flows", strerror(-err));
}

static const struct wf_http_param params[] = {
	{.name = "filter", .member = "filter", .is_filter = true},
	{.name = "sort", .member = "sort"},
	{.name = "limit", .member = "count", .is_number = true},
	{.name = NULL},
};

const struct wf_request wf_request_flows = {
	.name = "flows",
	.help = "list connections; members: sort, count, filter, all",
	.http = {.method = "GET", .path = "/api/v1/flows", .params = params},
	.answer = answer_flows,
};

/* ---- the table ---- */

enum { TABLE_COLUMNS = 80, VLANS_MAX = 2 };

static json_int_t int_of(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "?";
}

void wf_flow_endpoint(const json_t *flow, const char *ip, const char *port, char *buf, size_t size)
{
	const char *addr = text_of(flow, ip);

	snprintf(buf, size, strchr(addr, ':') ? "[%s]:%lld" : "%s:%lld", addr,
		 (long long)int_of(flow, port));
}

void wf_flow_tenant(const json_t *flow, char *text, size_t size)
{
	const json_t *vlan = json_object_get(flow, "vlan");
	const json_t *id;
	int len = 0;
	size_t i;

	text[0] = '\0';
	json_array_foreach(vlan, i, id)
	{
		if (i == VLANS_MAX)
			break;
		len += snprintf(text + len, size - (size_t)len, "%s%u", i ? "." : "vlan ",
				(uint16_t)json_integer_value(id));
	}
	if (vlan)
		len += snprintf(text + len, size - (size_t)len, ", ");
	if (int_of(flow, "vni"))
		snprintf(text + len, size - (size_t)len, "vni %u, ", (uint32_t)int_of(flow, "vni"));
}

/* Print a count in a column of 10 characters; "-" if it is not known. */
static void print_count(const json_t *side, const char *key, FILE *out)
{
	char number[WF_REPORT_SHORT_BYTES] = "-";
	const json_t *value = json_object_get(side, key);

	if (json_is_integer(value))
		wf_report_short(json_integer_value(value), number);
	fprintf(out, "%10s", number);
}

static void print_side(const json_t *flow, const char *name, FILE *out)
{
	static const char *const columns[] = {"packets",   "bytes",	 "stream_bytes",
					      "gap_bytes", "held_bytes", "kept_bytes"};
	const json_t *side = json_object_get(flow, name);

	fprintf(out, "  %-8s %-7s", name, text_of(side, "verdict"));
	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
		print_count(side, columns[i], out);
	fputc('\n', out);
}

/* Print the addresses and the state (on one line if they fit), then both directions. */
static void print_flow(const json_t *flow, FILE *out)
{
	char src[64], dst[64], tenant[64], about[128];
	size_t chars;

	wf_flow_endpoint(flow, "src_ip", "src_port", src, sizeof(src));
	wf_flow_endpoint(flow, "dest_ip", "dest_port", dst, sizeof(dst));
	wf_flow_tenant(flow, tenant, sizeof(tenant));
	snprintf(about, sizeof(about), "%s%.15s, %.15s, worker %lld", tenant,
		 text_of(flow, "state"), text_of(flow, "interface"),
		 (long long)int_of(flow, "worker"));
	chars = strlen(src) + strlen(" > ") + strlen(dst) + strlen("  ") + strlen(about);
	fprintf(out, chars > TABLE_COLUMNS ? "%s >\n    %s\n    %s\n" : "%s > %s  %s\n", src, dst,
		about);
	print_side(flow, "toserver", out);
	print_side(flow, "toclient", out);
}

void wf_flows_print(const json_t *flows, FILE *out)
{
	const json_t *list = json_object_get(flows, "flows");
	const json_t *flow;
	char listed[28], total[WF_REPORT_COUNTED_BYTES];
	size_t i;

	if (json_array_size(list))
		fputs("                     packets     bytes    stream      gaps      held  "
		      "bypassed\n",
		      out);
	json_array_foreach(list, i, flow) print_flow(flow, out);
	fprintf(out, "%s of %s\n", wf_report_number((int64_t)json_array_size(list), listed),
		wf_report_counted(int_of(flows, "total"), "connection", total));
}
