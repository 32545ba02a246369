// SPDX-License-Identifier: BSD-2-Clause
/*
 * filter_maps.c - replaces the kernel's filter as a whole while the programs run.
 */
#include "capture/maps/filter_maps.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/grace.h"
#include "bpf/shared.h"

int wf_filter_maps_init(struct wf_filter_maps *maps)
{
	void *page = mmap(NULL, sizeof(*maps->now), PROT_READ | PROT_WRITE, MAP_SHARED,
			  maps->filter_fd, 0);

	if (page == MAP_FAILED)
		return -errno;
	maps->now = page;
	return 0;
}

void wf_filter_maps_fini(struct wf_filter_maps *maps)
{
	if (maps->now)
		munmap(maps->now, sizeof(*maps->now));
	maps->now = NULL;
}

static int set_ports(int map_fd, uint32_t set, const uint16_t *ports, size_t count)
{
	uint64_t bits[WEFT_PORT_WORDS] = {0};
	int err = 0;

	for (size_t i = 0; i < count; i++)
		bits[ports[i] >> 6] |= 1ull << (ports[i] & 63);
	for (uint32_t word = 0; !err && word < WEFT_PORT_WORDS; word++) {
		uint32_t key = set * WEFT_PORT_WORDS + word;

		err = bpf_map_update_elem(map_fd, &key, &bits[word], BPF_ANY);
	}
	return err;
}

/*
 * Delete all keys of @set. Keys are collected first, because iteration cannot continue from a
 * deleted key.
 */
static int empty_set(int map_fd, uint32_t set)
{
	struct weft_prefix_key *keys = calloc(WEFT_FILTER_PREFIXES_MAX, sizeof(*keys));
	struct weft_prefix_key key;
	const void *before = NULL;
	size_t count = 0;
	int err = 0;

	if (!keys)
		return -ENOMEM;
	while (count < WEFT_FILTER_PREFIXES_MAX && !bpf_map_get_next_key(map_fd, before, &key)) {
		if (key.set == set)
			keys[count++] = key;
		before = &key;
	}
	for (size_t i = 0; !err && i < count; i++)
		err = bpf_map_delete_elem(map_fd, &keys[i]);
	free(keys);
	return err;
}

static int set_prefixes(int map_fd, uint32_t set, const struct weft_prefix *prefixes, size_t count)
{
	const uint32_t listed = 1;
	int err = empty_set(map_fd, set);

	for (size_t i = 0; !err && i < count; i++) {
		struct weft_prefix_key key = {.bits = 32u + prefixes[i].bits, .set = set};

		memcpy(key.addr, prefixes[i].addr, sizeof(key.addr));
		err = bpf_map_update_elem(map_fd, &key, &listed, BPF_ANY);
	}
	return err;
}

int wf_filter_maps_prepare(const struct wf_filter_maps *maps,
			   const struct weft_interface_opts *wanted, uint64_t *ret_word)
{
	uint64_t word = UINT32_MAX;
	uint32_t set = !(maps->now->word & WEFT_FILTER_SET);
	int err = set_ports(maps->ports_fd, set, wanted->ports, wanted->ports_count);

	if (!err)
		err = set_prefixes(maps->allow_fd, set, wanted->allow, wanted->allow_count);
	if (!err)
		err = set_prefixes(maps->deny_fd, set, wanted->deny, wanted->deny_count);
	if (err)
		return err;
	if (wanted->sample > 0 && wanted->sample < 1)
		word = (uint32_t)(wanted->sample * UINT32_MAX);
	*ret_word = word | (set ? WEFT_FILTER_SET : 0) |
		    (wanted->ports_count ? WEFT_FILTER_PORTS : 0) |
		    (wanted->allow_count ? WEFT_FILTER_ALLOW : 0) |
		    (wanted->deny_count ? WEFT_FILTER_DENY : 0);
	return 0;
}

void wf_filter_maps_switch(const struct wf_filter_maps *maps, uint64_t word)
{
	/* Release: a program that reads the new word finds the set complete. */
	__atomic_store_n(&maps->now->word, word, __ATOMIC_RELEASE);
	/* Afterwards no program uses the old filter word. */
	wf_grace_wait();
}
