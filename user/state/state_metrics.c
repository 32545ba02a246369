// SPDX-License-Identifier: BSD-2-Clause
/*
 * state_metrics.c - counts the keys of each prefix, and prints the metrics of a store.
 */
#include "state/state_metrics.h"

#include <inttypes.h>
#include <string.h>

#include "state/store.h"

struct prefix {
	char name[WF_STATE_KEY_MAX_BYTES + 1];
	uint64_t entries;
};

struct prefixes {
	struct prefix list[WF_STATE_PREFIXES_MAX];
	size_t count;
	uint64_t others;
};

/* Copy the part of @key before its first "/". "_" replaces characters that a label would escape. */
static void copy_prefix(const char *key, char ret_name[WF_STATE_KEY_MAX_BYTES + 1])
{
	size_t chars = strcspn(key, "/");

	for (size_t i = 0; i < chars; i++)
		ret_name[i] = strchr("\\\"\n", key[i]) ? '_' : key[i];
	ret_name[chars] = '\0';
}

static int count_entry(const struct wf_record *record, void *ctx)
{
	struct prefixes *prefixes = ctx;
	char name[WF_STATE_KEY_MAX_BYTES + 1];
	size_t i;

	copy_prefix(wf_record_key(record), name);
	for (i = 0; i < prefixes->count; i++)
		if (!strcmp(prefixes->list[i].name, name))
			break;
	if (i == WF_STATE_PREFIXES_MAX || !strcmp(name, "other")) {
		prefixes->others++;
		return 0;
	}
	if (i == prefixes->count)
		strcpy(prefixes->list[prefixes->count++].name, name);
	prefixes->list[i].entries++;
	return 0;
}

int wf_state_metrics_print(struct wf_store *store, FILE *out)
{
	struct prefixes prefixes = {.count = 0};
	struct wf_store_counts counts;
	int err = wf_store_list(store, "", count_entry, &prefixes);

	if (err)
		return err;
	wf_store_counts(store, &counts);
	fputs("# HELP weft_state_entries keys in the state store, by the part before the first /\n"
	      "# TYPE weft_state_entries gauge\n",
	      out);
	for (size_t i = 0; i < prefixes.count; i++)
		fprintf(out, "weft_state_entries{prefix=\"%s\"} %" PRIu64 "\n",
			prefixes.list[i].name, prefixes.list[i].entries);
	fprintf(out, "weft_state_entries{prefix=\"other\"} %" PRIu64 "\n", prefixes.others);
	fprintf(out,
		"# HELP weft_state_used_bytes memory of the state store\n"
		"# TYPE weft_state_used_bytes gauge\n"
		"weft_state_used_bytes %" PRIu64 "\n"
		"# HELP weft_state_limit_bytes memory limit of the state store\n"
		"# TYPE weft_state_limit_bytes gauge\n"
		"weft_state_limit_bytes %" PRIu64 "\n"
		"# HELP weft_state_watches open watches of the state store\n"
		"# TYPE weft_state_watches gauge\n"
		"weft_state_watches %" PRIu32 "\n",
		counts.used_bytes, counts.max_bytes, counts.watches);
	return 0;
}
