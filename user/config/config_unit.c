// SPDX-License-Identifier: BSD-2-Clause
/*
 * config_unit.c - the units of keys, and the suffixes that numbers may have.
 *
 * Suffixes of sizes are powers of 1024, with or without "B" or "iB".
 */
#include "config/config_unit.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

enum kind { SIZE, TIME };

/* Units of keys, and the number of bytes or microseconds in each. */
static const struct unit {
	const char *name;
	enum kind kind;
	uint64_t amount;
} units[] = {
	{"bytes", SIZE, 1}, {"MiB", SIZE, 1u << 20},	{"microseconds", TIME, 1},
	{"ms", TIME, 1000}, {"seconds", TIME, 1000000},
};

static const struct unit suffixes[] = {
	{"B", SIZE, 1},
	{"K", SIZE, 1ull << 10},
	{"KB", SIZE, 1ull << 10},
	{"KiB", SIZE, 1ull << 10},
	{"M", SIZE, 1ull << 20},
	{"MB", SIZE, 1ull << 20},
	{"MiB", SIZE, 1ull << 20},
	{"G", SIZE, 1ull << 30},
	{"GB", SIZE, 1ull << 30},
	{"GiB", SIZE, 1ull << 30},
	{"T", SIZE, 1ull << 40},
	{"TB", SIZE, 1ull << 40},
	{"TiB", SIZE, 1ull << 40},
	{"us", TIME, 1},
	{"ms", TIME, 1000},
	{"s", TIME, 1000000},
	{"m", TIME, 60000000},
	{"min", TIME, 60000000},
	{"h", TIME, 3600000000},
	{"d", TIME, 86400000000},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct unit *find_unit(const char *name)
{
	for (size_t i = 0; i < COUNT(units); i++)
		if (!strcmp(units[i].name, name))
			return &units[i];
	return NULL;
}

static const struct unit *find_suffix(enum kind kind, const char *name)
{
	for (size_t i = 0; i < COUNT(suffixes); i++)
		if (suffixes[i].kind == kind && !strcasecmp(suffixes[i].name, name))
			return &suffixes[i];
	return NULL;
}

bool wf_config_unit_convert(const char *unit, const char *suffix, uint64_t *value)
{
	const struct unit *to = find_unit(unit);
	const struct unit *from = to ? find_suffix(to->kind, suffix) : NULL;
	unsigned __int128 amount;

	if (!from)
		return false;
	amount = (unsigned __int128)*value * from->amount;
	if (amount % to->amount || amount / to->amount > UINT64_MAX)
		return false;
	*value = (uint64_t)(amount / to->amount);
	return true;
}

const char *wf_config_unit_examples(const char *unit)
{
	const struct unit *known = find_unit(unit);

	if (!known)
		return "";
	return known->kind == SIZE ? ", or a size such as 64K, 1M or 2G (powers of 1024)"
				   : ", or a time such as 30s, 10m or 2h";
}
