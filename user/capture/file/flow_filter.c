// SPDX-License-Identifier: BSD-2-Clause
/*
 * flow_filter.c - filters a connection: runs libpcap's program for raw IP on the headers that the
 * client's packets have.
 *
 * These headers contain only addresses, ports and protocols. An expression that reads other fields
 * (flags, lengths, payload) would test values that no packet has. Such an expression is rejected.
 */
#include "capture/file/flow_filter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>

#include <pcap/pcap.h>

#include <weft/limits.h>

#include "base/log.h"
#include "capture/file/pcap_filter.h"

enum { TTL = 64 };

struct wf_flow_filter {
	struct bpf_program program;
};

/* The headers of a packet; TCP follows the IP header directly. */
struct headers {
	uint8_t bytes[sizeof(struct ip6_hdr) + sizeof(struct tcphdr)];
	uint32_t len_bytes;
};

/*
 * Return true if the byte at @off of an IP header is the same in all packets of a connection: for
 * IPv4 version, fragment offset, protocol and addresses; for IPv6 version, next header, addresses
 * and the ports after them. Offset 8 counts as constant because an IPv6 address begins there; in
 * IPv4 it is the TTL.
 */
static bool is_constant(uint32_t off)
{
	return off == 0 || off == 6 || (off >= 8 && off < 44);
}

/* Return true if @insn reads only addresses, ports and protocols. */
static bool is_allowed(const struct bpf_insn *insn)
{
	switch (BPF_CLASS(insn->code)) {
	case BPF_LD:
		if (BPF_MODE(insn->code) == BPF_ABS)
			return is_constant(insn->k);
		/*
		 * An indirect load is relative to the end of the IPv4 header, where the ports are.
		 */
		if (BPF_MODE(insn->code) == BPF_IND)
			return insn->k < 4;
		return BPF_MODE(insn->code) != BPF_LEN;
	case BPF_LDX:
		return BPF_MODE(insn->code) != BPF_LEN;
	default:
		return true;
	}
}

static int check_program(const char *expression, const struct bpf_program *program)
{
	for (unsigned int i = 0; i < program->bf_len; i++) {
		if (is_allowed(&program->bf_insns[i]))
			continue;
		wf_error("filter: \"%s\": a filter of connections can test only addresses, ports "
			 "and protocols",
			 expression);
		return -EINVAL;
	}
	return 0;
}

static int compile(const char *expression, struct bpf_program *ret_program)
{
	char why[PCAP_ERRBUF_SIZE];
	int err = wf_pcap_compile(expression, DLT_RAW, ret_program, why);

	if (err == -EINVAL)
		wf_error("filter: \"%s\": %s", expression, why);
	return err;
}

int wf_flow_filter_new(const char *expression, struct wf_flow_filter **ret_filter)
{
	struct wf_flow_filter *filter = calloc(1, sizeof(*filter));
	int err;

	if (!filter)
		return -ENOMEM;
	err = compile(expression, &filter->program);
	if (!err)
		err = check_program(expression, &filter->program);
	if (err) {
		wf_flow_filter_free(filter);
		return err;
	}
	*ret_filter = filter;
	return 0;
}

void wf_flow_filter_free(struct wf_flow_filter *filter)
{
	if (!filter)
		return;
	pcap_freecode(&filter->program);
	free(filter);
}

uint64_t wf_flow_filter_bytes(const struct wf_flow_filter *filter)
{
	return sizeof(*filter) + filter->program.bf_len * sizeof(*filter->program.bf_insns);
}

static void add_tcp(struct headers *headers, const struct weft_flow *flow)
{
	struct tcphdr tcp = {
		.source = htons(flow->src_port),
		.dest = htons(flow->dst_port),
		.doff = sizeof(tcp) / 4,
		.ack = 1,
	};

	memcpy(headers->bytes + headers->len_bytes, &tcp, sizeof(tcp));
	headers->len_bytes += sizeof(tcp);
}

static void fill_ipv4(struct headers *headers, const struct weft_flow *flow)
{
	struct iphdr ip = {
		.version = 4,
		.ihl = sizeof(ip) / 4,
		.tot_len = htons(sizeof(ip) + sizeof(struct tcphdr)),
		.ttl = TTL,
		.protocol = IPPROTO_TCP,
	};

	memcpy(&ip.saddr, flow->src_addr + 12, sizeof(ip.saddr));
	memcpy(&ip.daddr, flow->dst_addr + 12, sizeof(ip.daddr));
	memcpy(headers->bytes, &ip, sizeof(ip));
	headers->len_bytes = sizeof(ip);
	add_tcp(headers, flow);
}

static void fill_ipv6(struct headers *headers, const struct weft_flow *flow)
{
	struct ip6_hdr ip = {
		.ip6_flow = htonl(6u << 28),
		.ip6_plen = htons(sizeof(struct tcphdr)),
		.ip6_nxt = IPPROTO_TCP,
		.ip6_hlim = TTL,
	};

	memcpy(&ip.ip6_src, flow->src_addr, sizeof(ip.ip6_src));
	memcpy(&ip.ip6_dst, flow->dst_addr, sizeof(ip.ip6_dst));
	memcpy(headers->bytes, &ip, sizeof(ip));
	headers->len_bytes = sizeof(ip);
	add_tcp(headers, flow);
}

bool wf_flow_filter_match(const struct wf_flow_filter *filter, const struct weft_flow *flow)
{
	struct headers headers;

	if (flow->ip_version == 6)
		fill_ipv6(&headers, flow);
	else
		fill_ipv4(&headers, flow);
	return bpf_filter(filter->program.bf_insns, headers.bytes, headers.len_bytes,
			  headers.len_bytes);
}
