// SPDX-License-Identifier: BSD-2-Clause
/*
 * map_sizes.c - computes the number of entries in the BPF maps of an interface, and the maps'
 * memory.
 *
 * The kernel's overhead per entry comes from preallocated hash tables (struct htab_elem, struct
 * bucket), from trie nodes, which are rounded up to the size of their slab, and from one slot per
 * socket.
 */
#include "capture/maps/map_sizes.h"

#include <weft/limits.h>

#include "bpf/shared.h"

enum {
	HASH_ENTRY_BYTES = 48, /* overhead of a hash entry, in addition to key and value */
	HASH_BUCKET_BYTES = 16,
	TRIES = 2,
	TRIE_NODE_BYTES = 64,
	TRIE_NODES = 2, /* nodes per prefix: its own and an intermediate node */
	SOCKET_SLOT_BYTES = 64,
	PAGE_BYTES = 4096,
	CPU_BYTES = 256, /* size of the counters of one CPU */
	/*
	 * Maps of settings, counters and ports of the steering or tc program and of
	 * verdict.bpf.c. Each of these maps has a header and 1 or 2 pages.
	 */
	SMALL_MAPS_BYTES = 128 << 10,
	HANDSHAKES_PART = WEFT_FLOW_MAP_ENTRIES / WEFT_HANDSHAKE_MAP_ENTRIES,
};

_Static_assert((WEFT_FLOW_MAP_ENTRIES & (WEFT_FLOW_MAP_ENTRIES - 1)) == 0,
	       "a power of two, so that it can be halved");

static uint64_t hash_bytes(uint64_t entries)
{
	uint64_t key_bytes = (sizeof(struct weft_flow_key) + 7) / 8 * 8;

	return entries *
	       (HASH_ENTRY_BYTES + key_bytes + sizeof(struct weft_flow_value) + HASH_BUCKET_BYTES);
}

/* Return the bytes of a map of handshakes: its slots, and a page in front of them. */
static uint64_t handshake_bytes(uint64_t slots)
{
	return PAGE_BYTES + slots * sizeof(struct weft_handshake);
}

/* Return the bytes of the maps of flows and handshakes of one interface. */
static uint64_t flow_bytes(uint64_t flows)
{
	return hash_bytes(flows) + handshake_bytes(flows / HANDSHAKES_PART);
}

static uint64_t hot_bytes(uint64_t cpus, uint64_t slots)
{
	return cpus * 2 * slots * sizeof(struct weft_hot_flow);
}

static void choose_hot(const struct wf_map_wants *wants, struct wf_map_sizes *sizes)
{
	uint64_t cpus = (uint64_t)wants->interfaces * wants->cpus;
	uint32_t slots = WEFT_HOT_SLOTS_MAX;

	while (slots > WEFT_HOT_SLOTS_MIN &&
	       hot_bytes(cpus, slots) > wants->limit_bytes / WEFT_HOT_PARTS)
		slots /= 2;
	sizes->hot_slots = slots;
	sizes->hot_cpus =
		hot_bytes(cpus, slots) <= wants->limit_bytes / WEFT_MAP_PARTS ? wants->cpus : 0;
}

void wf_map_sizes_choose(const struct wf_map_wants *wants, struct wf_map_sizes *ret_sizes)
{
	uint64_t part_bytes = wants->limit_bytes / WEFT_MAP_PARTS;
	uint32_t flows = WEFT_FLOW_MAP_ENTRIES;

	/*
	 * Halve the flow map while half of it still has room for all connections, or while the flow
	 * and handshake maps of all interfaces exceed their share of the memory limit.
	 */
	while (flows > WEFT_FLOW_MAP_MIN_ENTRIES &&
	       (flows / 2 >= wants->flows_max ||
		wants->interfaces * flow_bytes(flows) > part_bytes))
		flows /= 2;
	ret_sizes->flows = flows;
	ret_sizes->handshakes = flows / HANDSHAKES_PART;
	choose_hot(wants, ret_sizes);
}

uint64_t wf_map_sizes_bytes(const struct wf_map_sizes *sizes, uint32_t cpus, uint32_t sockets)
{
	return hash_bytes(sizes->flows) + handshake_bytes(sizes->handshakes) +
	       hot_bytes(sizes->hot_cpus, sizes->hot_slots) + (uint64_t)cpus * CPU_BYTES +
	       (uint64_t)sockets * SOCKET_SLOT_BYTES + SMALL_MAPS_BYTES +
	       2ull * WEFT_FILTER_PREFIXES_MAX * TRIES * TRIE_NODES * TRIE_NODE_BYTES;
}
