// SPDX-License-Identifier: BSD-2-Clause
/*
 * decode.c - parses the headers of a frame from the outermost to the innermost.
 *
 * A frame with only Ethernet, IP and TCP headers is decoded by inline code. walk() parses other
 * headers, one at a time. The loop in walk() ends because each step consumes bytes or counts
 * towards a nesting limit. Decoding writes only to *ret_packet and the stack.
 *
 * Most of the time is spent on the hash, unless the frame already has it (WF_FRAME_HASHED), and on
 * the checksum of the payload (checksum.c).
 */
#include "decode/decode.h"

#include "decode/checksum.h"
#include "decode/ethertype.h"
#include "decode/ip.h"
#include "decode/layers_internal.h"
#include "decode/link.h"
#include "decode/tcp_header.h"
#include "decode/tunnel.h"
#include "decode/tunnel_udp.h"
#include "packet/rss.h"

/*
 * One endpoint of a flow. high and low are the two halves of the address, loaded in memory order.
 */
struct endpoint {
	uint64_t high;
	uint64_t low;
	uint16_t port;
};

/* ---- headers ---- */

static const struct weft_tunnel_ports default_ports = WEFT_TUNNEL_PORTS_DEFAULT;

static inline void layers_init(struct wf_layers *layers, const struct wf_decoder *decoder,
			       const struct wf_frame *frame, uint16_t flags)
{
	layers->pos = frame->bytes;
	layers->cap_bytes = frame->cap_bytes;
	layers->wire_bytes =
		frame->wire_bytes > frame->cap_bytes ? frame->wire_bytes : frame->cap_bytes;
	layers->flags = decoder->ignore_vlan ? flags | WF_LAYERS_IGNORE_VLAN : flags;
	layers->depth = 0;
	layers->extensions = 0;
	layers->vlan[0] = decoder->ignore_vlan ? 0 : frame->vlan[0];
	layers->vlan[1] = decoder->ignore_vlan ? 0 : frame->vlan[1];
	layers->tags = (uint8_t)(!!layers->vlan[0] + !!layers->vlan[1]);
	layers->vni = frame->vni;
	layers->ports = decoder->ports ? decoder->ports : &default_ports;
}

static inline enum wf_next step_ethertype(struct wf_layers *layers)
{
	if (wf_likely(layers->ethertype == WF_ETHERTYPE_IPV4))
		return wf_ip4(layers);
	if (wf_likely(layers->ethertype == WF_ETHERTYPE_IPV6))
		return wf_ip6(layers);
	return wf_ethertype(layers);
}

static enum wf_next step_ip(struct wf_layers *layers)
{
	if (!layers->cap_bytes)
		return WF_NEXT_MALFORMED;
	switch (layers->pos[0] >> 4) {
	case 4:
		return wf_ip4(layers);
	case 6:
		return wf_ip6(layers);
	default:
		return WF_NEXT_NOT_TCP;
	}
}

static enum wf_next step_proto(struct wf_layers *layers)
{
	switch (layers->proto) {
	case WF_PROTO_AH:
		return wf_ip_authentication(layers);
	case WF_PROTO_HOP_BY_HOP:
	case WF_PROTO_ROUTING:
	case WF_PROTO_FRAGMENT:
	case WF_PROTO_DESTINATION:
		return layers->ip_version == 6 ? wf_ip6_extensions(layers) : WF_NEXT_NOT_TCP;
	default:
		return wf_tunnel_proto(layers);
	}
}

static __attribute__((noinline)) enum wf_next walk(struct wf_layers *layers, enum wf_next next)
{
	for (;;) {
		switch (next) {
		case WF_NEXT_ETHERNET:
			next = wf_link_ethernet(layers);
			break;
		case WF_NEXT_ETHERTYPE:
			next = step_ethertype(layers);
			break;
		case WF_NEXT_PPP:
			next = wf_link_ppp(layers);
			break;
		case WF_NEXT_IP:
			next = step_ip(layers);
			break;
		case WF_NEXT_PROTO:
			next = step_proto(layers);
			break;
		case WF_NEXT_TCP:
		case WF_NEXT_FRAGMENT:
		case WF_NEXT_NOT_TCP:
		case WF_NEXT_MALFORMED:
		case WF_NEXT_CHECKSUM:
			return next;
		}
	}
}

/*
 * Parse headers up to the innermost TCP header. Return: WF_NEXT_TCP, or another result that ends
 * decoding.
 */
static inline enum wf_next walk_frame(struct wf_layers *layers, const struct wf_frame *frame)
{
	enum wf_next next;

	if (wf_likely(frame->link == WEFT_LINK_ETHERNET)) {
		next = wf_link_ethernet(layers);
		if (wf_likely(next == WF_NEXT_ETHERTYPE))
			next = step_ethertype(layers);
	} else {
		next = wf_link_outer(layers, (enum weft_link)frame->link);
	}
	return wf_likely(next == WF_NEXT_TCP) ? next : walk(layers, next);
}

/*
 * Return true if @frame has only Ethernet, IPv4 and TCP headers, and no VLAN or VNI that is not
 * among its bytes, and parse the first two headers. So it is for most frames. No pointer to @layers
 * leaves this file, so the compiler can keep its members in registers.
 */
static inline bool is_plain(struct wf_layers *layers, const struct wf_frame *frame)
{
	if (wf_unlikely(frame->vlan[0] | frame->vlan[1] | frame->vni))
		return false;
	/* Constants, so that the compiler removes what depends on them. */
	layers->vlan[0] = 0;
	layers->vlan[1] = 0;
	layers->vni = 0;
	return wf_likely(frame->link == WEFT_LINK_ETHERNET) &&
	       wf_link_ethernet(layers) == WF_NEXT_ETHERTYPE &&
	       wf_likely(layers->ethertype == WF_ETHERTYPE_IPV4) && wf_ip4_is_plain(layers);
}

/* ---- key and hash ---- */

static inline struct endpoint endpoint_load(const uint8_t *addr, uint8_t ip_version, uint16_t port)
{
	struct endpoint end = {.port = port};
	uint32_t addr4;

	if (wf_likely(ip_version == 4)) {
		memcpy(&addr4, addr, sizeof(addr4));
		end.low = htobe64(0x0000ffff00000000ull | be32toh(addr4));
	} else {
		memcpy(&end.high, addr, sizeof(end.high));
		memcpy(&end.low, addr + 8, sizeof(end.low));
	}
	return end;
}

/*
 * Return 1 if @a is greater than @b, else 0. The address bytes are compared first, as by memcmp(),
 * then the ports. The code has no branches, because the outcome is random and would be
 * mispredicted.
 */
static inline unsigned int endpoint_is_after(const struct endpoint *a, const struct endpoint *b)
{
	uint64_t a_high = be64toh(a->high), b_high = be64toh(b->high);
	uint64_t a_low = be64toh(a->low), b_low = be64toh(b->low);
	unsigned int low_after =
		(a_low > b_low) | ((unsigned int)(a_low == b_low) & (a->port > b->port));

	return (a_high > b_high) | ((unsigned int)(a_high == b_high) & low_after);
}

static inline void key_put(struct weft_flow_key *key, unsigned int at, const struct endpoint *end)
{
	memcpy(key->addr[at], &end->high, sizeof(end->high));
	memcpy(key->addr[at] + 8, &end->low, sizeof(end->low));
	key->port[at] = end->port;
}

/* Return the flow hash. @salt: result of fragment_salt() for a fragment; 0 for a segment. */
static inline __attribute__((always_inline)) uint32_t hash_ends(const struct wf_decoder *decoder,
								const struct wf_layers *layers,
								const struct endpoint *src,
								const struct endpoint *dst,
								uint32_t salt)
{
	uint64_t tenant = weft_hash_tenant(layers->vlan[0], layers->vlan[1], layers->vni);

	return weft_hash_flow(&decoder->secret,
			      weft_hash_endpoint(&decoder->secret, src->high, src->low, src->port),
			      weft_hash_endpoint(&decoder->secret, dst->high, dst->low, dst->port),
			      tenant ^ salt);
}

/*
 * Set the members of @packet that both segments and fragments have. @src_at: index of the source
 * endpoint in the key, 0 or 1.
 */
static inline __attribute__((always_inline)) void packet_put(
	const struct wf_decoder *decoder, const struct wf_frame *frame,
	const struct wf_layers *layers, const struct endpoint *src, const struct endpoint *dst,
	unsigned int src_at, uint32_t salt, struct wf_packet *packet)
{
	packet->time_ns = frame->time_ns - frame->skew_ns;
	packet->skew_ns = frame->skew_ns;
	key_put(&packet->key, src_at, src);
	key_put(&packet->key, src_at ^ 1, dst);
	packet->key.vlan[0] = layers->vlan[0];
	packet->key.vlan[1] = layers->vlan[1];
	packet->key.vni = layers->vni;
	packet->src = (uint8_t)src_at;
	packet->ip_version = layers->ip_version;
	packet->iface = frame->flags & WF_FRAME_FILE ? 0 : frame->iface;
	packet->file = frame->flags & WF_FRAME_FILE ? frame->file : 0;
	packet->ip_bytes = layers->ip_bytes;
	packet->link_bytes =
		wf_unlikely(layers->flags & WF_LAYERS_INNER) ? layers->ip_bytes : frame->wire_bytes;
	packet->payload = layers->pos;
	packet->payload_bytes = layers->wire_bytes;
	packet->payload_captured_bytes = layers->cap_bytes;
	packet->page = frame->page;
	packet->is_lent = frame->flags & WF_FRAME_LENT;
	packet->hash = frame->flags & WF_FRAME_HASHED ? frame->hash
						      : hash_ends(decoder, layers, src, dst, salt);
}

/*
 * Return the IP id in network order; 1 for an IPv6 id of 0. It is part of a fragment's hash, so
 * that the datagrams between two addresses are distributed over the workers.
 */
static inline uint32_t fragment_salt(const struct wf_layers *layers)
{
	uint32_t id = layers->fragment.id;

	if (layers->ip_version == 4)
		return htobe16((uint16_t)id);
	return id ? htobe32(id) : 1;
}

/* ---- TCP ---- */

static inline uint64_t pseudo_header_sum(const struct wf_layers *layers, uint32_t tcp_bytes)
{
	return wf_checksum_words(layers->src, layers->ip_version == 4 ? 1 : 4) +
	       wf_checksum_words(layers->dst, layers->ip_version == 4 ? 1 : 4) +
	       htobe32(tcp_bytes) + htobe32(WF_PROTO_TCP);
}

/*
 * Return true if @field is a partial checksum, which the sender left for its NIC to complete; see
 * checksum.h.
 */
static inline __attribute__((always_inline)) bool tcp_checksum_is_partial(
	const struct wf_layers *layers, uint64_t pseudo, uint16_t field)
{
	if (field == wf_checksum_fold(pseudo))
		return true;
	return layers->flags & WF_LAYERS_LENGTH_ZERO &&
	       field == wf_checksum_fold(pseudo_header_sum(layers, 0));
}

/*
 * Verify the TCP checksum at layers->pos. The result also covers the checksums of the IP headers.
 */
static inline __attribute__((always_inline)) enum wf_checksum_state verify(
	const struct wf_decoder *decoder, const struct wf_frame *frame,
	const struct wf_layers *layers)
{
	uint64_t pseudo;
	uint16_t field;

	if (!(layers->flags & WF_LAYERS_VERIFY))
		return WF_CHECKSUM_UNKNOWN;
	if (layers->flags & WF_LAYERS_IP_WRONG)
		return WF_CHECKSUM_WRONG;
	/* The TCP checksum of a truncated segment can't be verified and is accepted. */
	if (layers->cap_bytes < layers->wire_bytes)
		return WF_CHECKSUM_UNKNOWN;
	if (layers->cap_bytes < WF_TCP_BYTES)
		/* not verified here, because wf_tcp_header_read() rejects this segment */
		return WF_CHECKSUM_UNKNOWN;
	memcpy(&field, layers->pos + 16, sizeof(field));
	pseudo = pseudo_header_sum(layers, layers->wire_bytes);
	if (decoder->checksum == WEFT_CHECKSUM_AUTO || frame->flags & WF_FRAME_TX_OFFLOAD)
		if (tcp_checksum_is_partial(layers, pseudo, field))
			return WF_CHECKSUM_UNKNOWN;
	if (layers->flags & WF_LAYERS_NO_IP_CHECKSUM ||
	    wf_checksum_fold(pseudo + wf_checksum_sum(layers->pos, layers->cap_bytes)) != 0xffff)
		return WF_CHECKSUM_WRONG;
	return WF_CHECKSUM_RIGHT;
}

static enum wf_decode_result decode_fragment(const struct wf_decoder *decoder,
					     const struct wf_frame *frame,
					     const struct wf_layers *layers,
					     struct wf_packet *ret_packet)
{
	struct endpoint src = endpoint_load(layers->src, layers->ip_version, 0);
	struct endpoint dst = endpoint_load(layers->dst, layers->ip_version, 0);

	packet_put(decoder, frame, layers, &src, &dst, 0, fragment_salt(layers), ret_packet);
	ret_packet->tcp_flags = 0;
	ret_packet->fragment = layers->fragment;
	return WF_DECODE_FRAGMENT;
}

static enum wf_decode_result decode_rest(const struct wf_decoder *decoder,
					 const struct wf_frame *frame,
					 const struct wf_layers *layers, enum wf_next end,
					 struct wf_packet *ret_packet)
{
	switch (end) {
	case WF_NEXT_FRAGMENT:
		return decode_fragment(decoder, frame, layers, ret_packet);
	case WF_NEXT_NOT_TCP:
		return WF_DECODE_NOT_TCP;
	case WF_NEXT_CHECKSUM:
		return WF_DECODE_CHECKSUM;
	default:
		return WF_DECODE_MALFORMED;
	}
}

static inline uint16_t layers_flags(const struct wf_decoder *decoder, const struct wf_frame *frame)
{
	/* If a packet holds several segments, the kernel has verified or not computed checksums. */
	if (wf_unlikely(frame->flags & WF_FRAME_GSO))
		return WF_LAYERS_GSO;
	if (decoder->checksum == WEFT_CHECKSUM_IGNORE)
		return 0;
	if (decoder->checksum == WEFT_CHECKSUM_AUTO)
		return WF_LAYERS_VERIFY | WF_LAYERS_LENIENT | WF_LAYERS_TOLERANT;
	if (frame->flags & WF_FRAME_TX_OFFLOAD)
		return WF_LAYERS_VERIFY | WF_LAYERS_LENIENT;
	return WF_LAYERS_VERIFY;
}

/* Not inline: GCC 12 assumes that a function that only prefetches has no effect, and removes it. */
void wf_decode_prefetch_payload(const struct wf_frame *frame)
{
	enum {
		LINE_BYTES = 64,
		FAR_BYTES = 2048
	}; /* the CPU's own prefetcher loads bytes from FAR_BYTES on */

	for (uint32_t at = LINE_BYTES; at < frame->cap_bytes && at < FAR_BYTES; at += LINE_BYTES)
		__builtin_prefetch(frame->bytes + at);
}

/* Decode the TCP segment at layers->pos. */
static inline __attribute__((always_inline)) enum wf_decode_result decode_segment(
	const struct wf_decoder *decoder, const struct wf_frame *frame, struct wf_layers *layers,
	struct wf_packet *ret_packet)
{
	enum wf_checksum_state checksum = verify(decoder, frame, layers);
	const uint8_t *tcp = layers->pos;
	struct endpoint src, dst;

	if (wf_unlikely(checksum == WF_CHECKSUM_WRONG) && decoder->checksum != WEFT_CHECKSUM_AUTO)
		return WF_DECODE_CHECKSUM;
	ret_packet->checksum = checksum;
	if (!wf_tcp_header_read(layers, ret_packet))
		return WF_DECODE_MALFORMED;

	src = endpoint_load(layers->src, layers->ip_version, wf_load_be16(tcp));
	dst = endpoint_load(layers->dst, layers->ip_version, wf_load_be16(tcp + 2));
	packet_put(decoder, frame, layers, &src, &dst, endpoint_is_after(&src, &dst), 0,
		   ret_packet);
	if (wf_unlikely(decoder->rss))
		ret_packet->hash = wf_rss_place(decoder->rss, &ret_packet->key, ret_packet->hash);
	return WF_DECODE_TCP;
}

/* Decode a frame of any kind. */
static __attribute__((noinline)) enum wf_decode_result decode_any(const struct wf_decoder *decoder,
								  const struct wf_frame *frame,
								  struct wf_packet *ret_packet)
{
	struct wf_layers layers;
	enum wf_next end;

	layers_init(&layers, decoder, frame, layers_flags(decoder, frame));
	end = walk_frame(&layers, frame);
	if (wf_unlikely(end != WF_NEXT_TCP))
		return decode_rest(decoder, frame, &layers, end, ret_packet);
	return decode_segment(decoder, frame, &layers, ret_packet);
}

enum wf_decode_result wf_decode(const struct wf_decoder *decoder, const struct wf_frame *frame,
				struct wf_packet *ret_packet)
{
	struct wf_layers layers;

	layers_init(&layers, decoder, frame, layers_flags(decoder, frame));
	if (wf_likely(is_plain(&layers, frame)))
		return decode_segment(decoder, frame, &layers, ret_packet);
	return decode_any(decoder, frame, ret_packet);
}

struct wf_decode_end wf_decode_end(const struct wf_decoder *decoder, const struct wf_frame *frame)
{
	struct wf_decode_end end = {.ethertype = 0};
	struct wf_layers layers;

	layers_init(&layers, decoder, frame, 0);
	(void)walk_frame(&layers, frame);
	if (layers.flags & WF_LAYERS_NO_TUNNEL)
		end.udp_off = (uint32_t)(layers.pos - frame->bytes) - WF_UDP_BYTES;
	else if (layers.flags & WF_LAYERS_NO_ETHERTYPE && !(layers.flags & WF_LAYERS_INNER))
		end.ethertype = layers.ethertype;
	return end;
}

static uint32_t place_ends(const struct wf_rss *rss, const struct endpoint *src,
			   const struct endpoint *dst, uint32_t hash)
{
	unsigned int src_at = endpoint_is_after(src, dst);
	struct weft_flow_key key;

	key_put(&key, src_at, src);
	key_put(&key, src_at ^ 1, dst);
	return wf_rss_place(rss, &key, hash);
}

uint32_t wf_decode_steer_hash(const struct wf_decoder *decoder, const struct wf_frame *frame,
			      bool *ret_is_fragment)
{
	uint16_t src_port = 0, dst_port = 0;
	uint32_t salt = 0;
	struct wf_layers layers;
	struct endpoint src, dst;
	enum wf_next next;
	uint32_t hash;

	layers_init(&layers, decoder, frame, 0);
	next = walk_frame(&layers, frame);
	if (ret_is_fragment)
		*ret_is_fragment = next == WF_NEXT_FRAGMENT;
	switch (next) {
	case WF_NEXT_TCP:
		if (layers.cap_bytes < 4)
			return 0;
		src_port = wf_load_be16(layers.pos);
		dst_port = wf_load_be16(layers.pos + 2);
		break;
	case WF_NEXT_FRAGMENT:
		salt = fragment_salt(&layers);
		break;
	default:
		return 0;
	}
	src = endpoint_load(layers.src, layers.ip_version, src_port);
	dst = endpoint_load(layers.dst, layers.ip_version, dst_port);
	hash = hash_ends(decoder, &layers, &src, &dst, salt);
	return wf_unlikely(decoder->rss && next == WF_NEXT_TCP)
		       ? place_ends(decoder->rss, &src, &dst, hash)
		       : hash;
}
