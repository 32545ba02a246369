// SPDX-License-Identifier: BSD-2-Clause
/*
 * packet_builder.c - see packet_builder.h. The code is simple and slow, because tests compare the
 * code under test with it.
 */
#include "unit/support/packet_builder.h"

#include "unit/support/cmocka.h"

#include <arpa/inet.h>
#include <string.h>

enum {
	TYPE_IPV4 = 0x0800,
	TYPE_TEB = 0x6558,
	TYPE_IPV6 = 0x86dd,
	TYPE_MPLS = 0x8847,
	TYPE_PPPOE = 0x8864,
	TYPE_PPP = 0x880b,
	TYPE_ERSPAN2 = 0x88be,
	TYPE_ERSPAN3 = 0x22eb,
};

void pb_put16(uint8_t *at, uint16_t value)
{
	at[0] = value >> 8;
	at[1] = value & 0xff;
}

void pb_put32(uint8_t *at, uint32_t value)
{
	pb_put16(at, value >> 16);
	pb_put16(at + 2, value & 0xffff);
}

uint16_t pb_get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

uint32_t pb_get32(const uint8_t *at)
{
	return (uint32_t)pb_get16(at) << 16 | pb_get16(at + 2);
}

uint64_t pb_sum(const uint8_t *bytes, size_t len_bytes)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < len_bytes; i++)
		sum += i % 2 ? bytes[i] : (uint64_t)bytes[i] << 8;
	return sum;
}

uint16_t pb_fold(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

void pb_init(struct packet_builder *pb)
{
	pb->len_bytes = 0;
	pb->layers_count = 0;
	pb->link = WEFT_LINK_ETHERNET;
}

static struct pb_layer *last_layer(struct packet_builder *pb)
{
	return pb->layers_count ? &pb->layers[pb->layers_count - 1] : NULL;
}

static uint8_t *append(struct packet_builder *pb, size_t len_bytes)
{
	uint8_t *at = pb->bytes + pb->len_bytes;

	assert_true(pb->len_bytes + len_bytes <= PB_BYTES_MAX);
	memset(at, 0, len_bytes);
	pb->len_bytes += len_bytes;
	return at;
}

/* Returns the EtherType that announces a header of @kind. */
static uint16_t ethertype_of(enum pb_kind kind, uint16_t hint)
{
	switch (kind) {
	case PB_IPV4:
		return TYPE_IPV4;
	case PB_IPV6:
		return TYPE_IPV6;
	case PB_MPLS:
		return TYPE_MPLS;
	case PB_PPPOE:
		return TYPE_PPPOE;
	case PB_ETHERNET:
		return TYPE_TEB;
	case PB_PPP:
		return TYPE_PPP;
	default:
		return hint;
	}
}

static uint8_t proto_of(enum pb_kind kind, uint8_t hint)
{
	switch (kind) {
	case PB_IPV4:
		return 4;
	case PB_IPV6:
		return 41;
	case PB_IPV6_FRAGMENT:
		return 44;
	case PB_TCP:
		return 6;
	case PB_UDP:
		return 17;
	case PB_GRE:
		return 47;
	default:
		return hint;
	}
}

/*
 * Writes the type of a header of @kind into the "next" field of the previous header; @hint
 * distinguishes types that @kind does not.
 */
static void link_from(struct packet_builder *pb, enum pb_kind kind, uint16_t hint)
{
	struct pb_layer *before = last_layer(pb);
	uint8_t *at;

	if (!before)
		return;
	at = pb->bytes + before->off;
	switch (before->kind) {
	case PB_ETHERNET:
		if (kind != PB_SNAP)
			pb_put16(at + 12, ethertype_of(kind, hint));
		break;
	case PB_VLAN:
	case PB_GENEVE:
	case PB_GRE:
		pb_put16(at + 2, ethertype_of(kind, hint));
		break;
	case PB_SNAP:
		pb_put16(at + 6, ethertype_of(kind, hint));
		break;
	case PB_TAG:
		if (before->type_off)
			pb_put16(at + before->type_off, ethertype_of(kind, hint));
		break;
	case PB_SLL:
		pb_put16(at + 14, ethertype_of(kind, hint));
		break;
	case PB_SLL2:
		pb_put16(at, ethertype_of(kind, hint));
		break;
	case PB_PPP:
		pb_put16(pb->bytes + pb->len_bytes - 2, kind == PB_IPV6 ? 0x0057 : 0x0021);
		break;
	case PB_IPV4:
		at[9] = proto_of(kind, (uint8_t)hint);
		break;
	case PB_IPV6:
		at[6] = proto_of(kind, (uint8_t)hint);
		break;
	case PB_IPV6_EXT:
	case PB_IPV6_FRAGMENT:
		at[0] = proto_of(kind, (uint8_t)hint);
		break;
	default:
		break;
	}
}

static uint8_t *push(struct packet_builder *pb, enum pb_kind kind, size_t len_bytes, uint16_t hint)
{
	assert_true(pb->layers_count < PB_LAYERS_MAX);
	link_from(pb, kind, hint);
	pb->layers[pb->layers_count].kind = kind;
	pb->layers[pb->layers_count].off = (uint32_t)pb->len_bytes;
	pb->layers[pb->layers_count].type_off = 0;
	pb->layers_count++;
	return append(pb, len_bytes);
}

void pb_ethernet(struct packet_builder *pb)
{
	static const uint8_t macs[12] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2};

	memcpy(push(pb, PB_ETHERNET, 14, 0), macs, sizeof(macs));
}

void pb_vlan(struct packet_builder *pb, uint16_t tpid, uint16_t tci)
{
	pb_put16(push(pb, PB_VLAN, 4, tpid), tci);
}

void pb_tag(struct packet_builder *pb, uint16_t ethertype, const void *bytes, size_t len_bytes,
	    uint16_t type_off)
{
	memcpy(push(pb, PB_TAG, len_bytes, ethertype), bytes, len_bytes);
	last_layer(pb)->type_off = type_off;
}

void pb_snap(struct packet_builder *pb)
{
	static const uint8_t llc[6] = {0xaa, 0xaa, 3, 0, 0, 0};

	memcpy(push(pb, PB_SNAP, 8, 0), llc, sizeof(llc));
}

void pb_mpls(struct packet_builder *pb, uint32_t label, bool last)
{
	pb_put32(push(pb, PB_MPLS, 4, 0), label << 12 | (last ? 1u << 8 : 0) | 64);
}

void pb_pppoe(struct packet_builder *pb, uint16_t session)
{
	uint8_t *at = push(pb, PB_PPPOE, 6, 0);

	at[0] = 0x11;
	pb_put16(at + 2, session);
}

void pb_ppp(struct packet_builder *pb, bool address_control)
{
	uint8_t *at = push(pb, PB_PPP, address_control ? 4 : 2, 0);

	if (address_control)
		pb_put16(at, 0xff03);
}

void pb_sll(struct packet_builder *pb)
{
	uint8_t *at = push(pb, PB_SLL, 16, 0);

	pb_put16(at + 2, 1); /* hardware type ARPHRD_ETHER */
	pb_put16(at + 4, 6);
}

void pb_sll2(struct packet_builder *pb)
{
	uint8_t *at = push(pb, PB_SLL2, 20, 0);

	pb_put32(at + 4, 3);
	pb_put16(at + 8, 1);
	at[11] = 6;
}

void pb_family(struct packet_builder *pb, uint32_t family, bool big_endian)
{
	pb_put32(push(pb, PB_FAMILY, 4, 0), big_endian ? family : __builtin_bswap32(family));
}

void pb_ipv4_options(struct packet_builder *pb, const char *src, const char *dst,
		     const void *options, size_t options_bytes)
{
	uint8_t *at = push(pb, PB_IPV4, 20 + options_bytes, 0);

	at[0] = (uint8_t)(0x40 | (20 + options_bytes) / 4);
	at[8] = 64;
	assert_int_equal(inet_pton(AF_INET, src, at + 12), 1);
	assert_int_equal(inet_pton(AF_INET, dst, at + 16), 1);
	if (options_bytes)
		memcpy(at + 20, options, options_bytes);
}

static void push_ipv6(struct packet_builder *pb, const char *src, const char *dst)
{
	uint8_t *at = push(pb, PB_IPV6, 40, 0);

	at[0] = 0x60;
	at[7] = 64;
	assert_int_equal(inet_pton(AF_INET6, src, at + 8), 1);
	assert_int_equal(inet_pton(AF_INET6, dst, at + 24), 1);
}

void pb_ip(struct packet_builder *pb, const char *src, const char *dst)
{
	if (strchr(src, ':'))
		push_ipv6(pb, src, dst);
	else
		pb_ipv4_options(pb, src, dst, NULL, 0);
}

void pb_ipv4_set_fragment(struct packet_builder *pb, uint16_t id, uint32_t off_bytes, bool more)
{
	struct pb_layer *ip = last_layer(pb);

	assert_int_equal(ip->kind, PB_IPV4);
	pb_put16(pb->bytes + ip->off + 4, id);
	pb_put16(pb->bytes + ip->off + 6, (uint16_t)(off_bytes / 8 | (more ? 0x2000 : 0)));
}

void pb_ipv6_ext(struct packet_builder *pb, uint8_t proto, const void *body, size_t body_bytes)
{
	size_t unit = proto == 51 ? 4 : 8;
	size_t len_bytes = (2 + body_bytes + unit - 1) / unit * unit;
	uint8_t *at = push(pb, PB_IPV6_EXT, len_bytes, proto);

	at[1] = (uint8_t)(proto == 51 ? len_bytes / 4 - 2 : len_bytes / 8 - 1);
	if (body)
		memcpy(at + 2, body, body_bytes);
}

void pb_ipv6_fragment(struct packet_builder *pb, uint32_t id, uint32_t off_bytes, bool more)
{
	uint8_t *at = push(pb, PB_IPV6_FRAGMENT, 8, 0);

	pb_put16(at + 2, (uint16_t)(off_bytes | (more ? 1 : 0)));
	pb_put32(at + 4, id);
}

void pb_set_proto(struct packet_builder *pb, uint8_t proto)
{
	link_from(pb, PB_DATA, proto);
}

void pb_udp(struct packet_builder *pb, uint16_t src_port, uint16_t dst_port)
{
	uint8_t *at = push(pb, PB_UDP, 8, 0);

	pb_put16(at, src_port);
	pb_put16(at + 2, dst_port);
}

void pb_tcp(struct packet_builder *pb, const struct pb_tcp *tcp)
{
	uint8_t options_bytes = (uint8_t)((tcp->options_bytes + 3) / 4 * 4);
	uint8_t *at = push(pb, PB_TCP, 20u + options_bytes, 0);

	pb_put16(at, tcp->src_port);
	pb_put16(at + 2, tcp->dst_port);
	pb_put32(at + 4, tcp->seq);
	pb_put32(at + 8, tcp->ack);
	pb_put16(at + 12, (uint16_t)((20 + options_bytes) / 4 << 12 | (tcp->flags & 0x1ff)));
	pb_put16(at + 14, tcp->window || tcp->window_zero ? tcp->window : 64240);
	pb_put16(at + 18, tcp->urgent);
	if (tcp->options_bytes)
		memcpy(at + 20, tcp->options, tcp->options_bytes);
}

void pb_vxlan(struct packet_builder *pb, uint32_t vni)
{
	uint8_t *at = push(pb, PB_VXLAN, 8, 0);

	at[0] = 0x08;
	pb_put32(at + 4, vni << 8);
}

void pb_geneve(struct packet_builder *pb, uint32_t vni, const void *options, size_t options_bytes)
{
	uint8_t *at = push(pb, PB_GENEVE, 8 + options_bytes, 0);

	at[0] = (uint8_t)(options_bytes / 4);
	pb_put32(at + 4, vni << 8);
	if (options)
		memcpy(at + 8, options, options_bytes);
}

void pb_gtpu(struct packet_builder *pb, uint32_t teid)
{
	uint8_t *at = push(pb, PB_GTPU, 8, 0);

	at[0] = 0x30;
	at[1] = 255;
	pb_put32(at + 4, teid);
}

void pb_gre(struct packet_builder *pb, uint16_t flags, uint32_t key)
{
	uint8_t *at = push(pb, PB_GRE, 4, 0);

	pb_put16(at, flags);
	if (flags & 0x8000)
		append(pb, 4);
	if (flags & 0x2000)
		pb_put32(append(pb, 4), key);
	if (flags & 0x1000)
		pb_put32(append(pb, 4), 1);
}

void pb_erspan(struct packet_builder *pb, unsigned int version, uint16_t session, bool truncated,
	       bool subheader)
{
	size_t len_bytes = version == 1 ? 8 : subheader ? 20 : 12;
	uint8_t *at = push(pb, PB_ERSPAN, len_bytes, version == 1 ? TYPE_ERSPAN2 : TYPE_ERSPAN3);

	pb_put16(at, (uint16_t)(version << 12));
	pb_put16(at + 2, (uint16_t)(session | (truncated ? 0x0400 : 0)));
	if (version == 2)
		pb_put16(at + 10, subheader ? 1 : 0);
}

void pb_data(struct packet_builder *pb, const void *bytes, size_t len_bytes)
{
	uint8_t *at = append(pb, len_bytes);

	if (bytes && len_bytes)
		memcpy(at, bytes, len_bytes);
}

static uint16_t clamp16(size_t len_bytes)
{
	return len_bytes > UINT16_MAX ? 0 : (uint16_t)len_bytes;
}

/*
 * Computes the checksum of the TCP header @index, with the pseudo header of the nearest IP header
 * before it.
 */
static void fix_tcp(struct packet_builder *pb, uint32_t index, size_t end)
{
	uint8_t *tcp = pb->bytes + pb->layers[index].off;
	size_t len_bytes = end - pb->layers[index].off;
	uint64_t sum = 6 + len_bytes;

	while (index > 0 && pb->layers[index].kind != PB_IPV4 && pb->layers[index].kind != PB_IPV6)
		index--;
	if (pb->layers[index].kind == PB_IPV4)
		sum += pb_sum(pb->bytes + pb->layers[index].off + 12, 8);
	else
		sum += pb_sum(pb->bytes + pb->layers[index].off + 8, 32);
	pb_put16(tcp + 16, 0);
	pb_put16(tcp + 16, (uint16_t)~pb_fold(sum + pb_sum(tcp, len_bytes)));
}

static void fix_ipv4(uint8_t *at)
{
	pb_put16(at + 10, 0);
	pb_put16(at + 10, (uint16_t)~pb_fold(pb_sum(at, (at[0] & 15) * 4u)));
}

static void finish_layer(struct packet_builder *pb, uint32_t index)
{
	const struct pb_layer *layer = &pb->layers[index];
	uint8_t *at = pb->bytes + layer->off;
	size_t len_bytes = pb->len_bytes - layer->off;

	switch (layer->kind) {
	case PB_ETHERNET:
		if (index + 1 < pb->layers_count && pb->layers[index + 1].kind == PB_SNAP)
			pb_put16(at + 12, (uint16_t)(len_bytes - 14));
		break;
	case PB_PPPOE:
		pb_put16(at + 4, clamp16(len_bytes - 6));
		break;
	case PB_IPV4:
		pb_put16(at + 2, clamp16(len_bytes));
		fix_ipv4(at);
		break;
	case PB_IPV6:
		pb_put16(at + 4, clamp16(len_bytes - 40));
		break;
	case PB_UDP:
		pb_put16(at + 4, clamp16(len_bytes));
		break;
	case PB_GTPU:
		pb_put16(at + 2, clamp16(len_bytes - 8));
		break;
	case PB_TCP:
		fix_tcp(pb, index, pb->len_bytes);
		break;
	default:
		break;
	}
}

void pb_finish(struct packet_builder *pb)
{
	for (uint32_t i = pb->layers_count; i-- > 0;)
		finish_layer(pb, i);
}

void pb_fix_checksums(struct packet_builder *pb)
{
	uint32_t tcp = 0;

	for (uint32_t i = 0; i < pb->layers_count; i++) {
		if (pb->layers[i].kind == PB_IPV4)
			fix_ipv4(pb->bytes + pb->layers[i].off);
		if (pb->layers[i].kind == PB_TCP)
			tcp = i;
	}
	if (tcp)
		fix_tcp(pb, tcp, pb->len_bytes);
}

uint8_t *pb_at(struct packet_builder *pb, enum pb_kind kind, unsigned int nth)
{
	for (uint32_t i = 0; i < pb->layers_count; i++)
		if (pb->layers[i].kind == kind && nth-- == 0)
			return pb->bytes + pb->layers[i].off;
	fail_msg("the packet has no such header");
	return NULL;
}

static enum weft_link link_of(const struct packet_builder *pb)
{
	if (pb->link != WEFT_LINK_ETHERNET)
		return pb->link;
	switch (pb->layers_count ? pb->layers[0].kind : PB_NONE) {
	case PB_IPV4:
	case PB_IPV6:
		return WEFT_LINK_RAW;
	case PB_FAMILY:
		return WEFT_LINK_NULL;
	case PB_SLL:
		return WEFT_LINK_SLL;
	case PB_SLL2:
		return WEFT_LINK_SLL2;
	case PB_PPP:
		return WEFT_LINK_PPP;
	default:
		return WEFT_LINK_ETHERNET;
	}
}

void pb_frame(const struct packet_builder *pb, uint64_t time_ns, struct wf_frame *ret_frame)
{
	*ret_frame = (struct wf_frame){
		.bytes = pb->bytes,
		.time_ns = time_ns,
		.cap_bytes = (uint32_t)pb->len_bytes,
		.wire_bytes = (uint32_t)pb->len_bytes,
		.link = (uint16_t)link_of(pb),
	};
}

void pb_segment(struct packet_builder *pb, const char *src, const char *dst,
		const struct pb_tcp *tcp, const void *data, size_t len_bytes)
{
	pb_init(pb);
	pb_ethernet(pb);
	pb_ip(pb, src, dst);
	pb_tcp(pb, tcp);
	pb_data(pb, data, len_bytes);
	pb_finish(pb);
}
