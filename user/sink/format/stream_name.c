// SPDX-License-Identifier: BSD-2-Clause
/*
 * stream_name.c - names of stream files. Names consist only of digits, a to f, "vlan", "vni" and
 * "._-#@", so that no packet can cause a path outside the directory.
 */
#include "sink/format/stream_name.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include <weft/text.h>

#include "sink/format/text_out.h"

/* Append an endpoint: address, ".", port. Colons become "_". */
static char *put_endpoint(char *end, const uint8_t *addr, uint16_t port)
{
	for (weft_addr_text(addr, end); *end; end++)
		if (*end == ':')
			*end = '_';
	*end++ = '.';
	return wf_text_put_u64(end, port);
}

/* Append "@" and the VLAN ids and the VNI that are not 0, separated by dots. */
static char *put_tenant(char *end, const struct weft_flow *flow)
{
	*end++ = '@';
	if (flow->vlan[0])
		end = wf_text_put_u64(wf_text_put(end, "vlan"), flow->vlan[0]);
	if (flow->vlan[1])
		end = wf_text_put_u64(wf_text_put(end, "."), flow->vlan[1]);
	if (flow->vni)
		end = wf_text_put_u64(wf_text_put(end, flow->vlan[0] ? ".vni" : "vni"), flow->vni);
	return end;
}

void wf_stream_name(const struct weft_flow *flow, enum weft_dir dir, struct wf_stream_number number,
		    char *ret_name)
{
	bool forth = dir == WEFT_TO_SERVER;
	char *end = put_endpoint(ret_name, forth ? flow->src_addr : flow->dst_addr,
				 forth ? flow->src_port : flow->dst_port);

	*end++ = '-';
	end = put_endpoint(end, forth ? flow->dst_addr : flow->src_addr,
			   forth ? flow->dst_port : flow->src_port);
	if (number.by_tenant)
		end = put_tenant(end, flow);
	if (number.number > 1)
		end = wf_text_put_u64(wf_text_put(end, "#"), number.number);
	*end = '\0';
}

/*
 * Skip an endpoint: address, ".", port. Return: the position after it; NULL if @pos does not begin
 * with an endpoint.
 */
static const char *skip_endpoint(const char *pos)
{
	size_t len = strspn(pos, "0123456789abcdef_.");
	const char *end = pos + len;
	const char *port = end;

	while (port > pos && port[-1] >= '0' && port[-1] <= '9')
		port--;
	if (port == end || port - pos < 2 || port[-1] != '.')
		return NULL;
	return end;
}

bool wf_stream_name_is(const char *name)
{
	const char *pos = skip_endpoint(name);

	if (!pos || *pos != '-')
		return false;
	pos = skip_endpoint(pos + 1);
	if (!pos)
		return false;
	if (pos[0] == '@' && pos[1] == 'v')
		pos += 1 + strspn(pos + 1, "vlani0123456789.");
	if (*pos == '#' && strlen(pos) > 1)
		pos += 1 + strspn(pos + 1, "0123456789");
	return !*pos;
}

/* ---- parsing ---- */

/*
 * Parse an endpoint. @end: the character after it; 0: any. Return: the position of that character;
 * NULL if there is no valid address or port.
 */
static const char *parse_endpoint(const char *text, char end, uint8_t *ret_addr, uint16_t *ret_port,
				  uint8_t *ret_version)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	size_t len = strspn(text, "0123456789abcdef_.");
	char copy[INET6_ADDRSTRLEN + 8];
	unsigned int port;
	char *dot;

	if (len >= sizeof(copy) || (text[len] != end && end))
		return NULL;
	snprintf(copy, sizeof(copy), "%.*s", (int)len, text);
	dot = strrchr(copy, '.');
	if (!dot || sscanf(dot + 1, "%5u", &port) != 1 || port > UINT16_MAX)
		return NULL;
	*dot = '\0';
	for (char *pos = copy; *pos; pos++)
		if (*pos == '_')
			*pos = ':';
	*ret_port = (uint16_t)port;
	*ret_version = strchr(copy, ':') ? 6 : 4;
	memcpy(ret_addr, mapped, sizeof(mapped));
	if (*ret_version == 4 ? inet_pton(AF_INET, copy, ret_addr + 12) != 1
			      : inet_pton(AF_INET6, copy, ret_addr) != 1)
		return NULL;
	return text + len;
}

static const char *parse_tenant(const char *text, struct weft_flow *flow)
{
	unsigned int vlan[2] = {0, 0}, vni = 0;
	int used = 0;

	if (!strncmp(text, "vlan", 4)) {
		if (sscanf(text, "vlan%4u%n", &vlan[0], &used) < 1)
			return NULL;
		text += used;
		used = 0;
		if (sscanf(text, ".%4u%n", &vlan[1], &used) == 1)
			text += used;
		if (*text == '.')
			text++;
	}
	used = 0;
	if (sscanf(text, "vni%10u%n", &vni, &used) == 1)
		text += used;
	flow->vlan[0] = (uint16_t)vlan[0];
	flow->vlan[1] = (uint16_t)vlan[1];
	flow->vni = vni;
	return text;
}

bool wf_stream_name_parse(const char *name, struct weft_flow *ret_flow)
{
	struct wf_stream_number number = {.number = 1};
	struct weft_flow flow = {.use = 1};
	char again[WF_STREAM_NAME_BYTES];
	const char *pos =
		parse_endpoint(name, '-', flow.src_addr, &flow.src_port, &flow.ip_version);
	uint8_t version;

	if (pos)
		pos = parse_endpoint(pos + 1, '\0', flow.dst_addr, &flow.dst_port, &version);
	if (pos && *pos == '@')
		pos = parse_tenant(pos + 1, &flow);
	if (!pos || (*pos == '#' && sscanf(pos, "#%10u", &flow.use) != 1))
		return false;
	number.number = flow.use;
	number.by_tenant = wf_stream_has_tenant(&flow);
	wf_stream_name(&flow, WEFT_TO_SERVER, number, again);
	if (strcmp(again, name))
		return false;
	*ret_flow = flow;
	return true;
}
