// SPDX-License-Identifier: BSD-2-Clause
/*
 * segment_filter.c - applies filter.ports, allow, deny and sample in user space.
 *
 * Prefixes are sorted by length, then by address. To test an address, one binary search is made
 * among the prefixes of each length, for the address with the bits after this length cleared.
 */
#include "packet/segment_filter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/hash.h"
#include "packet/packet.h"

enum { ADDR_BYTES = 16, PORT_WORDS = 65536 / 64 };

struct prefixes {
	/* owned; sorted; the address bits after the prefix length are 0 */
	struct weft_prefix *list;
	size_t count;
};

struct wf_segment_filter {
	struct prefixes allow;
	struct prefixes deny;
	bool has_ports;
	uint32_t sample;
	/* owned; a segment is wanted if this filter or any later one in the list wants it */
	struct wf_segment_filter *next;
	uint64_t ports[PORT_WORDS];
};

static void clear_behind(uint8_t addr[ADDR_BYTES], unsigned int bits)
{
	for (unsigned int i = 0; i < ADDR_BYTES; i++) {
		if (bits >= 8 * (i + 1))
			continue;
		addr[i] &= bits <= 8 * i ? 0 : (uint8_t)(0xff00 >> (bits - 8 * i));
	}
}

static int compare(const void *a, const void *b)
{
	const struct weft_prefix *left = a, *right = b;

	if (left->bits != right->bits)
		return left->bits < right->bits ? -1 : 1;
	return memcmp(left->addr, right->addr, ADDR_BYTES);
}

static int prefixes_init(struct prefixes *prefixes, const struct weft_prefix *list, size_t count)
{
	if (!count)
		return 0;
	prefixes->list = malloc(count * sizeof(*list));
	if (!prefixes->list)
		return -ENOMEM;
	memcpy(prefixes->list, list, count * sizeof(*list));
	prefixes->count = count;
	for (size_t i = 0; i < count; i++)
		clear_behind(prefixes->list[i].addr, prefixes->list[i].bits);
	qsort(prefixes->list, count, sizeof(*list), compare);
	return 0;
}

/* Return the index of the first prefix at or after index @from that is longer than @bits. */
static size_t next_length(const struct prefixes *prefixes, size_t from, uint8_t bits)
{
	size_t end = prefixes->count;

	while (from < end) {
		size_t middle = from + (end - from) / 2;

		if (prefixes->list[middle].bits <= bits)
			from = middle + 1;
		else
			end = middle;
	}
	return from;
}

static bool is_inside(const struct prefixes *prefixes, const uint8_t *addr)
{
	size_t end;

	for (size_t i = 0; i < prefixes->count; i = end) {
		struct weft_prefix wanted = {.bits = prefixes->list[i].bits};

		end = next_length(prefixes, i, wanted.bits);
		memcpy(wanted.addr, addr, ADDR_BYTES);
		clear_behind(wanted.addr, wanted.bits);
		if (bsearch(&wanted, &prefixes->list[i], end - i, sizeof(wanted), compare))
			return true;
	}
	return false;
}

static bool either_is_inside(const struct prefixes *prefixes, const struct wf_packet *packet)
{
	return is_inside(prefixes, packet->key.addr[0]) || is_inside(prefixes, packet->key.addr[1]);
}

static bool port_is_listed(const struct wf_segment_filter *filter, uint16_t port)
{
	return filter->ports[port >> 6] >> (port & 63) & 1;
}

static bool wants(const struct wf_segment_filter *filter, const struct wf_packet *packet,
		  uint32_t flow_hash)
{
	if (filter->has_ports && !port_is_listed(filter, packet->key.port[0]) &&
	    !port_is_listed(filter, packet->key.port[1]))
		return false;
	if (either_is_inside(&filter->deny, packet))
		return false;
	if (filter->allow.count && !either_is_inside(&filter->allow, packet))
		return false;
	return weft_hash_is_sampled(flow_hash, filter->sample);
}

bool wf_segment_filter_wants(const struct wf_segment_filter *filter, const struct wf_packet *packet,
			     uint32_t flow_hash)
{
	for (; filter; filter = filter->next)
		if (wants(filter, packet, flow_hash))
			return true;
	return false;
}

struct wf_segment_filter *wf_segment_filter_join(struct wf_segment_filter *a,
						 struct wf_segment_filter *b)
{
	struct wf_segment_filter *last = a;

	if (!a || !b) {
		wf_segment_filter_free(a);
		wf_segment_filter_free(b);
		return NULL;
	}
	while (last->next)
		last = last->next;
	last->next = b;
	return a;
}

static void set_ports(struct wf_segment_filter *filter, const uint16_t *ports, size_t count)
{
	filter->has_ports = count > 0;
	for (size_t i = 0; i < count; i++)
		filter->ports[ports[i] >> 6] |= 1ull << (ports[i] & 63);
}

int wf_segment_filter_new(const struct weft_filter_opts *opts,
			  struct wf_segment_filter **ret_filter)
{
	bool is_sampled = opts->sample > 0 && opts->sample < 1;
	struct wf_segment_filter *filter;
	int err;

	*ret_filter = NULL;
	if (!opts->ports_count && !opts->allow_count && !opts->deny_count && !is_sampled)
		return 0;
	filter = calloc(1, sizeof(*filter));
	if (!filter)
		return -ENOMEM;
	set_ports(filter, opts->ports, opts->ports_count);
	filter->sample = is_sampled ? (uint32_t)(opts->sample * UINT32_MAX) : UINT32_MAX;
	err = prefixes_init(&filter->allow, opts->allow, opts->allow_count);
	if (!err)
		err = prefixes_init(&filter->deny, opts->deny, opts->deny_count);
	if (err) {
		wf_segment_filter_free(filter);
		return err;
	}
	*ret_filter = filter;
	return 0;
}

void wf_segment_filter_free(struct wf_segment_filter *filter)
{
	while (filter) {
		struct wf_segment_filter *next = filter->next;

		free(filter->allow.list);
		free(filter->deny.list);
		free(filter);
		filter = next;
	}
}
