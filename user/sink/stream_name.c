// SPDX-License-Identifier: BSD-2-Clause
/*
 * stream_name.c - names of stream files. Names consist only of digits, a to f, "vlan", "vni" and
 * "._-#@", so that no packet can cause a path outside the directory.
 */
#include "sink/stream_name.h"

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
