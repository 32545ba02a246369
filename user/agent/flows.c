// SPDX-License-Identifier: BSD-2-Clause
/*
 * flows.c - the request "flows": lists connections as JSON, and prints the response as a table.
 */
#include "agent/flows.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <time.h>

#include <weft/weft.h>

#include "agent/report.h"
#include "agent/request.h"

/* indexed by enum weft_flow_sort */
static const char *const sorts[] = {"bytes", "packets", "kept", "last", "age"};
_Static_assert(sizeof(sorts) / sizeof(sorts[0]) == WEFT_FLOW_SORT_COUNT, "a name for each order");

/* ---- listing ---- */

static json_t *addr_new(const uint8_t addr[16], uint8_t ip_version)
{
	char text[INET6_ADDRSTRLEN] = "?";

	if (ip_version == 4)
		inet_ntop(AF_INET, addr + 12, text, sizeof(text));
	else
		inet_ntop(AF_INET6, addr, text, sizeof(text));
	return json_string(text);
}

static json_t *time_new(uint64_t ns)
{
	time_t sec = (time_t)(ns / 1000000000u);
	char text[40];
	struct tm utc;
	size_t len;

	gmtime_r(&sec, &utc);
	len = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(text + len, sizeof(text) - len, ".%06u+0000",
		 (unsigned int)(ns % 1000000000u / 1000u));
	return json_string(text);
}

static json_t *side_new(const struct weft_flow_side *side)
{
	return json_pack("{sIsIsIsIsisssIsIsI}", "packets", (json_int_t)side->packets, "bytes",
			 (json_int_t)side->bytes, "kept_packets", (json_int_t)side->kept_packets,
			 "kept_bytes", (json_int_t)side->kept_bytes, "tcp_flags", side->tcp_flags,
			 "verdict", weft_flow_verdict_name(side->verdict), "stream_bytes",
			 (json_int_t)side->stream_bytes, "gap_bytes", (json_int_t)side->gap_bytes,
			 "held_bytes", (json_int_t)side->held_bytes);
}

static void add_view(const struct weft_flow_view *view, void *ctx)
{
	const struct weft_flow *flow = &view->flow;
	json_t *object = json_pack(
		"{sosisosissss sisbsbss soso soso}", "src_ip",
		addr_new(flow->src_addr, flow->ip_version), "src_port", flow->src_port, "dest_ip",
		addr_new(flow->dst_addr, flow->ip_version), "dest_port", flow->dst_port, "proto",
		"TCP", "interface", view->ifname, "worker", (int)view->worker, "tracked",
		view->is_tracked, "midstream", view->midstream, "state",
		view->is_tracked ? weft_flow_state_name(view->state) : "unknown", "start",
		time_new(view->first_ns), "last", time_new(view->last_ns), "toserver",
		side_new(&view->sides[WEFT_TO_SERVER]), "toclient",
		side_new(&view->sides[WEFT_TO_CLIENT]));

	if (view->is_tracked)
		json_object_set_new(object, "flow_id", json_integer((json_int_t)flow->id));
	if (flow->vlan[0])
		json_object_set_new(object, "vlan",
				    flow->vlan[1] ? json_pack("[ii]", flow->vlan[0], flow->vlan[1])
						  : json_pack("[i]", flow->vlan[0]));
	if (flow->vni)
		json_object_set_new(object, "vni", json_integer(flow->vni));
	json_array_append_new(ctx, object);
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
		return wf_request_refuse_usage(ret_error, "count", "not a number from 1 to 1000");
	if (wf_request_check_expression(query.filter, ret_error))
		return NULL;
	query.count_max = (uint32_t)count;
	flows = json_array();
	err = weft_flows_each(env->weft, &query, add_view, flows, &total);
	if (!err)
		return json_pack("{sIso}", "total", (json_int_t)total, "flows", flows);
	json_decref(flows);
	return wf_request_refuse(ret_error, "flows", strerror(-err));
}

const struct wf_request wf_request_flows = {
	.name = "flows",
	.help = "list connections; members: sort, count, filter",
	.answer = answer_flows,
};

/* ---- the table ---- */

static json_int_t int_of(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "?";
}

static void end_of(const json_t *flow, const char *ip, const char *port, char *buf, size_t bytes)
{
	const char *addr = text_of(flow, ip);

	snprintf(buf, bytes, strchr(addr, ':') ? "[%s]:%lld" : "%s:%lld", addr,
		 (long long)int_of(flow, port));
}

/* Print the VLAN ids and the VNI, which may be all that distinguishes two connections. */
static void print_tenant(const json_t *flow, FILE *out)
{
	const json_t *vlan = json_object_get(flow, "vlan");
	const json_t *id;
	size_t i;

	json_array_foreach(vlan, i, id)
		fprintf(out, "%s%lld", i ? "." : "vlan ", (long long)json_integer_value(id));
	if (vlan)
		fputs(", ", out);
	if (int_of(flow, "vni"))
		fprintf(out, "vni %lld, ", (long long)int_of(flow, "vni"));
}

static void print_flow(const json_t *flow, FILE *out)
{
	static const char *const sides[] = {"toserver", "toclient"};
	char src[64], dst[64];

	end_of(flow, "src_ip", "src_port", src, sizeof(src));
	end_of(flow, "dest_ip", "dest_port", dst, sizeof(dst));
	fprintf(out, "%s > %s  ", src, dst);
	print_tenant(flow, out);
	fprintf(out, "%s, %s, worker %lld\n", text_of(flow, "interface"), text_of(flow, "state"),
		(long long)int_of(flow, "worker"));
	for (int i = 0; i < 2; i++) {
		const json_t *side = json_object_get(flow, sides[i]);
		char numbers[6][28];

		fprintf(out, "  %-8s %-5s %14s packets %18s bytes %18s stream %12s gaps %9s held",
			sides[i], text_of(side, "verdict"),
			wf_report_number(int_of(side, "packets"), numbers[0]),
			wf_report_number(int_of(side, "bytes"), numbers[1]),
			wf_report_number(int_of(side, "stream_bytes"), numbers[2]),
			wf_report_number(int_of(side, "gap_bytes"), numbers[3]),
			wf_report_number(int_of(side, "held_bytes"), numbers[4]));
		if (int_of(side, "kept_bytes"))
			fprintf(out, " %18s kept",
				wf_report_number(int_of(side, "kept_bytes"), numbers[5]));
		fputc('\n', out);
	}
}

void wf_flows_print(const json_t *flows, FILE *out)
{
	const json_t *list = json_object_get(flows, "flows");
	const json_t *flow;
	char numbers[2][28];
	size_t i;

	json_array_foreach(list, i, flow) print_flow(flow, out);
	fprintf(out, "%s of %s connections\n",
		wf_report_number((int64_t)json_array_size(list), numbers[0]),
		wf_report_number(int_of(flows, "total"), numbers[1]));
}
