// SPDX-License-Identifier: BSD-2-Clause
/*
 * flow_verdict.c - the request "flow": sets the verdict of the kernel on one connection.
 *
 *   {"command": "flow", "verdict": "shunt", "from": "both", "src_ip": ..., "src_port": ...,
 *    "dest_ip": ..., "dest_port": ...}
 *     -> {"verdict", "flows": number of connections that were changed}
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <weft/weft.h>

#include "agent/request.h"

static bool read_addr(const json_t *request, const char *key, uint8_t ret_addr[16])
{
	const char *text = json_string_value(json_object_get(request, key));

	memset(ret_addr, 0, 16);
	if (!text)
		return false;
	if (inet_pton(AF_INET6, text, ret_addr) == 1)
		return true;
	ret_addr[10] = ret_addr[11] = 0xff;
	return inet_pton(AF_INET, text, ret_addr + 12) == 1;
}

/* Report that the member @key is no address; the message names its value, if it has one. */
static json_t *refuse_addr(const json_t *request, const char *key,
			   struct wf_control_error *ret_error)
{
	const char *text = json_string_value(json_object_get(request, key));

	return wf_request_refuse_usage(ret_error, text ? text : key,
				       "neither an IPv4 nor an IPv6 address");
}

static bool read_port(const json_t *request, const char *key, uint16_t *ret_port)
{
	const json_t *value = json_object_get(request, key);
	json_int_t port = json_integer_value(value);

	*ret_port = (uint16_t)port;
	return json_is_integer(value) && port >= 0 && port <= UINT16_MAX;
}

static unsigned int read_from(const json_t *request)
{
	const char *from = json_string_value(json_object_get(request, "from"));

	if (!from || !strcmp(from, "both"))
		return WEFT_FLOW_FROM_SRC | WEFT_FLOW_FROM_DST;
	if (!strcmp(from, "src"))
		return WEFT_FLOW_FROM_SRC;
	return strcmp(from, "dst") ? 0 : WEFT_FLOW_FROM_DST;
}

static int read_verdict(const json_t *request)
{
	const char *name = json_string_value(json_object_get(request, "verdict"));

	for (int i = 0; name && i <= WEFT_VERDICT_PASS; i++)
		if (!strcmp(weft_flow_verdict_name((enum weft_verdict)i), name))
			return i;
	return -1;
}

static const char *why_not_set(int err)
{
	switch (err) {
	case -ENOENT:
		return "no such connection in the kernel's flow map";
	case -EALREADY:
		return "the connection is beyond its depth limit and would be bypassed again "
		       "at once";
	case -ETIMEDOUT:
		return "the worker of the connection did not answer in time";
	default:
		return strerror(-err);
	}
}

static json_t *answer_flow(const struct wf_request_env *env, const json_t *request,
			   struct wf_control_error *ret_error)
{
	unsigned int from = read_from(request);
	int verdict = read_verdict(request);
	struct weft_flow flow = {0};
	uint32_t count;
	int err;

	if (!read_addr(request, "src_ip", flow.src_addr))
		return refuse_addr(request, "src_ip", ret_error);
	if (!read_addr(request, "dest_ip", flow.dst_addr))
		return refuse_addr(request, "dest_ip", ret_error);
	if (!read_port(request, "src_port", &flow.src_port) ||
	    !read_port(request, "dest_port", &flow.dst_port))
		return wf_request_refuse_usage(ret_error, "port", "not a number from 0 to 65535");
	if (!from)
		return wf_request_refuse_usage(ret_error, "from", "not one of src, dst, both");
	if (verdict < 0)
		return wf_request_refuse_usage(ret_error, "verdict",
					       "not one of steer, shunt, pass");
	err = weft_flow_set(env->weft, &flow, from, (enum weft_verdict)verdict, &count);
	ret_error->err = err;
	ret_error->is_missing = err == -ENOENT;
	if (err)
		return wf_request_refuse(ret_error, "flow", why_not_set(err));
	return json_pack("{sssi}", "verdict", weft_flow_verdict_name((enum weft_verdict)verdict),
			 "flows", (int)count);
}

static const struct wf_http_param params[] = {
	{.name = "src", .member = "src_ip", .is_required = true},
	{.name = "sport", .member = "src_port", .is_number = true, .is_required = true},
	{.name = "dst", .member = "dest_ip", .is_required = true},
	{.name = "dport", .member = "dest_port", .is_number = true, .is_required = true},
	{.name = "verdict", .member = "verdict", .is_required = true},
	{.name = "from", .member = "from"},
	{.name = NULL},
};

const struct wf_request wf_request_flow = {
	.name = "flow",
	.help = "set the verdict of the kernel on one connection; members: verdict, from, src_ip, "
		"src_port, dest_ip, dest_port",
	.http = {.method = "POST", .path = "/api/v1/flows/verdict", .params = params},
	.answer = answer_flow,
};
