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

static void file_addr(const uint8_t *addr, char *ret_text)
{
	weft_addr_text(addr, ret_text);
	for (char *pos = ret_text; *pos; pos++)
		if (*pos == ':')
			*pos = '_';
}

/* Write the text after '@': those of the VLAN ids and the VNI that are not 0, separated by dots. */
static void tenant_text(const struct weft_flow *flow, char *ret_text, size_t bytes)
{
	char vlan[16] = "", inner[8] = "", vni[16] = "";

	if (flow->vlan[0])
		snprintf(vlan, sizeof(vlan), "vlan%u", flow->vlan[0]);
	if (flow->vlan[1])
		snprintf(inner, sizeof(inner), ".%u", flow->vlan[1]);
	if (flow->vni)
		snprintf(vni, sizeof(vni), "%svni%u", flow->vlan[0] ? "." : "", flow->vni);
	snprintf(ret_text, bytes, "%s%s%s", vlan, inner, vni);
}

void wf_stream_name(const struct weft_flow *flow, enum weft_dir dir, struct wf_stream_number number,
		    char *ret_name)
{
	bool forth = dir == WEFT_TO_SERVER;
	char src[WEFT_ADDR_TEXT_BYTES], dst[WEFT_ADDR_TEXT_BYTES];
	int len;

	file_addr(forth ? flow->src_addr : flow->dst_addr, src);
	file_addr(forth ? flow->dst_addr : flow->src_addr, dst);
	len = snprintf(ret_name, WF_STREAM_NAME_BYTES, "%s.%u-%s.%u", src,
		       forth ? flow->src_port : flow->dst_port, dst,
		       forth ? flow->dst_port : flow->src_port);
	if (number.by_tenant) {
		char tenant[40];

		tenant_text(flow, tenant, sizeof(tenant));
		len += snprintf(ret_name + len, (size_t)(WF_STREAM_NAME_BYTES - len), "@%s",
				tenant);
	}
	if (number.number > 1)
		snprintf(ret_name + len, (size_t)(WF_STREAM_NAME_BYTES - len), "#%u",
			 number.number);
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
