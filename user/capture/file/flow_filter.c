// SPDX-License-Identifier: BSD-2-Clause
/*
 * flow_filter.c - filters a connection: builds the headers of a packet of the client, and runs on
 * them the program that libpcap compiles for raw IP or for Ethernet.
 *
 * These headers contain the addresses, ports and outer VLAN of the connection, fields that are the
 * same for every connection (such as the protocol), and made-up values (TTL, lengths, TCP flags).
 * An expression that tests made-up values is rejected: the program is followed along all paths that
 * it can take on the headers of some connection. A path depends on the version of IP and on whether
 * there is a VLAN tag; for each of these combinations, fields that are the same for every
 * connection decide most branches, so that code for other protocols is not followed.
 */
#include "capture/file/flow_filter.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <net/ethernet.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>

#include <pcap/pcap.h>

#include <weft/limits.h>

#include "base/log.h"
#include "capture/file/pcap_filter.h"

enum {
	TTL = 64,
	ADDRESSES_BYTES = 2 * ETHER_ADDR_LEN, /* offset of the type of an Ethernet frame */
	TAG_BYTES = 4,
};

struct wf_flow_filter {
	struct bpf_program program;
	enum wf_flow_filter_headers headers;
};

/* The headers of a packet; TCP follows the IP header directly. */
struct headers {
	uint8_t bytes[ETHER_HDR_LEN + TAG_BYTES + sizeof(struct ip6_hdr) + sizeof(struct tcphdr)];
	uint32_t ip_at; /* offset of the IP header */
	uint32_t len_bytes;
};

/* ---- the headers of a connection ---- */

static void add(struct headers *headers, const void *bytes, size_t len_bytes)
{
	memcpy(headers->bytes + headers->len_bytes, bytes, len_bytes);
	headers->len_bytes += (uint32_t)len_bytes;
}

static void add_ethernet(struct headers *headers, const struct weft_flow *flow)
{
	const uint16_t tag[] = {htons(ETHERTYPE_VLAN), htons(flow->vlan[0])};
	const uint16_t type = htons(flow->ip_version == 6 ? ETHERTYPE_IPV6 : ETHERTYPE_IP);

	memset(headers->bytes, 0, ADDRESSES_BYTES);
	headers->len_bytes = ADDRESSES_BYTES;
	if (flow->vlan[0])
		add(headers, tag, sizeof(tag));
	add(headers, &type, sizeof(type));
}

static void add_ipv4(struct headers *headers, const struct weft_flow *flow)
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
	add(headers, &ip, sizeof(ip));
}

static void add_ipv6(struct headers *headers, const struct weft_flow *flow)
{
	struct ip6_hdr ip = {
		.ip6_flow = htonl(6u << 28),
		.ip6_plen = htons(sizeof(struct tcphdr)),
		.ip6_nxt = IPPROTO_TCP,
		.ip6_hlim = TTL,
	};

	memcpy(&ip.ip6_src, flow->src_addr, sizeof(ip.ip6_src));
	memcpy(&ip.ip6_dst, flow->dst_addr, sizeof(ip.ip6_dst));
	add(headers, &ip, sizeof(ip));
}

static void build(const struct wf_flow_filter *filter, const struct weft_flow *flow,
		  struct headers *ret_headers)
{
	struct tcphdr tcp = {
		.source = htons(flow->src_port),
		.dest = htons(flow->dst_port),
		.doff = sizeof(tcp) / 4,
		.ack = 1,
	};

	ret_headers->len_bytes = 0;
	if (filter->headers == WF_FLOW_FILTER_ETHERNET)
		add_ethernet(ret_headers, flow);
	ret_headers->ip_at = ret_headers->len_bytes;
	if (flow->ip_version == 6)
		add_ipv6(ret_headers, flow);
	else
		add_ipv4(ret_headers, flow);
	add(ret_headers, &tcp, sizeof(tcp));
}

/* ---- the fields that a program may read ---- */

enum field {
	MADE_UP,
	FIXED,	 /* the same for all connections with these headers */
	OF_FLOW, /* address, port or VLAN */
};

/* Return the kind of the field that contains the byte at offset @off of the IP header. */
static enum field ip_field(bool is_ipv4, uint32_t off)
{
	bool is_of_flow =
		is_ipv4 ? off >= offsetof(struct iphdr, saddr) && off < sizeof(struct iphdr) + 4
			: off >= offsetof(struct ip6_hdr, ip6_src) &&
				  off < sizeof(struct ip6_hdr) + 4;

	if (is_of_flow)
		return OF_FLOW;
	/* libpcap reads the version, the protocol, and whether an IPv4 packet is a fragment. */
	if (off == 0 || off == 6 ||
	    (is_ipv4 && (off == 7 || off == offsetof(struct iphdr, protocol))))
		return FIXED;
	return MADE_UP;
}

static enum field field_at(const struct headers *headers, uint32_t off)
{
	if (off >= headers->len_bytes)
		return MADE_UP;
	if (off >= headers->ip_at)
		return ip_field(headers->bytes[headers->ip_at] >> 4 == 4, off - headers->ip_at);
	if (off < ADDRESSES_BYTES)
		return MADE_UP;
	/* A VLAN tag is its type, the VLAN, and then the type of the frame. */
	return off / 2 == ETHER_HDR_LEN / 2 ? OF_FLOW : FIXED;
}

/* ---- following a program ---- */

struct value {
	bool is_known;
	uint32_t number;
};

/* The registers before an instruction. */
struct state {
	bool is_reached;
	struct value a, x;
};

struct walk {
	const struct headers *headers;
	const struct bpf_program *program;
	struct state *states; /* owned: one for each instruction */
};

static const struct value unknown;

static struct value known(uint32_t number)
{
	return (struct value){.is_known = true, .number = number};
}

/* Read @bytes bytes of the headers. Return: false if one of them is made up. */
static bool read_field(const struct headers *headers, uint32_t off, uint32_t bytes,
		       struct value *ret_value)
{
	struct value value = known(0);

	for (uint32_t i = 0; i < bytes; i++) {
		enum field field = field_at(headers, off + i);

		if (field == MADE_UP)
			return false;
		value.is_known &= field == FIXED;
		value.number = value.number << 8 | headers->bytes[off + i];
	}
	*ret_value = value;
	return true;
}

static uint32_t size_of(const struct bpf_insn *insn)
{
	switch (BPF_SIZE(insn->code)) {
	case BPF_B:
		return 1;
	case BPF_H:
		return 2;
	default:
		return 4;
	}
}

static bool load(const struct headers *headers, const struct bpf_insn *insn, struct state *state)
{
	switch (BPF_MODE(insn->code)) {
	case BPF_IMM:
		state->a = known(insn->k);
		return true;
	case BPF_ABS:
		return read_field(headers, insn->k, size_of(insn), &state->a);
	case BPF_IND:
		return state->x.is_known &&
		       read_field(headers, state->x.number + insn->k, size_of(insn), &state->a);
	case BPF_MEM:
		state->a = unknown;
		return true;
	default: /* the length of the packet */
		return false;
	}
}

static bool load_x(const struct headers *headers, const struct bpf_insn *insn, struct state *state)
{
	switch (BPF_MODE(insn->code)) {
	case BPF_IMM:
		state->x = known(insn->k);
		return true;
	case BPF_MEM:
		state->x = unknown;
		return true;
	case BPF_MSH: /* the length of an IPv4 header */
		if (!read_field(headers, insn->k, 1, &state->x))
			return false;
		state->x.number = (state->x.number & 0xf) * 4;
		return true;
	default:
		return false;
	}
}

static struct value operand(const struct bpf_insn *insn, const struct state *state)
{
	return BPF_SRC(insn->code) == BPF_X ? state->x : known(insn->k);
}

/*
 * Compute register A. Results are known only for the operations that libpcap applies to fixed
 * fields.
 */
static void compute(const struct bpf_insn *insn, struct state *state)
{
	struct value by = operand(insn, state);

	state->a.is_known &= by.is_known;
	if (BPF_OP(insn->code) == BPF_AND)
		state->a.number &= by.number;
	else if (BPF_OP(insn->code) == BPF_ADD)
		state->a.number += by.number;
	else
		state->a = unknown;
}

static bool is_true(const struct bpf_insn *insn, uint32_t a, uint32_t by)
{
	switch (BPF_OP(insn->code)) {
	case BPF_JEQ:
		return a == by;
	case BPF_JGT:
		return a > by;
	case BPF_JGE:
		return a >= by;
	default:
		return a & by;
	}
}

static void merge(struct value *value, const struct value *other)
{
	if (!other->is_known || value->number != other->number)
		*value = unknown;
}

/*
 * Record that the instruction at @at can run with the registers @state. Return: false if the
 * program has no instruction at @at.
 */
static bool reach(const struct walk *walk, uint64_t at, const struct state *state)
{
	struct state *next;

	if (at >= walk->program->bf_len)
		return false;
	next = &walk->states[at];
	if (next->is_reached) {
		merge(&next->a, &state->a);
		merge(&next->x, &state->x);
	} else {
		*next = *state;
	}
	return true;
}

static bool jump(const struct walk *walk, uint32_t at, const struct bpf_insn *insn,
		 const struct state *state)
{
	struct value by = operand(insn, state);
	bool is_decided = state->a.is_known && by.is_known;
	bool goes = is_decided && is_true(insn, state->a.number, by.number);

	/*
	 * A loop contains a jump back, whose k is 2^32 - n. The 64-bit sum is then beyond the end
	 * of the program, so reach() rejects the jump.
	 */
	if (BPF_OP(insn->code) == BPF_JA)
		return reach(walk, (uint64_t)at + 1 + insn->k, state);
	if ((!is_decided || goes) && !reach(walk, (uint64_t)at + 1 + insn->jt, state))
		return false;
	return goes || reach(walk, (uint64_t)at + 1 + insn->jf, state);
}

/* Follow the instruction at @at. Return: false if it is not allowed. */
static bool step(const struct walk *walk, uint32_t at)
{
	const struct bpf_insn *insn = &walk->program->bf_insns[at];
	struct state state = walk->states[at];

	switch (BPF_CLASS(insn->code)) {
	case BPF_RET:
		return true;
	case BPF_JMP:
		return jump(walk, at, insn, &state);
	case BPF_LD:
		if (!load(walk->headers, insn, &state))
			return false;
		break;
	case BPF_LDX:
		if (!load_x(walk->headers, insn, &state))
			return false;
		break;
	case BPF_ALU:
		compute(insn, &state);
		break;
	case BPF_MISC:
		if (BPF_MISCOP(insn->code) == BPF_TAX)
			state.x = state.a;
		else
			state.a = state.x;
		break;
	}
	return reach(walk, (uint64_t)at + 1, &state);
}

/* Return true if the program reads no made-up value of packets with these headers. */
static bool is_allowed(const struct walk *walk)
{
	memset(walk->states, 0, walk->program->bf_len * sizeof(*walk->states));
	walk->states[0].is_reached = true;
	for (uint32_t at = 0; at < walk->program->bf_len; at++)
		if (walk->states[at].is_reached && !step(walk, at))
			return false;
	return true;
}

/* ---- filters ---- */

static int check_program(const struct wf_flow_filter *filter, const char *expression)
{
	bool has_tags = filter->headers == WF_FLOW_FILTER_ETHERNET;
	struct headers headers;
	struct walk walk = {.headers = &headers, .program = &filter->program};
	bool allowed = true;

	walk.states = calloc(filter->program.bf_len, sizeof(*walk.states));
	if (!walk.states)
		return -ENOMEM;
	for (int form = 0; allowed && form < 4; form++) {
		struct weft_flow flow = {.ip_version = form & 1 ? 6 : 4, .vlan = {form & 2}};

		build(filter, &flow, &headers);
		allowed = is_allowed(&walk);
	}
	free(walk.states);
	if (!allowed)
		wf_error("filter: \"%s\": a filter of connections can test only addresses, ports%s "
			 "protocols%s",
			 expression, has_tags ? "," : " and",
			 has_tags ? " and the outer VLAN" : "");
	return allowed ? 0 : -EINVAL;
}

static int compile(struct wf_flow_filter *filter, const char *expression)
{
	int dlt = filter->headers == WF_FLOW_FILTER_ETHERNET ? DLT_EN10MB : DLT_RAW;
	char why[PCAP_ERRBUF_SIZE];
	int err = wf_pcap_compile(expression, dlt, &filter->program, why);

	if (err == -EINVAL)
		wf_error("filter: \"%s\": %s", expression, why);
	return err;
}

int wf_flow_filter_new(const char *expression, enum wf_flow_filter_headers headers,
		       struct wf_flow_filter **ret_filter)
{
	struct wf_flow_filter *filter = calloc(1, sizeof(*filter));
	int err;

	if (!filter)
		return -ENOMEM;
	filter->headers = headers;
	err = compile(filter, expression);
	if (!err)
		err = check_program(filter, expression);
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

bool wf_flow_filter_match(const struct wf_flow_filter *filter, const struct weft_flow *flow)
{
	struct headers headers;

	build(filter, flow, &headers);
	return bpf_filter(filter->program.bf_insns, headers.bytes, headers.len_bytes,
			  headers.len_bytes);
}
