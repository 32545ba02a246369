// SPDX-License-Identifier: BSD-2-Clause
/* test_reload.c - a reload whose requests for memory fail in turn changes everything or nothing. */
#include "unit/support/test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/watch/reload.h"
#include "config/config.h"
#include "policy/policies.h"
#include "state/store.h"

enum { DEPTH_BYTES = 1000, SUBSCRIBERS = 3 };

static struct wf_config config;
static struct wf_store *store;
static struct wf_policies *policies;
static struct wf_reload reload;
static long countdown; /* number of requests for memory until the failing one; 0: none fails */

static void *take_memory(size_t bytes)
{
	return countdown && !--countdown ? NULL : malloc(bytes);
}

/* Lets the policy be kept in memory only. */
static void have_no_dir(struct wf_config *ret_config)
{
	struct wf_config_error error;

	assert_int_equal(wf_config_set(ret_config, "--set", "agent.state_dir", "", &error), 0);
}

static int read_config(struct wf_config *ret_config, struct wf_config_error *ret_error, void *ctx)
{
	have_no_dir(ret_config);
	ret_config->library.depth_bytes = DEPTH_BYTES;
	ret_config->max_subscribers = SUBSCRIBERS;
	return 0;
}

static void open_reload(void)
{
	const struct wf_store_opts store_opts = {.max_bytes = 4 << 20};
	struct wf_policies_opts opts = {.config = &config, .agent = "eth0"};

	assert_int_equal(wf_store_new(&store_opts, &store), 0);
	assert_int_equal(wf_config_init(&config), 0);
	have_no_dir(&config);
	opts.store = store;
	assert_int_equal(wf_policies_open(&opts, &policies), 0);
	wf_policies_start(policies);
	reload = (struct wf_reload){.fn = read_config, .user = "root"};
	wf_reload_init(&reload, &config, policies);
}

static void close_reload(void)
{
	wf_reload_fini(&reload);
	wf_policies_close(policies);
	wf_store_free(store);
	wf_config_fini(&config);
}

static json_int_t present_version(void)
{
	json_t *present = wf_policies_get(policies);
	json_int_t version = json_integer_value(json_object_get(present, "version"));

	json_decref(present);
	return version;
}

/* Reloads with @fails as the number of the request for memory that fails; 0: none. */
static void check_reload(long fails)
{
	struct wf_config_error error;
	json_t *result = NULL;
	int err;

	countdown = fails;
	err = wf_reload(&reload, "test", &result, &error);
	if (err) {
		assert_int_equal(err, -ENOMEM);
		assert_int_not_equal(*error.text, '\0');
		assert_int_not_equal(config.max_subscribers, SUBSCRIBERS);
	} else {
		assert_int_equal(config.max_subscribers, SUBSCRIBERS);
		assert_int_equal(json_array_size(json_object_get(result, "rejected")), 0);
	}
	json_decref(result);
}

TEST(reload_lists_what_it_has_changed)
{
	struct wf_config_error error;
	json_t *result;
	char *text;

	open_reload();
	assert_int_equal(wf_reload(&reload, "test", &result, &error), 0);
	text = json_dumps(result, JSON_COMPACT);
	assert_string_equal(text, "{\"changed\":[\"reassembly.depth_bytes\","
				  "\"control.max_subscribers\"],\"rejected\":[]}");
	free(text);
	json_decref(result);
	close_reload();
}

TEST(reload_without_memory_changes_everything_or_nothing)
{
	bool is_reached = true;

	json_set_alloc_funcs(take_memory, free);
	for (long fails = 1; is_reached; fails++) {
		json_int_t version;

		open_reload();
		check_reload(fails);
		is_reached = !countdown;
		countdown = 0;
		version = present_version();
		assert_int_equal(version, config.max_subscribers == SUBSCRIBERS ? 2 : 1);
		close_reload();
	}
	json_set_alloc_funcs(malloc, free);
}
