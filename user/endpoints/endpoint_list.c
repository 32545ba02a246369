// SPDX-License-Identifier: BSD-2-Clause
/*
 * endpoint_list.c - reads the table in parts into a list of 2 * N hosts. Whenever the list is full,
 * it is sorted and cut to N hosts. The table is locked only while a part is copied.
 */
#include "endpoints/endpoint_list.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "endpoints/table.h"

enum { PART_HOSTS = 256 };

/*
 * The order by address, IPv4 first. It also orders hosts with the same value, so that two lists of
 * the same hosts are equal.
 */
static int by_address(const void *a, const void *b)
{
	const struct wf_endpoint *host_a = a, *host_b = b;
	static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
	bool is_ipv6_a = memcmp(host_a->addr, mapped, sizeof(mapped)) != 0;
	bool is_ipv6_b = memcmp(host_b->addr, mapped, sizeof(mapped)) != 0;

	if (is_ipv6_a != is_ipv6_b)
		return is_ipv6_a ? 1 : -1;
	return memcmp(host_a->addr, host_b->addr, sizeof(host_a->addr));
}

static int largest_first(uint64_t value_a, uint64_t value_b, const void *a, const void *b)
{
	if (value_a == value_b)
		return by_address(a, b);
	return value_a < value_b ? 1 : -1;
}

#define LARGEST_FIRST(name, value)                            \
	static int name(const void *a, const void *b)         \
	{                                                     \
		const struct wf_endpoint *host = a;           \
		uint64_t value_a = (value);                   \
                                                              \
		host = b;                                     \
		return largest_first(value_a, (value), a, b); \
	}

LARGEST_FIRST(by_last, host->last_ns)
LARGEST_FIRST(by_first, UINT64_MAX - host->first_ns)
LARGEST_FIRST(by_bytes, host->sent_bytes + host->received_bytes)
LARGEST_FIRST(by_connections, host->total)
LARGEST_FIRST(by_open, host->open)

static const struct order {
	const char *name;
	int (*compare)(const void *a, const void *b);
} orders[] = {
	[WF_ENDPOINT_SORT_LAST] = {"last", by_last},
	[WF_ENDPOINT_SORT_FIRST] = {"first", by_first},
	[WF_ENDPOINT_SORT_BYTES] = {"bytes", by_bytes},
	[WF_ENDPOINT_SORT_CONNECTIONS] = {"connections", by_connections},
	[WF_ENDPOINT_SORT_OPEN] = {"open", by_open},
	[WF_ENDPOINT_SORT_ADDRESS] = {"address", by_address},
};
_Static_assert(sizeof(orders) / sizeof(orders[0]) == WF_ENDPOINT_SORT_COUNT, "one for each order");

const char *wf_endpoint_sort_name(enum wf_endpoint_sort sort)
{
	return orders[sort].name;
}

static bool has_prefix(const struct weft_prefix *prefix, const uint8_t addr[16])
{
	unsigned int bytes = prefix->bits / 8;
	unsigned int rest = prefix->bits % 8;

	if (memcmp(prefix->addr, addr, bytes))
		return false;
	return !rest || !((prefix->addr[bytes] ^ addr[bytes]) >> (8 - rest));
}

struct list {
	const struct wf_endpoint_query *query;
	struct wf_endpoint *hosts; /* 2 * query->max */
	uint64_t count;
	uint64_t total;
};

static void cut(struct list *list)
{
	qsort(list->hosts, list->count, sizeof(*list->hosts), orders[list->query->sort].compare);
	if (list->count > list->query->max)
		list->count = list->query->max;
}

static void add_part(struct list *list, const struct wf_endpoint *part, int64_t count)
{
	for (int64_t i = 0; i < count; i++) {
		if (!has_prefix(&list->query->prefix, part[i].addr))
			continue;
		if (list->count == 2ull * list->query->max)
			cut(list);
		list->hosts[list->count++] = part[i];
		list->total++;
	}
}

int64_t wf_endpoint_list_new(struct wf_endpoints *table, const struct wf_endpoint_query *query,
			     struct wf_endpoint **ret_hosts, uint64_t *ret_total)
{
	struct list list = {.query = query,
			    .hosts = calloc(2ull * query->max, sizeof(*list.hosts))};
	struct wf_endpoint part[PART_HOSTS];
	uint32_t position = 0;
	int64_t count;

	if (!list.hosts)
		return -ENOMEM;
	while ((count = wf_endpoints_read(table, &position, part, PART_HOSTS)) > 0)
		add_part(&list, part, count);
	if (count < 0) {
		free(list.hosts);
		return count;
	}
	cut(&list);
	*ret_hosts = list.hosts;
	*ret_total = list.total;
	return (int64_t)list.count;
}
