// SPDX-License-Identifier: BSD-2-Clause
/*
 * datagram.c - orders the fragments of one datagram, detects overlaps, and rebuilds the datagram.
 *
 * A fragment that arrives in order is appended in constant time. For any other fragment the list of
 * the datagram's fragments is searched, which has at most per_datagram_max entries (defrag.h).
 */
#include "decode/datagram_internal.h"

#include <errno.h>
#include <string.h>

#include "packet/frame.h"
#include "decode/ip.h"
#include "memory/page.h"
#include "memory/page_pool.h"

enum {
	DATAGRAM_BYTES_MAX = 65535,
	/* bit in wf_datagram.ecn_seen: a fragment with ECN field 0 was received */
	ECN_NOT_CAPABLE = 1u << 0,
};

static struct wf_fragment_held *fragment_at(const struct wf_slab *fragments, uint32_t id)
{
	return wf_slab_at(fragments, id);
}

enum wf_fragment_verdict wf_datagram_find(const struct wf_datagram *datagram,
					  const struct wf_slab *fragments, uint32_t off,
					  uint32_t end, uint32_t *ret_before)
{
	const struct wf_fragment_held *last, *at;
	uint32_t before = WF_SLAB_NONE;
	uint32_t id = datagram->first;

	if (!datagram->count) {
		*ret_before = WF_SLAB_NONE;
		return WF_FRAGMENT_NEW;
	}
	last = fragment_at(fragments, datagram->last);
	if (last->end_bytes < end) {
		*ret_before = datagram->last;
		return off < last->end_bytes ? WF_FRAGMENT_OVERLAP : WF_FRAGMENT_NEW;
	}
	/*
	 * A held fragment ends at @end or later, so the runs are searched in order of their
	 * offsets.
	 */
	while (id) {
		uint32_t run_off, run_end, run_last;

		run_off = fragment_at(fragments, id)->off_bytes;
		do {
			at = fragment_at(fragments, id);
			run_end = at->end_bytes;
			run_last = id;
			id = at->next;
		} while (id && !fragment_at(fragments, id)->begins_run);
		if (end <= run_off)
			break;
		if (off < run_end)
			return off >= run_off && end <= run_end ? WF_FRAGMENT_DUPLICATE
								: WF_FRAGMENT_OVERLAP;
		before = run_last;
	}
	*ret_before = before;
	return WF_FRAGMENT_NEW;
}

void wf_datagram_insert(struct wf_datagram *datagram, struct wf_slab *fragments, uint32_t before,
			uint32_t id)
{
	struct wf_fragment_held *fragment = fragment_at(fragments, id);
	struct wf_fragment_held *neighbour = before ? fragment_at(fragments, before) : NULL;
	uint32_t *link = neighbour ? &neighbour->next : &datagram->first;

	fragment->next = *link;
	*link = id;
	/*
	 * The new fragment continues a run only if it is appended after the last held fragment,
	 * without a gap.
	 */
	fragment->begins_run = !neighbour || before != datagram->last ||
			       neighbour->end_bytes != fragment->off_bytes;
	if (!fragment->next)
		datagram->last = id;
	datagram->count++;
	datagram->held_bytes += fragment->end_bytes - fragment->off_bytes;
}

uint32_t wf_datagram_clear(struct wf_datagram *datagram, struct wf_slab *fragments)
{
	uint32_t count = datagram->count;

	while (datagram->first) {
		uint32_t id = datagram->first;
		struct wf_fragment_held *fragment = fragment_at(fragments, id);

		datagram->first = fragment->next;
		wf_page_put(fragment->page);
		wf_slab_put(fragments, id);
	}
	datagram->last = WF_SLAB_NONE;
	datagram->count = 0;
	datagram->held_bytes = 0;
	return count;
}

bool wf_datagram_ecn_is_good(const struct wf_datagram *datagram)
{
	return !(datagram->ecn_seen & ECN_NOT_CAPABLE) || datagram->ecn_seen == ECN_NOT_CAPABLE;
}

/* Change @ip, a copy of the IP header of @first, into the header of the complete datagram. */
static void patch_header(const struct wf_fragment_held *first, uint8_t *ip, uint32_t total_bytes)
{
	uint16_t total_be = htobe16((uint16_t)total_bytes);
	uint16_t payload_be = htobe16((uint16_t)(total_bytes - WF_IP6_BYTES));
	uint16_t sum;

	if (ip[0] >> 4 == 6) {
		memcpy(ip + 4, &payload_be, sizeof(payload_be));
		ip[first->next_off] = first->proto;
		return;
	}
	memcpy(ip + 2, &total_be, sizeof(total_be));
	ip[6] = 0;
	ip[7] = 0;
	memset(ip + 10, 0, 2);
	sum = (uint16_t)~wf_checksum_fold(wf_checksum_words(ip, first->header_bytes / 4u));
	memcpy(ip + 10, &sum, sizeof(sum));
}

int wf_datagram_rebuild(const struct wf_datagram *datagram, const struct wf_slab *fragments,
			struct wf_page_pool *pages, struct wf_frame *ret_frame)
{
	const struct wf_fragment_held *first = fragment_at(fragments, datagram->first);
	uint32_t total_bytes = first->header_bytes + datagram->end_bytes;
	uint32_t length_field =
		datagram->key.ip_version == 6 ? total_bytes - WF_IP6_BYTES : total_bytes;
	struct wf_page *page;
	uint8_t *bytes;

	if (length_field > DATAGRAM_BYTES_MAX)
		return -EMSGSIZE;
	page = wf_page_pool_take(pages, total_bytes);
	if (!page)
		return -ENOBUFS;

	bytes = wf_page_bytes(page);
	memcpy(bytes, first->header, first->header_bytes);
	for (uint32_t id = datagram->first; id;) {
		const struct wf_fragment_held *at = fragment_at(fragments, id);

		memcpy(bytes + first->header_bytes + at->off_bytes, at->bytes,
		       at->end_bytes - at->off_bytes);
		id = at->next;
	}
	patch_header(first, bytes, total_bytes);

	*ret_frame = (struct wf_frame){
		.bytes = bytes,
		.cap_bytes = total_bytes,
		.wire_bytes = total_bytes,
		.flags = WF_FRAME_REBUILT,
		.link = WEFT_LINK_RAW,
		.page = page,
		.vlan = {datagram->key.vlan[0], datagram->key.vlan[1]},
		.vni = datagram->key.vni,
	};
	return 0;
}

bool wf_datagram_is_valid(const struct wf_datagram *datagram, const struct wf_slab *fragments)
{
	uint32_t count = 0, bytes = 0, end = 0, last = WF_SLAB_NONE;

	for (uint32_t id = datagram->first; id;) {
		const struct wf_fragment_held *at = fragment_at(fragments, id);

		if (at->off_bytes < end || at->end_bytes <= at->off_bytes)
			return false;
		if (!at->begins_run && (!count || at->off_bytes != end))
			return false;
		end = at->end_bytes;
		bytes += at->end_bytes - at->off_bytes;
		count++;
		last = id;
		id = at->next;
	}
	return count == datagram->count && bytes == datagram->held_bytes &&
	       last == datagram->last && end <= datagram->end_bytes &&
	       !(datagram->not_tcp && count);
}

void wf_datagram_key_of(const struct wf_packet *packet, struct wf_datagram_key *ret_key)
{
	memset(ret_key, 0, sizeof(*ret_key));
	memcpy(ret_key->addr, packet->key.addr, sizeof(ret_key->addr));
	memcpy(ret_key->vlan, packet->key.vlan, sizeof(ret_key->vlan));
	ret_key->vni = packet->key.vni;
	ret_key->id = packet->fragment.id;
	ret_key->proto = packet->ip_version == 4 ? packet->fragment.proto : 0;
	ret_key->ip_version = packet->ip_version;
}
