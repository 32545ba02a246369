// SPDX-License-Identifier: BSD-2-Clause
/*
 * Tests of state/: versions, conditions, history, limits, watches and transactions; then eight
 * threads of random operations, compared with a model. Each teardown checks that all memory was
 * given back.
 */
#include "unit/support/test.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <weft/weft.h>

#include "state/core.h"
#include "state/store.h"
#include "state/txn.h"
#include "state/upkeep.h"
#include "state/watch.h"

static struct wf_store *store;
static uint64_t empty_bytes;

static void open_store(const struct wf_store_opts *opts)
{
	struct wf_store_counts counts;

	assert_int_equal(wf_store_new(opts, &store), 0);
	wf_store_counts(store, &counts);
	empty_bytes = counts.used_bytes;
}

static int setup(void **state)
{
	const struct wf_store_opts opts = {.history_max = 3};

	open_store(&opts);
	return 0;
}

static int delete_it(const struct wf_record *record, void *ctx)
{
	return wf_store_delete(store, wf_record_key(record), WF_VERSION_ANY, 0, NULL);
}

static int teardown(void **state)
{
	struct wf_store_counts counts;

	assert_int_equal(wf_store_list(store, "", delete_it, NULL), 0);
	wf_store_cleanup(store, UINT64_MAX - 1);
	wf_store_counts(store, &counts);
	assert_int_equal(counts.entries, 0);
	assert_int_equal(counts.watches, 0);
	assert_int_equal(counts.txns, 0);
	/* Only the tables of shards are left, which may have grown. */
	for (int i = 0; i < WF_CORE_SHARDS; i++)
		empty_bytes += (store->shards[i].buckets_count - 16) * sizeof(void *);
	assert_int_equal(counts.used_bytes, empty_bytes);
	wf_store_free(store);
	return 0;
}

static int set(const char *key, const char *value, uint64_t if_version, uint64_t *ret_version)
{
	return wf_store_set(store, key, value, strlen(value), if_version, 1, ret_version);
}

static void assert_value(const char *key, const char *value)
{
	struct wf_record *record;

	assert_int_equal(wf_store_get(store, key, &record), 0);
	assert_int_equal(record->value_bytes, strlen(value));
	assert_memory_equal(wf_record_value(record), value, strlen(value));
	wf_record_put(record);
}

static void assert_absent(const char *key)
{
	struct wf_record *record;

	assert_int_equal(wf_store_get(store, key, &record), -ENOENT);
}

/* ---- entries ---- */

TEST_WITH(store_set_and_get_have_ascending_versions, setup, teardown)
{
	uint64_t first, second, third;

	assert_absent("a");
	assert_int_equal(set("a", "one", WF_VERSION_ANY, &first), 0);
	assert_int_equal(set("b", "", WF_VERSION_ANY, &second), 0);
	assert_int_equal(set("a", "two", WF_VERSION_ANY, &third), 0);
	assert_true(first < second && second < third);
	assert_value("a", "two");
	assert_value("b", "");
}

TEST_WITH(store_conditions_on_versions_reject_conflicts, setup, teardown)
{
	struct wf_store_counts counts;
	uint64_t version;

	assert_int_equal(set("a", "one", 7, NULL), -ESTALE);
	assert_int_equal(set("a", "one", 0, &version), 0);
	assert_int_equal(set("a", "two", 0, NULL), -ESTALE);
	assert_int_equal(set("a", "two", version, NULL), 0);
	assert_int_equal(set("a", "three", version, NULL), -ESTALE);
	assert_int_equal(wf_store_delete(store, "a", version, 1, NULL), -ESTALE);
	assert_value("a", "two");
	wf_store_counts(store, &counts);
	assert_int_equal(counts.conflicts, 4);
}

TEST_WITH(store_delete_removes_the_entry_and_its_history, setup, teardown)
{
	assert_int_equal(wf_store_delete(store, "a", WF_VERSION_ANY, 1, NULL), -ENOENT);
	assert_int_equal(set("a", "one", WF_VERSION_ANY, NULL), 0);
	assert_int_equal(set("a", "two", WF_VERSION_ANY, NULL), 0);
	assert_int_equal(wf_store_delete(store, "a", WF_VERSION_ANY, 1, NULL), 0);
	assert_absent("a");
	assert_int_equal(wf_store_history(store, "a", delete_it, NULL), -ENOENT);
	assert_int_equal(set("a", "three", 0, NULL), 0);
}

TEST_WITH(store_keys_and_values_have_a_maximum_length, setup, teardown)
{
	char key[WF_STATE_KEY_MAX_BYTES + 2];
	char *value = calloc(1, WF_STATE_VALUE_MAX_BYTES + 1);

	memset(key, 'k', sizeof(key));
	key[sizeof(key) - 1] = '\0';
	assert_int_equal(set(key, "x", WF_VERSION_ANY, NULL), -EINVAL);
	assert_int_equal(set("", "x", WF_VERSION_ANY, NULL), -EINVAL);
	assert_int_equal(set(key + 1, "x", WF_VERSION_ANY, NULL), 0);
	assert_int_equal(wf_store_set(store, "v", value, WF_STATE_VALUE_MAX_BYTES + 1,
				      WF_VERSION_ANY, 1, NULL),
			 -EMSGSIZE);
	assert_int_equal(
		wf_store_set(store, "v", value, WF_STATE_VALUE_MAX_BYTES, WF_VERSION_ANY, 1, NULL),
		0);
	free(value);
}

static int append_key(const struct wf_record *record, void *ctx)
{
	strcat(strcat(ctx, wf_record_key(record)), " ");
	return 0;
}

static int append_value(const struct wf_record *record, void *ctx)
{
	strncat(ctx, wf_record_value(record), record->value_bytes);
	return 0;
}

static int stop_at_once(const struct wf_record *record, void *ctx)
{
	++*(int *)ctx;
	return -ECANCELED;
}

TEST_WITH(store_list_is_by_prefix_and_in_order, setup, teardown)
{
	char text[64] = "";
	int calls = 0;

	set("b/2", "", WF_VERSION_ANY, NULL);
	set("b/10", "", WF_VERSION_ANY, NULL);
	set("a", "", WF_VERSION_ANY, NULL);
	set("b", "", WF_VERSION_ANY, NULL);
	set("c", "", WF_VERSION_ANY, NULL);
	assert_int_equal(wf_store_list(store, "b", append_key, text), 0);
	assert_string_equal(text, "b b/10 b/2 ");
	text[0] = '\0';
	assert_int_equal(wf_store_list(store, "nothing", append_key, text), 0);
	assert_string_equal(text, "");
	assert_int_equal(wf_store_list(store, "", stop_at_once, &calls), -ECANCELED);
	assert_int_equal(calls, 1);
}

TEST_WITH(store_history_is_bounded_and_shrinks, setup, teardown)
{
	uint64_t released;
	char text[16] = "";

	for (char value[] = "1"; *value <= '6'; ++*value)
		assert_int_equal(set("a", value, WF_VERSION_ANY, NULL), 0);
	set("b", "x", WF_VERSION_ANY, NULL);
	assert_int_equal(wf_store_history(store, "a", append_value, text), 0);
	assert_string_equal(text, "6543");
	assert_int_equal(wf_store_limit_history(store, 1, &released), 0);
	assert_int_equal(released, 2);
	text[0] = '\0';
	wf_store_history(store, "a", append_value, text);
	assert_string_equal(text, "65");
	set("a", "7", WF_VERSION_ANY, NULL);
	text[0] = '\0';
	wf_store_history(store, "a", append_value, text);
	assert_string_equal(text, "76");
	assert_int_equal(wf_store_limit_history(store, 0, &released), 0);
	assert_int_equal(released, 1);
}

TEST_WITH(store_many_keys_are_all_found, setup, teardown)
{
	char key[16];

	for (int i = 0; i < 5000; i++) {
		snprintf(key, sizeof(key), "k%d", i);
		assert_int_equal(set(key, key, 0, NULL), 0);
	}
	for (int i = 0; i < 5000; i++) {
		snprintf(key, sizeof(key), "k%d", i);
		assert_value(key, key);
	}
}

/* ---- the limit ---- */

TEST_WITH(store_a_million_sets_of_100_keys_leave_its_memory_flat, setup, teardown)
{
	enum { KEYS = 100, SETS = 1000000, WARM_UP = KEYS * (WF_STORE_HISTORY_MAX + 1) };
	struct wf_store_counts warm, counts;
	char key[16];

	for (int i = 0; i < SETS; i++) {
		if (i == WARM_UP)
			wf_store_counts(store, &warm);
		snprintf(key, sizeof(key), "key/%02d", i % KEYS);
		assert_int_equal(wf_store_set(store, key, &i, sizeof(i), WF_VERSION_ANY, 1, NULL),
				 0);
	}
	wf_store_counts(store, &counts);
	assert_int_equal(counts.used_bytes, warm.used_bytes);
	assert_int_equal(counts.entries, KEYS);
	assert_int_equal(counts.version, SETS);
}

static int setup_small(void **state)
{
	const struct wf_store_opts opts = {
		.max_bytes = 8192, .history_max = 8, .watches_max = 2, .txns_max = 2};

	open_store(&opts);
	return 0;
}

TEST_WITH(store_at_its_limit_releases_histories_first, setup_small, teardown)
{
	struct wf_store_counts counts;
	char value[512] = "";
	int entries = 0;
	char key[16];

	for (int i = 0; i < 8; i++)
		assert_int_equal(
			wf_store_set(store, "a", value, sizeof(value), WF_VERSION_ANY, 1, NULL), 0);
	/*
	 * Eight versions of 512 bytes leave room for fewer than eight more, but only the latest
	 * must stay.
	 */
	do {
		snprintf(key, sizeof(key), "k%d", entries);
	} while (!wf_store_set(store, key, value, sizeof(value), WF_VERSION_ANY, 1, NULL) &&
		 ++entries);
	assert_true(entries >= 9);
	wf_store_counts(store, &counts);
	assert_int_equal(counts.rejected, 1);
	assert_true(counts.used_bytes <= counts.max_bytes);
	assert_int_equal(counts.entries, entries + 1);
	assert_int_equal(wf_store_set(store, "more", value, sizeof(value), WF_VERSION_ANY, 1, NULL),
			 -ENOBUFS);
	/* A deletion needs a small record, for which there is room. */
	assert_int_equal(wf_store_delete(store, "k0", WF_VERSION_ANY, 1, NULL), 0);
	assert_int_equal(wf_store_set(store, "more", value, sizeof(value), WF_VERSION_ANY, 1, NULL),
			 0);
}

/* Give one key a history. Return: the bytes that are left below the limit. */
static uint64_t set_often(void)
{
	struct wf_store_counts counts;
	char value[512] = "";

	for (int i = 0; i < 8; i++)
		assert_int_equal(
			wf_store_set(store, "a", value, sizeof(value), WF_VERSION_ANY, 1, NULL), 0);
	wf_store_counts(store, &counts);
	return counts.max_bytes - counts.used_bytes;
}

TEST_WITH(store_at_its_limit_releases_histories_for_a_watch, setup_small, teardown)
{
	uint32_t queue_max = (uint32_t)(set_often() / sizeof(void *)) + 1;
	uint64_t id;

	assert_int_equal(wf_watch_open(store, "", queue_max, 0, 0, &id), 0);
}

TEST_WITH(store_at_its_limit_releases_histories_for_a_transaction, setup_small, teardown)
{
	uint64_t left_bytes = set_often();
	uint64_t id;

	assert_int_equal(wf_txn_begin(store, 0, 0, &id), 0);
	for (uint64_t i = 0; i <= left_bytes / WF_STATE_KEY_MAX_BYTES; i++) {
		struct wf_record *record = NULL;
		char key[16];

		snprintf(key, sizeof(key), "k%d", (int)i);
		assert_int_equal(wf_txn_get(store, id, key, 0, &record), 0);
		assert_null(record);
	}
}

TEST(store_that_does_not_fit_in_its_limit_is_not_made)
{
	const struct wf_store_opts opts = {.max_bytes = 1024};
	struct wf_store *none;

	assert_int_equal(wf_store_new(&opts, &none), -ENOBUFS);
}

TEST_WITH(store_number_of_watches_and_transactions_is_bounded, setup_small, teardown)
{
	uint64_t id;

	for (int i = 0; i < 2; i++) {
		assert_int_equal(wf_watch_open(store, "", 1, 0, 0, &id), 0);
		assert_int_equal(wf_txn_begin(store, 0, 0, &id), 0);
	}
	assert_int_equal(wf_watch_open(store, "", 1, 0, 0, &id), -ENOSPC);
	assert_int_equal(wf_txn_begin(store, 0, 0, &id), -ENOSPC);
	assert_int_equal(wf_store_cleanup(store, 1), 4);
	assert_int_equal(wf_watch_open(store, "", 8192, 0, 0, &id), -ENOBUFS);
	assert_int_equal(wf_watch_open(store, "", 0, 0, 0, &id), -EINVAL);
	assert_int_equal(wf_watch_open(store, "", WF_WATCH_QUEUE_MAX + 1, 0, 0, &id), -EINVAL);
}

static int setup_few(void **state)
{
	const struct wf_store_opts opts = {.entries_max = 2};

	open_store(&opts);
	return 0;
}

TEST_WITH(store_number_of_keys_is_bounded, setup_few, teardown)
{
	assert_int_equal(set("a", "1", 0, NULL), 0);
	assert_int_equal(set("b", "1", 0, NULL), 0);
	assert_int_equal(set("c", "1", 0, NULL), -ENOSPC);
	assert_int_equal(set("a", "2", WF_VERSION_ANY, NULL), 0);
	assert_int_equal(wf_store_delete(store, "b", WF_VERSION_ANY, 1, NULL), 0);
	assert_int_equal(set("c", "1", 0, NULL), 0);
	assert_absent("b");
}

/* ---- watches ---- */

/*
 * Polls a watch, and writes to @text: "lost " if changes were lost, then "key=value " or "key- "
 * for each change.
 */
static int poll_text(uint64_t id, uint64_t now_ns, char *text)
{
	struct wf_record *records[8];
	bool is_lost = false;
	int count = wf_watch_poll(store, id, now_ns, records, 8, &is_lost);

	text[0] = '\0';
	if (is_lost)
		strcat(text, "lost ");
	for (int i = 0; i < count; i++) {
		append_key(records[i], text);
		text[strlen(text) - 1] = records[i]->is_deleted ? '-' : '=';
		append_value(records[i], text);
		strcat(text, " ");
		wf_record_put(records[i]);
	}
	return count;
}

TEST_WITH(watch_has_the_changes_below_its_prefix, setup, teardown)
{
	char text[256];
	uint64_t id;

	set("p/0", "before", WF_VERSION_ANY, NULL);
	assert_int_equal(wf_watch_open(store, "p/", 8, 100, 0, &id), 0);
	set("p/1", "x", WF_VERSION_ANY, NULL);
	set("q", "y", WF_VERSION_ANY, NULL);
	set("p/1", "z", WF_VERSION_ANY, NULL);
	wf_store_delete(store, "p/1", WF_VERSION_ANY, 1, NULL);
	set("p/2", "rejected", 99, NULL);
	assert_int_equal(poll_text(id, 1, text), 3);
	assert_string_equal(text, "p/1=x p/1=z p/1- ");
	assert_int_equal(poll_text(id, 1, text), 0);
	assert_int_equal(wf_watch_close(store, id), 0);
	assert_int_equal(wf_watch_close(store, id), -ENOENT);
	assert_int_equal(poll_text(id, 1, text), -ENOENT);
}

TEST_WITH(watch_that_overflows_reports_the_loss_once, setup, teardown)
{
	char text[256];
	uint64_t id;

	assert_int_equal(wf_watch_open(store, "", 2, 100, 0, &id), 0);
	set("a", "1", WF_VERSION_ANY, NULL);
	set("a", "2", WF_VERSION_ANY, NULL);
	set("a", "3", WF_VERSION_ANY, NULL);
	assert_int_equal(poll_text(id, 1, text), 1);
	assert_string_equal(text, "lost a=3 ");
	set("a", "4", WF_VERSION_ANY, NULL);
	assert_int_equal(poll_text(id, 1, text), 1);
	assert_string_equal(text, "a=4 ");
}

TEST_WITH(watch_ends_when_its_ttl_has_passed, setup, teardown)
{
	char text[256];
	uint64_t id;

	assert_int_equal(wf_watch_open(store, "", 4, 100, 50, &id), 0);
	set("a", "1", WF_VERSION_ANY, NULL);
	assert_int_equal(wf_store_cleanup(store, 150), 0);
	assert_int_equal(poll_text(id, 150, text), 1);
	assert_int_equal(wf_store_cleanup(store, 250), 0);
	assert_int_equal(wf_store_cleanup(store, 251), 1);
	assert_int_equal(poll_text(id, 251, text), -ENOENT);
}

/* ---- transactions ---- */

static char conflict[WF_STATE_KEY_MAX_BYTES + 1];

static uint64_t begin(void)
{
	uint64_t id;

	assert_int_equal(wf_txn_begin(store, 100, 0, &id), 0);
	return id;
}

static int stage(uint64_t id, const char *key, const char *value, uint64_t if_version)
{
	return wf_txn_set(store, id, key, value, strlen(value), if_version, 1);
}

static int commit(uint64_t id)
{
	return wf_txn_commit(store, id, 1, conflict);
}

TEST_WITH(txn_changes_are_seen_only_after_the_commit, setup, teardown)
{
	struct wf_record *record;
	uint64_t id = begin();
	uint64_t watch;
	char text[256];

	set("c", "old", WF_VERSION_ANY, NULL);
	assert_int_equal(wf_watch_open(store, "", 8, 100, 0, &watch), 0);
	assert_int_equal(stage(id, "a", "1", WF_VERSION_ANY), 0);
	assert_int_equal(stage(id, "a", "2", WF_VERSION_ANY), 0);
	assert_int_equal(stage(id, "b", "3", 0), 0);
	assert_int_equal(wf_txn_delete(store, id, "c", WF_VERSION_ANY, 1), 0);
	assert_absent("a");
	assert_value("c", "old");
	assert_int_equal(poll_text(watch, 1, text), 0);
	assert_int_equal(wf_txn_get(store, id, "a", 1, &record), 0);
	assert_memory_equal(wf_record_value(record), "2", 1);
	wf_record_put(record);
	assert_int_equal(wf_txn_get(store, id, "c", 1, &record), 0);
	assert_null(record);
	assert_int_equal(commit(id), 0);
	assert_value("a", "2");
	assert_value("b", "3");
	assert_absent("c");
	assert_int_equal(poll_text(watch, 1, text), 3);
	assert_int_equal(commit(id), -ENOENT);
	assert_string_equal(conflict, "");
}

TEST_WITH(txn_conflict_changes_nothing_and_names_the_key, setup, teardown)
{
	struct wf_record *record;
	uint64_t id = begin();

	set("b", "old", WF_VERSION_ANY, NULL);
	assert_int_equal(wf_txn_get(store, id, "b", 1, &record), 0);
	wf_record_put(record);
	assert_int_equal(stage(id, "a", "1", WF_VERSION_ANY), 0);
	set("b", "new", WF_VERSION_ANY, NULL);
	assert_int_equal(commit(id), -ESTALE);
	assert_string_equal(conflict, "b");
	assert_absent("a");
	id = begin();
	assert_int_equal(stage(id, "a", "1", WF_VERSION_ANY), 0);
	assert_int_equal(wf_txn_delete(store, id, "none", WF_VERSION_ANY, 1), 0);
	assert_int_equal(commit(id), -ENOENT);
	assert_string_equal(conflict, "none");
	assert_absent("a");
	/* A key that was read as missing must still be missing. */
	id = begin();
	assert_int_equal(wf_txn_get(store, id, "c", 1, &record), 0);
	assert_null(record);
	assert_int_equal(stage(id, "c", "1", 5), -ESTALE);
	assert_int_equal(stage(id, "c", "1", WF_VERSION_ANY), 0);
	set("c", "other", WF_VERSION_ANY, NULL);
	assert_int_equal(commit(id), -ESTALE);
	assert_value("c", "other");
}

TEST_WITH(txn_roll_back_and_ttl_discard_the_changes, setup, teardown)
{
	struct wf_record *record;
	uint64_t id = begin();

	assert_int_equal(stage(id, "a", "1", WF_VERSION_ANY), 0);
	assert_int_equal(wf_txn_roll_back(store, id), 0);
	assert_int_equal(wf_txn_roll_back(store, id), -ENOENT);
	assert_absent("a");
	id = begin();
	assert_int_equal(stage(id, "a", "1", WF_VERSION_ANY), 0);
	assert_int_equal(wf_store_cleanup(store, 101), 0);
	assert_int_equal(wf_store_cleanup(store, 102), 1);
	assert_int_equal(stage(id, "a", "1", WF_VERSION_ANY), -ENOENT);
	assert_int_equal(wf_txn_get(store, id, "a", 1, &record), -ENOENT);
	assert_int_equal(commit(id), -ENOENT);
	assert_absent("a");
	assert_int_equal(commit(begin()), 0);
}

TEST_WITH(txn_has_a_maximum_number_of_keys, setup, teardown)
{
	uint64_t id = begin();
	char key[16];

	for (int i = 0; i < WF_TXN_KEYS_MAX; i++) {
		snprintf(key, sizeof(key), "k%d", i);
		assert_int_equal(stage(id, key, "", WF_VERSION_ANY), 0);
	}
	assert_int_equal(stage(id, "more", "", WF_VERSION_ANY), -ENOSPC);
	assert_int_equal(stage(id, "k0", "again", WF_VERSION_ANY), 0);
	assert_int_equal(commit(id), 0);
	assert_value("k0", "again");
}

/* ---- eight threads ---- */

enum { THREADS = 8, STEPS = 4000, OWN_KEYS = 12, ACCOUNTS = 6, MONEY = 100 };

/* The model of a thread: only this thread changes its own keys, so it knows them exactly. */
struct actor {
	pthread_t thread;
	unsigned int seed;
	int number;
	uint64_t versions[OWN_KEYS]; /* 0: the key does not exist */
	int values[OWN_KEYS];
	int added; /* successful increments of the counter that all threads share */
	int failures;
};

#define EXPECT(actor, condition)                                                \
	do {                                                                    \
		if (!(condition)) {                                             \
			(actor)->failures++;                                    \
			fprintf(stderr, "line %d: %s\n", __LINE__, #condition); \
		}                                                               \
	} while (0)

static int number_of(const struct wf_record *record)
{
	int value = 0;

	if (record)
		memcpy(&value, wf_record_value(record), sizeof(value));
	return value;
}

/* Reads the number of @key and its version. Return: 0; -ENOENT if the key does not exist. */
static int read_number(const char *key, int *ret_value, uint64_t *ret_version)
{
	struct wf_record *record;
	int err = wf_store_get(store, key, &record);

	if (err)
		return err;
	*ret_value = number_of(record);
	*ret_version = record->version;
	wf_record_put(record);
	return 0;
}

static void change_own(struct actor *actor)
{
	const int at = rand_r(&actor->seed) % OWN_KEYS;
	const int value = rand_r(&actor->seed);
	uint64_t version = actor->versions[at];
	uint64_t made = 0;
	char key[32];
	int err;

	snprintf(key, sizeof(key), "own/%d/%d", actor->number, at);
	switch (rand_r(&actor->seed) % 4) {
	case 0: /* a wrong condition */
		err = wf_store_set(store, key, &value, sizeof(value), version + 1, 1, &made);
		EXPECT(actor, err == -ESTALE);
		return;
	case 1:
		err = wf_store_delete(store, key, WF_VERSION_ANY, 1, &made);
		EXPECT(actor, err == (version ? 0 : -ENOENT));
		actor->versions[at] = 0;
		return;
	default:
		err = wf_store_set(store, key, &value, sizeof(value),
				   rand_r(&actor->seed) % 2 ? WF_VERSION_ANY : version, 1, &made);
		EXPECT(actor, !err && made > version);
		actor->versions[at] = made;
		actor->values[at] = value;
	}
}

static void check_own(struct actor *actor)
{
	const int at = rand_r(&actor->seed) % OWN_KEYS;
	uint64_t version;
	char key[32];
	int value;
	int err;

	snprintf(key, sizeof(key), "own/%d/%d", actor->number, at);
	err = read_number(key, &value, &version);
	EXPECT(actor, err == (actor->versions[at] ? 0 : -ENOENT));
	EXPECT(actor, err || (version == actor->versions[at] && value == actor->values[at]));
}

static void increment(struct actor *actor)
{
	uint64_t version = 0;
	int value = 0;
	int err = read_number("counter", &value, &version);

	EXPECT(actor, !err || err == -ENOENT);
	value++;
	err = wf_store_set(store, "counter", &value, sizeof(value), version, 1, NULL);
	EXPECT(actor, !err || err == -ESTALE);
	actor->added += !err;
}

/* Moves money between two accounts in a transaction; some are abandoned or rolled back. */
static void move_money(struct actor *actor)
{
	char keys[2][32];
	char where[WF_STATE_KEY_MAX_BYTES + 1];
	int from = rand_r(&actor->seed) % ACCOUNTS;
	uint64_t id;
	int err = wf_txn_begin(store, 1000, 1, &id);

	EXPECT(actor, !err || err == -ENOSPC);
	if (err)
		return;
	snprintf(keys[0], sizeof(keys[0]), "account/%d", from);
	snprintf(keys[1], sizeof(keys[1]), "account/%d",
		 (from + 1 + rand_r(&actor->seed) % (ACCOUNTS - 1)) % ACCOUNTS);
	for (int i = 0; i < 2; i++) {
		struct wf_record *record = NULL;
		int value;

		EXPECT(actor, !wf_txn_get(store, id, keys[i], 1, &record) && record);
		value = number_of(record) + (i ? 1 : -1);
		wf_record_put(record);
		EXPECT(actor,
		       !wf_txn_set(store, id, keys[i], &value, sizeof(value), WF_VERSION_ANY, 1));
	}
	switch (rand_r(&actor->seed) % 8) {
	case 0:
		EXPECT(actor, !wf_txn_roll_back(store, id));
		return;
	case 1:
		return; /* abandoned */
	default:
		err = wf_txn_commit(store, id, 1, where);
		EXPECT(actor, !err || (err == -ESTALE && !strncmp(where, "account/", 8)));
	}
}

static void *act(void *arg)
{
	struct actor *actor = arg;

	for (int step = 0; step < STEPS; step++) {
		switch (rand_r(&actor->seed) % 8) {
		case 0:
		case 1:
			change_own(actor);
			break;
		case 2:
			check_own(actor);
			break;
		case 3:
			increment(actor);
			break;
		case 4:
			EXPECT(actor, !wf_store_limit_history(store, step % 5, NULL));
			break;
		case 5:
			/* At time 500 no transaction has reached its TTL of 1000: none ends. */
			if (step % 64 == 0)
				EXPECT(actor, wf_store_cleanup(store, 500) == 0);
			break;
		default:
			move_money(actor);
		}
	}
	return NULL;
}

/* A watcher that rebuilds all numbers from the changes alone. */
struct watcher {
	pthread_t thread;
	uint64_t id;
	uint64_t version;
	int failures;
	_Atomic bool is_ending;
	struct wf_record *latest[1024]; /* by number of key; NULL: does not exist */
};

static size_t slot_of(const char *key)
{
	int a = 0, b = 0;

	if (sscanf(key, "own/%d/%d", &a, &b) == 2)
		return (size_t)(a * OWN_KEYS + b);
	if (sscanf(key, "account/%d", &a) == 1)
		return (size_t)(THREADS * OWN_KEYS + a);
	return 1023;
}

static void note_change(struct watcher *watcher, struct wf_record *record)
{
	struct wf_record **latest = &watcher->latest[slot_of(wf_record_key(record))];

	EXPECT(watcher, record->version == watcher->version + 1);
	watcher->version = record->version;
	wf_record_put(*latest);
	*latest = record;
}

static void *watch_changes(void *arg)
{
	struct watcher *watcher = arg;
	struct wf_record *records[64];
	bool is_ending, is_lost;
	int count;

	do {
		is_ending = atomic_load(&watcher->is_ending);
		count = wf_watch_poll(store, watcher->id, 1, records, 64, &is_lost);
		EXPECT(watcher, count >= 0 && !is_lost);
		for (int i = 0; i < count; i++)
			note_change(watcher, records[i]);
	} while (count > 0 || !is_ending);
	return NULL;
}

static int compare_with_watcher(const struct wf_record *record, void *ctx)
{
	struct watcher *watcher = ctx;
	struct wf_record **latest = &watcher->latest[slot_of(wf_record_key(record))];

	EXPECT(watcher, *latest == record);
	wf_record_put(*latest);
	*latest = NULL;
	return 0;
}

static int add_up(const struct wf_record *record, void *ctx)
{
	*(int *)ctx += number_of(record);
	return 0;
}

static int setup_threads(void **state)
{
	const struct wf_store_opts opts = {
		.history_max = 4, .txns_max = 100000, .lock_timeout_ms = 60000};

	open_store(&opts);
	return 0;
}

TEST_WITH(store_eight_threads_agree_with_their_models, setup_threads, teardown)
{
	static struct actor actors[THREADS];
	static struct watcher watcher;
	const int money = MONEY;
	int sum = 0, added = 0, failures = 0, value = 0;
	uint64_t version;
	char key[32];

	memset(actors, 0, sizeof(actors));
	memset(&watcher, 0, sizeof(watcher));
	assert_int_equal(wf_watch_open(store, "", WF_WATCH_QUEUE_MAX, 1000, 1, &watcher.id), 0);
	for (int i = 0; i < ACCOUNTS; i++) {
		snprintf(key, sizeof(key), "account/%d", i);
		assert_int_equal(wf_store_set(store, key, &money, sizeof(money), 0, 1, NULL), 0);
	}
	pthread_create(&watcher.thread, NULL, watch_changes, &watcher);
	for (int i = 0; i < THREADS; i++) {
		actors[i].number = i;
		actors[i].seed = (unsigned int)i + 1;
		pthread_create(&actors[i].thread, NULL, act, &actors[i]);
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(actors[i].thread, NULL);
		added += actors[i].added;
		failures += actors[i].failures;
	}
	atomic_store(&watcher.is_ending, true);
	pthread_join(watcher.thread, NULL);

	assert_int_equal(failures, 0);
	assert_int_equal(wf_store_list(store, "account/", add_up, &sum), 0);
	assert_int_equal(sum, ACCOUNTS * MONEY);
	read_number("counter", &value, &version);
	assert_int_equal(value, added);
	assert_true(added > 0);
	assert_int_equal(wf_store_list(store, "", compare_with_watcher, &watcher), 0);
	for (size_t i = 0; i < sizeof(watcher.latest) / sizeof(watcher.latest[0]); i++) {
		assert_true(!watcher.latest[i] || watcher.latest[i]->is_deleted);
		wf_record_put(watcher.latest[i]);
	}
	assert_int_equal(watcher.failures, 0);
	assert_true(wf_store_cleanup(store, 2000) > 0);
}

/* ---- memory that waits in queues ---- */

static int setup_tight(void **state)
{
	const struct wf_store_opts opts = {.max_bytes = 64 << 10};

	open_store(&opts);
	return 0;
}

TEST_WITH(store_at_its_limit_empties_queues_of_watches_which_report_it, setup_tight, teardown)
{
	static const char value[8192];
	struct wf_record *records[8];
	bool is_lost = false;
	uint64_t id;
	int count;

	assert_int_equal(wf_watch_open(store, "", 64, 1, 0, &id), 0);
	for (int i = 0; i < 40; i++)
		assert_int_equal(
			wf_store_set(store, "k", value, sizeof(value), WF_VERSION_ANY, 1, NULL), 0);
	count = wf_watch_poll(store, id, 1, records, 8, &is_lost);
	assert_true(is_lost);
	assert_true(count > 0);
	while (count > 0)
		wf_record_put(records[--count]);
}

/* ---- upkeep ---- */

static int count_record(const struct wf_record *record, void *ctx)
{
	(*(int *)ctx)++;
	return 0;
}

TEST_WITH(store_upkeep_ends_watches_and_sets_the_length_of_histories, setup, teardown)
{
	struct wf_state_upkeep upkeep = {.seen = 0};
	struct wf_store_counts counts;
	struct weft *weft;
	uint64_t id;
	int versions = 0;

	assert_int_equal(weft_new(NULL, &weft), 0);
	wf_state_upkeep(&upkeep, NULL, weft, 0);
	assert_int_equal(wf_watch_open(store, "", 4, 10, 0, &id), 0);
	wf_state_upkeep(&upkeep, store, weft, 10);
	wf_store_counts(store, &counts);
	assert_int_equal(counts.watches, 1);
	wf_state_upkeep(&upkeep, store, weft, 11);
	wf_store_counts(store, &counts);
	assert_int_equal(counts.watches, 0);
	for (int i = 0; i < 20; i++)
		assert_int_equal(set("k", "1", WF_VERSION_ANY, NULL), 0);
	assert_int_equal(wf_store_history(store, "k", count_record, &versions), 0);
	assert_int_equal(versions, WF_STORE_HISTORY_MAX + 1);
	weft_free(weft);
}
