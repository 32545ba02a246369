// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_policy.c - a policy as JSON: what is valid, and the place and the reason of each error; its
 * versions, the file, and the choice between the stored policy and the configured one.
 */
#include "unit/support/test.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "config/config.h"
#include "policy/policies.h"
#include "policy/policies_internal.h"
#include "policy/policy.h"
#include "policy/policy_diff.h"
#include "state/store.h"

#define DEFAULT_POLICY                                                                    \
	"{\"filter\":{\"expression\":\"\",\"allow\":[],\"deny\":[],\"ports\":[],"         \
	"\"sample\":1.0,\"verdict_by_prefix\":{}},\"reassembly\":{\"overlap\":\"linux\"," \
	"\"overlap_by_prefix\":{},\"depth_bytes\":0}}"

static char dir[] = "/tmp/weft-test-policy-XXXXXX";
static char log_text[1024];

/* ---- one policy ---- */

/* Checks @text; the result is in @ret_text, or the reason if it is not valid. */
static int check(const char *text, char ret_text[1024])
{
	json_t *policy = json_loads(text, JSON_DECODE_ANY, NULL);
	struct wf_policy_error error;
	json_t *whole;
	char *dumped;
	int err;

	assert_non_null(policy);
	err = wf_policies_check(policy, &whole, &error);
	json_decref(policy);
	if (err) {
		snprintf(ret_text, 1024, "%s", error.text);
		return err;
	}
	dumped = json_dumps(whole, JSON_COMPACT);
	snprintf(ret_text, 1024, "%s", dumped);
	free(dumped);
	json_decref(whole);
	return 0;
}

static void expect(const char *text, const char *expected)
{
	char got[1024];

	assert_int_equal(check(text, got), 0);
	assert_string_equal(got, expected);
}

static void expect_error(const char *text, const char *reason)
{
	char got[1024];

	assert_int_equal(check(text, got), -EINVAL);
	if (!strstr(got, reason))
		assert_string_equal(got, reason);
}

TEST(policy_of_nothing_has_all_defaults)
{
	expect("{}", DEFAULT_POLICY);
	expect("{\"filter\":{}}", DEFAULT_POLICY);
}

TEST(policy_keeps_every_value)
{
	const char *text = "{\"filter\":{\"expression\":\"tcp port 80\",\"allow\":[\"10.0.0.0/8\","
			   "\"2001:db8::/32\"],\"deny\":[\"10.1.2.3/32\"],\"ports\":[80,65535],"
			   "\"sample\":0.25,\"verdict_by_prefix\":{\"10.2.0.0/16\":\"shunt\","
			   "\"::/0\":\"pass\"}},\"reassembly\":{\"overlap\":\"windows\","
			   "\"overlap_by_prefix\":{\"10.3.0.0/16\":\"bsd\"},\"depth_bytes\":4096}}";

	expect(text, text);
}

TEST(policy_errors_name_the_place_and_the_reason)
{
	expect_error("5", "policy: not an object");
	expect_error("{\"filter\":5}", "filter: expected an object");
	expect_error("{\"fliter\":{}}", "fliter: not a part of a policy");
	expect_error("{\"filter\":{\"port\":[80]}}",
		     "filter.port: not a part of a policy; did you mean 'filter.ports'?");
	expect_error("{\"reassembly\":{\"deliver\":\"acked\"}}",
		     "reassembly.deliver: not a part of a policy");
	expect_error("{\"memory\":{}}", "memory: not a part of a policy");
	expect_error("{\"filter\":{\"ports\":80}}", "filter.ports: a number: expected a list");
	expect_error("{\"filter\":{\"ports\":[80,\"http\"]}}", "filter.ports[1]: a string");
	expect_error("{\"filter\":{\"ports\":[80,443,0]}}", "filter.ports[2]: '0': expected");
	expect_error("{\"filter\":{\"ports\":[65536]}}", "filter.ports[0]: '65536'");
	expect_error("{\"filter\":{\"ports\":[1.5]}}", "filter.ports[0]: a fraction");
	expect_error("{\"filter\":{\"allow\":[\"10.0.0.0/33\"]}}",
		     "filter.allow[0]: '10.0.0.0/33': expected");
	expect_error(
		"{\"filter\":{\"deny\":[\"10.0.0.0/8\",\"10.1.2.3/8\"]}}",
		"filter.deny[1]: '10.1.2.3/8': expected a prefix without bits beyond its length");
	expect_error("{\"filter\":{\"verdict_by_prefix\":{\"10.0.0.1/8\":\"pass\"}}}",
		     "filter.verdict_by_prefix.10.0.0.1/8: '10.0.0.1/8=pass': expected a prefix "
		     "without bits beyond its length");
	expect_error("{\"filter\":{\"deny\":[null]}}", "filter.deny[0]: null");
	expect_error("{\"filter\":{\"deny\":{\"10.0.0.0/8\":1}}}", "filter.deny: an object");
	expect_error("{\"filter\":{\"sample\":0}}", "filter.sample: '0': expected above 0");
	expect_error("{\"filter\":{\"sample\":\"1\"}}", "filter.sample: a string");
	expect_error("{\"filter\":{\"sample\":1.01}}", "filter.sample: '1.01");
	expect_error("{\"filter\":{\"expression\":\"tcp prot 80\"}}",
		     "filter.expression: 'tcp prot 80': not a filter expression");
	expect_error("{\"filter\":{\"verdict_by_prefix\":{\"10.0.0.0/8\":\"shed\"}}}",
		     "filter.verdict_by_prefix.10.0.0.0/8: ");
	expect_error("{\"filter\":{\"verdict_by_prefix\":{\"10.0.0.0/8\":\"pass\","
		     "\"ten\":\"pass\"}}}",
		     "filter.verdict_by_prefix.ten: ");
	expect_error("{\"filter\":{\"verdict_by_prefix\":{\"10.0.0.0/8\":2}}}",
		     "filter.verdict_by_prefix.10.0.0.0/8: a number");
	expect_error("{\"filter\":{\"verdict_by_prefix\":[]}}",
		     "filter.verdict_by_prefix: an array");
	expect_error("{\"reassembly\":{\"overlap\":\"windows95\"}}",
		     "reassembly.overlap: 'windows95': expected one of");
	expect_error("{\"reassembly\":{\"overlap_by_prefix\":{\"::/129\":\"bsd\"}}}",
		     "reassembly.overlap_by_prefix.::/129");
	expect_error("{\"reassembly\":{\"depth_bytes\":-1}}", "reassembly.depth_bytes: '-1'");
	expect_error("{\"reassembly\":{\"depth_bytes\":\"1X\"}}", "reassembly.depth_bytes: '1X'");
	expect_error("{\"reassembly\":{\"depth_bytes\":1.5}}",
		     "reassembly.depth_bytes: a fraction");
}

TEST(policy_lists_are_limited)
{
	json_t *ports = json_array();
	json_t *policy = json_pack("{s{so}}", "filter", "ports", ports);
	struct wf_policy_error error;
	json_t *whole;

	for (int i = 0; i < WEFT_FILTER_PORTS_MAX; i++)
		json_array_append_new(ports, json_integer(i + 1));
	assert_int_equal(wf_policies_check(policy, &whole, &error), 0);
	json_decref(whole);
	json_array_append_new(ports, json_integer(2000));
	assert_int_equal(wf_policies_check(policy, &whole, &error), -EINVAL);
	assert_string_equal(error.text, "filter.ports: 1025 entries: expected at most 1024");
	json_decref(policy);
}

TEST(policy_that_is_too_long_is_rejected)
{
	char *expression = calloc(1, WF_POLICY_MAX_BYTES + 1);
	struct wf_policy_error error;
	json_t *policy;
	json_t *whole;

	memset(expression, ' ', WF_POLICY_MAX_BYTES);
	memcpy(expression, "tcp", 3);
	policy = json_pack("{s{ss}}", "filter", "expression", expression);
	assert_int_equal(wf_policies_check(policy, &whole, &error), -EFBIG);
	assert_string_equal(error.text, "policy: more than 128 KiB of JSON");
	json_decref(policy);
	free(expression);
}

TEST(policy_differences)
{
	json_t *from = json_loads("{\"a\":{\"x\":1,\"y\":[1]},\"b\":{\"z\":true}}", 0, NULL);
	json_t *to = json_loads("{\"a\":{\"x\":1,\"y\":[2]},\"b\":{\"z\":false}}", 0, NULL);
	json_t *diff = wf_policy_diff_new(from, to);
	char *text = json_dumps(diff, JSON_COMPACT);

	assert_string_equal(text, "[{\"key\":\"a.y\",\"from\":[1],\"to\":[2]},"
				  "{\"key\":\"b.z\",\"from\":true,\"to\":false}]");
	free(text);
	json_decref(diff);
	json_decref(from);
	json_decref(to);
}

/* ---- the policy of an agent ---- */

static struct wf_config config;
static struct wf_store *store;
static struct wf_policies *policies;

static void take_log(enum weft_log_level level, const char *message, void *ctx)
{
	snprintf(log_text, sizeof(log_text), "%s", message);
}

/* Opens the policy of an agent that does not start; its configuration has the depth @depth_bytes.
 */
static void open_only(uint64_t depth_bytes)
{
	const struct wf_store_opts store_opts = {.max_bytes = 4 << 20};
	struct wf_config_error error;
	struct wf_policies_opts opts = {.config = &config, .agent = "eth0", .log_fn = take_log};

	*log_text = '\0';
	assert_int_equal(wf_store_new(&store_opts, &store), 0);
	assert_int_equal(wf_config_init(&config), 0);
	assert_int_equal(wf_config_set(&config, "--set", "agent.state_dir", dir, &error), 0);
	config.library.depth_bytes = depth_bytes;
	opts.store = store;
	assert_int_equal(wf_policies_open(&opts, &policies), 0);
}

static void open_policies(uint64_t depth_bytes)
{
	open_only(depth_bytes);
	assert_string_equal(log_text, "");
	wf_policies_start(policies);
}

static void close_policies(void)
{
	wf_policies_close(policies);
	wf_store_free(store);
	wf_config_fini(&config);
	policies = NULL;
}

static int setup(void **state)
{
	memcpy(dir + sizeof(dir) - 7, "XXXXXX", 6);
	return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -r %s", dir);
	return system(command);
}

static int set(const char *text, uint64_t if_version, struct wf_policy_error *ret_error)
{
	const struct wf_policy_change change = {.by = "test", .if_version = if_version};
	json_t *policy = json_loads(text, 0, NULL);
	int err = wf_policies_set(policies, policy, &change, ret_error);

	json_decref(policy);
	return err;
}

static int set_depth(unsigned int depth_bytes)
{
	struct wf_policy_error error;
	char text[64];

	snprintf(text, sizeof(text), "{\"reassembly\":{\"depth_bytes\":%u}}", depth_bytes);
	return set(text, WF_POLICY_ANY_VERSION, &error);
}

static int roll_back(uint64_t version)
{
	const struct wf_policy_change change = {.by = "test", .if_version = WF_POLICY_ANY_VERSION};
	struct wf_policy_error error;

	return wf_policies_roll_back(policies, version, &change, &error);
}

/* Asserts the present version and its depth, also in the state store. */
static void assert_present(unsigned int version, unsigned int depth_bytes)
{
	json_t *present = wf_policies_get(policies);
	struct wf_record *record;
	json_t *stored;

	assert_int_equal(json_integer_value(json_object_get(present, "version")), version);
	assert_int_equal(json_integer_value(json_object_get(
				 json_object_get(json_object_get(present, "policy"), "reassembly"),
				 "depth_bytes")),
			 depth_bytes);
	assert_int_equal(wf_store_get(store, WF_POLICY_KEY, &record), 0);
	stored = json_loadb(wf_record_value(record), record->value_bytes, 0, NULL);
	assert_true(json_equal(stored, present));
	wf_record_put(record);
	json_decref(stored);
	json_decref(present);
}

static void assert_log(const char *expected)
{
	if (!strstr(log_text, expected))
		assert_string_equal(log_text, expected);
}

TEST_WITH(policies_change_and_roll_back, setup, teardown)
{
	struct wf_policy_error error;

	open_policies(0);
	assert_present(1, 0);
	assert_int_equal(set_depth(10), 0);
	assert_int_equal(set_depth(20), 0);
	assert_present(3, 20);
	/* An equal policy makes no new version. */
	assert_int_equal(set_depth(20), 0);
	assert_present(3, 20);
	assert_int_equal(roll_back(2), 0);
	assert_present(4, 10);
	assert_int_equal(roll_back(9), -ENOENT);
	assert_int_equal(set("{}", 3, &error), -ESTALE);
	assert_string_equal(error.text,
			    "policy: conflict: the present version is 4, not 3; read it again");
	assert_int_equal(set("{\"x\":{}}", WF_POLICY_ANY_VERSION, &error), -EINVAL);
	assert_present(4, 10);
	assert_int_equal(set("{}", 4, &error), 0);
	assert_present(5, 0);
	assert_int_equal(set("{\"reassembly\":{\"depth_bytes\":\"1M\"}}", 5, &error), 0);
	assert_present(6, 1 << 20);
	close_policies();
}

TEST_WITH(policies_history_is_limited, setup, teardown)
{
	json_t *history;
	json_t *versions;

	open_policies(0);
	for (unsigned int i = 1; i <= 30; i++)
		assert_int_equal(set_depth(i), 0);
	history = wf_policies_history(policies);
	versions = json_object_get(history, "versions");
	assert_int_equal(json_array_size(versions), 17);
	assert_int_equal(
		json_integer_value(json_object_get(json_array_get(versions, 16), "version")), 15);
	json_decref(history);
	assert_int_equal(roll_back(14), -ENOENT);
	assert_int_equal(roll_back(15), 0);
	assert_present(32, 14);
	close_policies();
}

TEST_WITH(policies_survive_a_restart, setup, teardown)
{
	open_policies(5);
	assert_int_equal(set_depth(10), 0);
	close_policies();
	open_policies(5);
	assert_present(2, 10);
	assert_int_equal(config.library.depth_bytes, 10);
	assert_log("version 2 is in use, which 'test' set");
	assert_int_equal(roll_back(1), 0);
	assert_present(3, 5);
	close_policies();
	open_policies(5);
	assert_present(3, 5);
	assert_string_equal(log_text, "");
	close_policies();
}

TEST_WITH(policies_configuration_that_was_changed_later_is_used, setup, teardown)
{
	const struct wf_policy_change change = {.by = "test", .if_version = WF_POLICY_ANY_VERSION};
	struct wf_policy_error error;

	open_policies(5);
	assert_int_equal(set_depth(10), 0);
	close_policies();
	open_policies(6);
	assert_present(3, 6);
	assert_log("'weft policy rollback 2' returns");
	assert_int_equal(roll_back(2), 0);
	close_policies();
	open_policies(6);
	assert_present(4, 10);
	assert_int_equal(wf_policies_set(policies, NULL, &change, &error), 0);
	assert_present(5, 6);
	close_policies();
}

static void write_file(const char *text)
{
	char path[128];
	FILE *out;

	snprintf(path, sizeof(path), "%s/policy-eth0.json", dir);
	out = fopen(path, "w");
	fputs(text, out);
	fclose(out);
}

static bool is_put_aside(void)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/policy-eth0.json.damaged", dir);
	return !access(path, F_OK);
}

TEST_WITH(policies_damaged_file_is_reported_and_kept, setup, teardown)
{
	write_file("{\"format\": 1, \"versions\": [");
	open_policies(5);
	assert_present(1, 5);
	assert_log("is damaged");
	assert_true(is_put_aside());
	assert_int_equal(set_depth(10), 0);
	close_policies();
	open_policies(5);
	assert_present(2, 10);
	close_policies();
}

/* An agent that opened its policy but did not start leaves the file alone: others may use it. */
TEST_WITH(policies_failed_start_changes_nothing, setup, teardown)
{
	open_policies(5);
	assert_int_equal(set_depth(10), 0);
	close_policies();
	open_only(6);
	assert_present(3, 6);
	assert_string_equal(log_text, "");
	close_policies();
	open_policies(5);
	assert_present(2, 10);
	assert_log("version 2 is in use, which 'test' set");
	close_policies();
	write_file("{\"format\": 1, \"versions\": [");
	open_only(5);
	close_policies();
	assert_false(is_put_aside());
}

TEST_WITH(policies_start_once, setup, teardown)
{
	open_policies(5);
	assert_int_equal(set_depth(10), 0);
	close_policies();
	open_policies(6);
	assert_int_equal(roll_back(2), 0);
	*log_text = '\0';
	wf_policies_start(policies);
	assert_string_equal(log_text, "");
	assert_present(4, 10);
	close_policies();
	open_policies(6);
	assert_present(4, 10);
	close_policies();
}

/* One changed digit makes the file another policy, which the hash shows. */
TEST_WITH(policies_changed_byte_is_noticed, setup, teardown)
{
	char text[8192];
	char path[128];
	char *digit;
	FILE *in;

	open_policies(5);
	assert_int_equal(set_depth(10), 0);
	close_policies();
	snprintf(path, sizeof(path), "%s/policy-eth0.json", dir);
	in = fopen(path, "r");
	text[fread(text, 1, sizeof(text) - 1, in)] = '\0';
	fclose(in);
	digit = strstr(text, "\"depth_bytes\": 10");
	assert_non_null(digit);
	digit[15] = '2';
	write_file(text);
	open_policies(5);
	assert_present(1, 5);
	assert_log("its hash or its form is wrong");
	close_policies();
}

TEST_WITH(policies_that_cannot_be_stored_do_not_change, setup, teardown)
{
	struct wf_policy_error error;
	char path[128];

	open_policies(5);
	assert_int_equal(set_depth(10), 0);
	/* A directory with the name of the temporary file prevents that the policy is stored. */
	snprintf(path, sizeof(path), "%s/policy-eth0.json.new", dir);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_true(set("{}", WF_POLICY_ANY_VERSION, &error) < 0);
	assert_non_null(strstr(error.text, "not stored in agent.state_dir"));
	assert_present(2, 10);
	assert_int_equal(rmdir(path), 0);
	close_policies();
	open_policies(5);
	assert_present(2, 10);
	close_policies();
}

TEST_WITH(policies_reload_uses_what_was_changed, setup, teardown)
{
	struct wf_policy_error error;
	struct wf_config other;

	open_policies(5);
	assert_int_equal(set_depth(10), 0);
	assert_int_equal(wf_config_init(&other), 0);
	other.library.depth_bytes = 5;
	assert_int_equal(wf_policies_reload(policies, &other, "weft reload", &error), 0);
	assert_present(2, 10);
	other.library.depth_bytes = 7;
	assert_int_equal(wf_policies_reload(policies, &other, "weft reload", &error), 0);
	assert_present(3, 7);
	wf_config_fini(&other);
	close_policies();
	open_policies(7);
	assert_present(3, 7);
	close_policies();
}

TEST_WITH(policies_change_that_waits_too_long_is_counted, setup, teardown)
{
	struct wf_policy_error error;

	open_policies(0);
	policies->change_lock.timeout_ms = 1;
	assert_int_equal(wf_lock_take(&policies->change_lock, "test"), 0);
	assert_int_equal(set("{}", WF_POLICY_ANY_VERSION, &error), -EBUSY);
	assert_int_equal(roll_back(1), -EBUSY);
	assert_int_equal(wf_policies_reload(policies, &config, "test", &error), -EBUSY);
	wf_lock_put(&policies->change_lock);
	assert_int_equal(atomic_load(&policies->rejected), 3);
	close_policies();
}

TEST_WITH(policies_of_two_agents_do_not_use_the_same_file, setup, teardown)
{
	struct wf_policies_opts opts = {.config = &config, .log_fn = take_log};
	struct wf_policies *other = NULL;
	char expected[256];

	open_policies(5);
	assert_int_equal(set_depth(10), 0);
	opts.store = store;
	opts.agent = "eth0";
	assert_int_equal(wf_policies_open(&opts, &other), -EBUSY);
	snprintf(expected, sizeof(expected),
		 "policy: %s/policy-eth0.json is in use by another agent (process %d, control.dir ",
		 dir, (int)getpid());
	assert_log(expected);
	assert_log("set agent.state_dir of this one");
	assert_present(2, 10);
	opts.agent = "eth1";
	assert_int_equal(wf_policies_open(&opts, &other), 0);
	wf_policies_close(other);
	close_policies();
	open_policies(5);
	assert_present(2, 10);
	close_policies();
}

/* The agent's user could replace the lock by a link to a file that only root may write. */
TEST_WITH(policies_lock_never_writes_through_a_link, setup, teardown)
{
	char lock_path[128];
	char path[128];
	char text[16] = "";
	FILE *file;

	snprintf(lock_path, sizeof(lock_path), "%s/policy-eth0.lock", dir);
	snprintf(path, sizeof(path), "%s/other", dir);
	for (int i = 0; i < 2; i++) {
		file = fopen(path, "w");
		fputs("kept", file);
		fclose(file);
		assert_int_equal(i ? link(path, lock_path) : symlink(path, lock_path), 0);
		open_policies(5);
		close_policies();
		file = fopen(path, "r");
		assert_non_null(fgets(text, sizeof(text), file));
		fclose(file);
		assert_string_equal(text, "kept");
		assert_int_equal(unlink(lock_path), 0);
	}
}

/* ---- kill -9 ---- */

enum { KILLS = 100 };

/* Changes the policy until it is killed; writes the depth to @fd after each change. */
static void change_for_ever(int fd, unsigned int depth)
{
	for (;; depth++)
		if (set_depth(depth) || write(fd, &depth, sizeof(depth)) != sizeof(depth))
			_exit(1);
}

/*
 * Kills a process that changes the policy, after it has reported @changes + 1 changes. Return: the
 * last depth that it reported.
 */
static unsigned int kill_after(unsigned int changes, unsigned int first)
{
	unsigned int last = first - 1;
	unsigned int depth;
	int fds[2];
	pid_t child;

	assert_int_equal(pipe(fds), 0);
	child = fork();
	if (child == 0)
		change_for_ever(fds[1], first);
	close(fds[1]);
	while (read(fds[0], &depth, sizeof(depth)) == sizeof(depth)) {
		last = depth;
		if (depth == first + changes)
			kill(child, SIGKILL);
	}
	close(fds[0]);
	assert_int_equal(waitpid(child, NULL, 0), child);
	return last;
}

TEST_WITH(policies_file_after_kill_is_the_last_one, setup, teardown)
{
	unsigned int last = 0;

	open_policies(0);
	for (unsigned int i = 0; i < KILLS; i++) {
		json_t *present;
		unsigned int depth;

		last = kill_after(i % 7, last + 1);
		close_policies();
		open_policies(0);
		present = wf_policies_get(policies);
		depth = (unsigned int)json_integer_value(json_object_get(
			json_object_get(json_object_get(present, "policy"), "reassembly"),
			"depth_bytes"));
		json_decref(present);
		/* The process may be killed between the change of the file and its report. */
		assert_in_range(depth, last, last + 1);
		assert_false(is_put_aside());
		last = depth;
	}
	close_policies();
}

/* ---- threads ---- */

enum { THREADS = 4, TURNS = 100 };

static void *change_and_read(void *arg)
{
	unsigned int seed = (unsigned int)(uintptr_t)arg;

	for (int i = 0; i < TURNS; i++) {
		json_t *present = wf_policies_get(policies);
		json_t *history = wf_policies_history(policies);

		if (rand_r(&seed) % 2)
			set_depth((unsigned int)rand_r(&seed) % 100);
		else
			roll_back(
				(uint64_t)json_integer_value(json_object_get(present, "version")));
		json_decref(history);
		json_decref(present);
	}
	return NULL;
}

TEST_WITH(policies_are_used_by_several_threads, setup, teardown)
{
	pthread_t threads[THREADS];
	json_t *versions;
	json_t *history;
	json_t *version;
	uint64_t newer = UINT64_MAX;
	size_t i;

	open_policies(0);
	for (uintptr_t thread = 0; thread < THREADS; thread++)
		assert_int_equal(pthread_create(&threads[thread], NULL, change_and_read,
						(void *)(thread + 1)),
				 0);
	for (int thread = 0; thread < THREADS; thread++)
		pthread_join(threads[thread], NULL);
	history = wf_policies_history(policies);
	versions = json_object_get(history, "versions");
	assert_int_equal(json_array_size(versions), 17);
	json_array_foreach(versions, i, version)
	{
		uint64_t number = (uint64_t)json_integer_value(json_object_get(version, "version"));

		assert_true(newer == UINT64_MAX || number == newer - 1);
		newer = number;
	}
	json_decref(history);
	close_policies();
}
