// SPDX-License-Identifier: BSD-2-Clause
/*
 * endpoints.c - the requests that list the hosts that were seen, and that remove one.
 *
 *   {"command": "endpoints", "prefix": "10.0.0.0/8", "sort": "bytes", "count": 100}
 *     -> {"endpoints": [{"address", "first_seen", "last_seen", "connections_open",
 *         "connections_total", "connections_as_client", "bytes_sent", "bytes_received",
 *         "half_open"}...], "total": hosts with the prefix, "hosts": all hosts, "limit", "evicted"}
 *   {"command": "endpoint_remove", "address": "10.0.0.1"} -> {"address"}
 */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include <weft/weft.h>

#include "agent/request.h"
#include "config/config_value.h"
#include "endpoints/endpoint_list.h"
#include "endpoints/table.h"

enum { COUNT_DEFAULT = 100, ADDR_BITS = 128 };

static bool is_recorded(const struct wf_request_env *env, struct wf_control_error *ret_error)
{
	if (env->endpoints)
		return true;
	ret_error->err = -ENOENT;
	wf_request_refuse(
		ret_error, "endpoints",
		"they are not recorded: endpoints.record is false, or their table did not "
		"fit in the memory limit");
	return false;
}

static json_t *refuse(struct wf_control_error *ret_error, const char *what, int err)
{
	ret_error->err = err;
	ret_error->is_missing = err == -ENOENT;
	return wf_request_refuse(ret_error, what,
				 err == -ENOENT ? "there is no such host" : strerror(-err));
}

/* ---- the list ---- */

static bool read_sort(const json_t *request, enum wf_endpoint_sort *ret_sort)
{
	const json_t *value = json_object_get(request, "sort");
	const char *name = json_string_value(value);

	for (int i = 0; name && i < WF_ENDPOINT_SORT_COUNT; i++) {
		if (strcmp(wf_endpoint_sort_name((enum wf_endpoint_sort)i), name))
			continue;
		*ret_sort = (enum wf_endpoint_sort)i;
		return true;
	}
	return !value;
}

static bool read_count(const json_t *request, uint32_t *ret_count)
{
	const json_t *value = json_object_get(request, "count");
	json_int_t count = json_integer_value(value);

	if (value && (!json_is_integer(value) || count < 1 || count > WEFT_HALF_OPEN_ADDRS_MAX))
		return false;
	*ret_count = value ? (uint32_t)count : COUNT_DEFAULT;
	return true;
}

static bool read_prefix(const json_t *request, struct weft_prefix *ret_prefix)
{
	const json_t *value = json_object_get(request, "prefix");
	const char *text = json_string_value(value);

	return !value || (text && (!*text || !wf_config_prefix(text, ret_prefix)));
}

static bool read_query(const json_t *request, struct wf_endpoint_query *ret_query,
		       struct wf_control_error *ret_error)
{
	*ret_query = (struct wf_endpoint_query){.sort = WF_ENDPOINT_SORT_LAST};
	if (!read_sort(request, &ret_query->sort))
		wf_request_refuse_usage(
			ret_error, "sort",
			"not one of last, first, bytes, connections, open, address");
	else if (!read_count(request, &ret_query->max))
		wf_request_refuse_usage(ret_error, "count", "not a number from 1 to 1000");
	else if (!read_prefix(request, &ret_query->prefix))
		wf_request_refuse_usage(ret_error, "prefix",
					"not an address, or a prefix such as 10.0.0.0/8 without "
					"bits beyond its length");
	else
		return true;
	return false;
}

static json_t *host_new(const struct wf_endpoint *host, const uint32_t *half_open)
{
	char text[WEFT_ADDR_TEXT_BYTES];
	json_t *object = json_pack(
		"{sssososIsIsIsIsI}", "address", weft_addr_text(host->addr, text), "first_seen",
		wf_request_time_new(host->first_ns), "last_seen",
		wf_request_time_new(host->last_ns), "connections_open", (json_int_t)host->open,
		"connections_total", (json_int_t)host->total, "connections_as_client",
		(json_int_t)host->as_client, "bytes_sent", (json_int_t)host->sent_bytes,
		"bytes_received", (json_int_t)host->received_bytes);

	if (half_open)
		json_object_set_new(object, "half_open", json_integer(*half_open));
	return object;
}

/* If a worker does not answer, the hosts are listed without their half-open connections. */
static json_t *hosts_new(struct weft *weft, const struct wf_endpoint *hosts, size_t count)
{
	uint8_t addrs[WEFT_HALF_OPEN_ADDRS_MAX][16];
	uint32_t half_open[WEFT_HALF_OPEN_ADDRS_MAX];
	json_t *list = json_array();
	int err;

	for (size_t i = 0; i < count; i++)
		memcpy(addrs[i], hosts[i].addr, sizeof(addrs[i]));
	err = weft_half_open_read(weft, (const uint8_t(*)[16])addrs, count, half_open);
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, host_new(&hosts[i], err ? NULL : &half_open[i]));
	return list;
}

static json_t *answer_endpoints(const struct wf_request_env *env, const json_t *request,
				struct wf_control_error *ret_error)
{
	struct wf_endpoints_counts counts;
	struct wf_endpoint_query query;
	struct wf_endpoint *hosts;
	uint64_t total;
	int64_t count;
	json_t *list;

	if (!is_recorded(env, ret_error) || !read_query(request, &query, ret_error))
		return NULL;
	count = wf_endpoint_list_new(env->endpoints, &query, &hosts, &total);
	if (count < 0)
		return refuse(ret_error, "endpoints", (int)count);
	list = hosts_new(env->weft, hosts, (size_t)count);
	free(hosts);
	wf_endpoints_counts(env->endpoints, &counts);
	return json_pack("{sosIsIsIsI}", "endpoints", list, "total", (json_int_t)total, "hosts",
			 (json_int_t)counts.hosts, "limit", (json_int_t)counts.hosts_max, "evicted",
			 (json_int_t)counts.evicted);
}

static const struct wf_http_param params[] = {
	{.name = "prefix", .member = "prefix"},
	{.name = "sort", .member = "sort"},
	{.name = "limit", .member = "count", .is_number = true},
	{.name = NULL},
};

const struct wf_request wf_request_endpoints = {
	.name = "endpoints",
	.help = "list the hosts that were seen; members: prefix, sort, count",
	.http = {.method = "GET", .path = "/api/v1/endpoints", .params = params},
	.answer = answer_endpoints,
};

/* ---- removal ---- */

static json_t *answer_remove(const struct wf_request_env *env, const json_t *request,
			     struct wf_control_error *ret_error)
{
	const char *text = json_string_value(json_object_get(request, "address"));
	struct weft_prefix prefix;
	int err;

	if (!is_recorded(env, ret_error))
		return NULL;
	if (!text || wf_config_prefix(text, &prefix) || prefix.bits != ADDR_BITS)
		return wf_request_refuse_usage(ret_error, "address", "not an IPv4 or IPv6 address");
	err = wf_endpoints_remove(env->endpoints, prefix.addr);
	return err ? refuse(ret_error, text, err) : json_pack("{ss}", "address", text);
}

const struct wf_request wf_request_endpoint_remove = {
	.name = "endpoint_remove",
	.help = "remove a host from the table of endpoints; members: address",
	.http = {.method = "DELETE", .path = "/api/v1/endpoints/", .rest_member = "address"},
	.answer = answer_remove,
};
