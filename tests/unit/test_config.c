// SPDX-License-Identifier: BSD-2-Clause
/*
 * Tests of config/config.c, config_value.c and config_yaml.c: every source of a setting, and every
 * reason to reject a value.
 */
#include "unit/support/test.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api/opts.h"
#include "config/config.h"
#include "config/config_check.h"
#include "config/config_print.h"
#include "config/config_reload.h"
#include "config/config_yaml.h"

struct fixture {
	struct wf_config config;
	struct wf_config_error error;
	char path[32];
};

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	strcpy(fixture->path, "/tmp/weft-config-XXXXXX");
	close(mkstemp(fixture->path));
	assert_int_equal(wf_config_init(&fixture->config), 0);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	unlink(fixture->path);
	wf_config_fini(&fixture->config);
	free(fixture);
	return 0;
}

static int load_bytes(struct fixture *fixture, const char *yaml, size_t bytes)
{
	FILE *file = fopen(fixture->path, "w");

	fwrite(yaml, 1, bytes, file);
	fclose(file);
	return wf_config_load(&fixture->config, fixture->path, &fixture->error);
}

static int load(struct fixture *fixture, const char *yaml)
{
	return load_bytes(fixture, yaml, strlen(yaml));
}

static void expect_refusal(struct fixture *fixture, const char *yaml, const char *line,
			   const char *part)
{
	char place[64];

	assert_int_equal(load(fixture, yaml), -EINVAL);
	snprintf(place, sizeof(place), "%s:%s: ", fixture->path, line);
	assert_ptr_equal(strstr(fixture->error.text, place), fixture->error.text);
	if (!strstr(fixture->error.text, part))
		fail_msg("\"%s\" does not contain \"%s\"", fixture->error.text, part);
}

static int set(struct fixture *fixture, const char *pair)
{
	return wf_config_set_pair(&fixture->config, "--set", pair, &fixture->error);
}

TEST_WITH(config_init_gives_the_defaults_of_limits, setup, teardown)
{
	struct fixture *fixture = *state;

	assert_int_equal(fixture->config.library.memory_max_bytes, (uint64_t)WEFT_MEMORY_MB << 20);
	assert_int_equal(fixture->config.library.flows_max, WEFT_FLOWS_MAX);
	assert_int_equal(fixture->config.library.midstream, WEFT_ON);
	assert_int_equal(fixture->config.library.overlap, WEFT_OVERLAP_LINUX);
	assert_null(fixture->config.sinks.streams_dir);
	assert_int_equal(wf_config_check(&fixture->config, &fixture->error), 0);
}

static bool is_number(const struct wf_config_key *key)
{
	return key->type == WF_CONFIG_NUMBER || key->type == WF_CONFIG_MEBIBYTES;
}

TEST_WITH(config_defaults_are_within_their_own_ranges, setup, teardown)
{
	for (const struct wf_config_key *key = wf_config_keys(); key->name; key++)
		if (is_number(key))
			assert_in_range(key->initial, key->min, key->max);
}

/*
 * In a public struct zero selects the default. Therefore a key that accepts zero must have the
 * default zero.
 */
TEST_WITH(config_zero_in_range_is_the_default, setup, teardown)
{
	for (const struct wf_config_key *key = wf_config_keys(); key->name; key++)
		if (is_number(key) && key->min == 0)
			assert_int_equal(key->initial, 0);
}

TEST_WITH(config_defaults_are_those_of_the_library, setup, teardown)
{
	struct fixture *fixture = *state;
	struct weft_opts *library = &fixture->config.library;
	struct weft_opts defaults;
	struct weft_interface_opts interface;

	assert_int_equal(wf_opts_resolve(NULL, &defaults), 0);
	assert_int_equal(wf_opts_resolve(library, library), 0);
	library->process_slack_bytes = defaults.process_slack_bytes;
	assert_memory_equal(library, &defaults, sizeof(defaults));
	assert_int_equal(wf_opts_resolve_interface(NULL, &interface), 0);
	assert_memory_equal(&fixture->config.interface, &interface, sizeof(interface));
}

TEST_WITH(config_load_of_all_kinds_sets_each, setup, teardown)
{
	struct fixture *fixture = *state;
	struct wf_config *config = &fixture->config;

	assert_int_equal(load(fixture,
			      "capture:\n"
			      "  interfaces: [eth0, eth1]\n"
			      "  mode: host\n"
			      "filter:\n"
			      "  expression: \"tcp port 80\"\n"
			      "  ports: [80, 443]\n"
			      "  allow: [10.0.0.0/8, \"2001:db8::/32\", 192.0.2.1]\n"
			      "  sample: 0.25\n"
			      "memory: {max_total_memory_mb: 2G}\n"
			      "flow:\n"
			      "  timeouts: {closed_sec: 7}\n"
			      "reassembly:\n"
			      "  midstream: false\n"
			      "  overlap_by_prefix: {10.0.0.0/8: windows, \"::/0\": bsd}\n"),
			 0);
	assert_int_equal(config->interfaces_count, 2);
	assert_string_equal(config->interfaces[1], "eth1");
	assert_int_equal(config->interface.mode, WEFT_MODE_HOST);
	assert_string_equal(config->library.filter, "tcp port 80");
	assert_int_equal(config->interface.ports_count, 2);
	assert_int_equal(config->interface.ports[1], 443);
	assert_int_equal(config->interface.allow_count, 3);
	assert_int_equal(config->interface.allow[0].bits, 104);
	assert_int_equal(config->interface.allow[0].addr[12], 10);
	assert_int_equal(config->interface.allow[1].bits, 32);
	assert_int_equal(config->interface.allow[2].bits, 128);
	assert_true(config->interface.sample == 0.25);
	assert_int_equal(config->library.memory_max_bytes >> 20, 2048);
	assert_int_equal(config->library.timeout_closed_sec, 7);
	assert_int_equal(config->library.midstream, WEFT_OFF);
	assert_int_equal(config->library.overlap_rules_count, 2);
	assert_int_equal(config->library.overlap_rules[0].policy, WEFT_OVERLAP_WINDOWS);
	assert_int_equal(config->library.overlap_rules[1].prefix.bits, 0);
}

TEST_WITH(config_load_of_nothing_keeps_defaults, setup, teardown)
{
	struct fixture *fixture = *state;

	assert_int_equal(load(fixture, ""), 0);
	assert_int_equal(load(fixture, "# only a comment\n"), 0);
	assert_int_equal(load(fixture, "capture:\nmemory: {}\n"), 0);
	assert_int_equal(fixture->config.library.memory_max_bytes, (uint64_t)WEFT_MEMORY_MB << 20);
}

TEST_WITH(config_load_of_unknown_key_names_line_and_nearest, setup, teardown)
{
	expect_refusal(*state, "memory:\n  max_total_memory_md: 1\n", "2",
		       "did you mean 'memory.max_total_memory_mb'?");
	expect_refusal(*state, "memroy: {}\n", "1", "unknown key 'memroy'");
	expect_refusal(*state, "\nflow: {timeouts: {x: 1}}\n", "2",
		       "unknown key 'flow.timeouts.x'");
}

TEST_WITH(config_load_out_of_range_names_line_and_range, setup, teardown)
{
	expect_refusal(*state, "memory:\n  max_total_memory_mb: 4\n", "2",
		       "expected 16 to 1048576 MiB");
	expect_refusal(*state, "capture: {workers: 65}\n", "1", "expected 0 to 64 threads");
	expect_refusal(*state, "capture: {workers: -1}\n", "1", "expected 0 to 64 threads");
	expect_refusal(*state, "flow: {max_embryonic: 99999999999999999999999}\n", "1",
		       "expected 1 to 10000000");
	expect_refusal(*state, "filter: {sample: 0}\n", "1", "above 0, up to 1");
	expect_refusal(*state, "filter: {sample: nan}\n", "1", "above 0, up to 1");
	expect_refusal(*state, "filter: {ports: [80, 65536]}\n", "1", "1 to 65535");
	expect_refusal(*state, "filter: {allow: [10.0.0.0/33]}\n", "1", "prefixes such as");
	expect_refusal(*state, "filter: {allow: [10.1.0.0/8]}\n", "1",
		       "a prefix without bits beyond its length");
	expect_refusal(*state, "reassembly:\n  overlap_by_prefix:\n    10.0.0.0/8: linus\n", "3",
		       "which is one of");
	expect_refusal(*state, "capture: {interfaces: [../etc]}\n", "1", "interface names");
}

TEST_WITH(config_load_of_wrong_type_is_refused, setup, teardown)
{
	expect_refusal(*state, "memory: 5\n", "1", "expected a map");
	expect_refusal(*state, "- memory\n", "1", "expected a map");
	expect_refusal(*state, "memory: {max_total_memory_mb: [512]}\n", "1",
		       "a list: expected 16");
	expect_refusal(*state, "memory: {max_total_memory_mb: \"512\"}\n", "1", "expected 16");
	expect_refusal(*state, "memory: {max_total_memory_mb: }\n", "1", "nothing: expected 16");
	expect_refusal(*state, "memory: {max_total_memory_mb: 512 MB}\n", "1",
		       "'512 MB': expected");
	expect_refusal(*state, "reassembly: {midstream: yes}\n", "1", "expected true or false");
	expect_refusal(*state, "filter: {ports: 80}\n", "1", "a single value: expected a list");
	expect_refusal(*state, "filter: {ports: [[80]]}\n", "1", "expected a list");
	expect_refusal(*state, "capture: {mode: hosst}\n", "1", "expected one of auto, tap, host");
	expect_refusal(*state, "sinks: {streams: \"a\\0b\"}\n", "1", "expected text");
	expect_refusal(*state, "sinks: {streams: {dir: x}}\n", "1", "a map: expected text");
}

TEST_WITH(config_load_of_later_key_says_not_built_in, setup, teardown)
{
	expect_refusal(*state, "sinks:\n  socket: x\n", "2", "this version does not support it");
}

TEST_WITH(config_load_of_key_given_twice_is_refused, setup, teardown)
{
	expect_refusal(*state, "capture: {workers: 1}\ncapture: {workers: 2}\n", "2",
		       "the key was already set in line 1");
}

TEST_WITH(config_load_of_what_is_not_yaml_is_refused, setup, teardown)
{
	struct fixture *fixture = *state;

	expect_refusal(fixture, "a: [\n", "2", "invalid YAML");
	expect_refusal(fixture, "\tx: 1\n", "1", "invalid YAML");
	expect_refusal(fixture, "memory: {}\n---\nmemory: {}\n", "3", "a second YAML document");
	assert_int_equal(load_bytes(fixture, "\xff\xfe\x00\x01", 4), -EINVAL);
	assert_int_equal(load_bytes(fixture, "\x00\x01\x02", 3), -EINVAL);
}

TEST_WITH(config_load_of_endless_nesting_is_refused, setup, teardown)
{
	expect_refusal(*state, "a: &a {b: *a}\n", "1", "");
	expect_refusal(*state, "memory: &m\n  memory: *m\n", "2", "unknown key 'memory.memory'");
}

TEST_WITH(config_load_of_missing_file_or_directory_is_refused, setup, teardown)
{
	struct fixture *fixture = *state;

	assert_int_equal(wf_config_load(&fixture->config, "/nonexistent/x", &fixture->error),
			 -ENOENT);
	assert_non_null(strstr(fixture->error.text, "/nonexistent/x: No such file"));
	assert_int_equal(wf_config_load(&fixture->config, "/tmp", &fixture->error), -EINVAL);
	assert_string_equal(fixture->error.text, "/tmp: not a regular file");
}

/* Replaces the file by a pipe, to which a child writes @text and then @comments lines. */
static pid_t write_pipe(struct fixture *fixture, const char *text, int comments)
{
	FILE *file;
	pid_t pid;

	unlink(fixture->path);
	assert_int_equal(mkfifo(fixture->path, 0600), 0);
	pid = fork();
	if (pid)
		return pid;
	signal(SIGPIPE, SIG_DFL);
	file = fopen(fixture->path, "w");
	fputs(text, file);
	while (comments-- > 0)
		fputs("# a comment of 32 characters ...\n", file);
	fclose(file);
	_exit(0);
}

TEST_WITH(config_load_of_a_pipe_has_the_limit_of_a_file, setup, teardown)
{
	struct fixture *fixture = *state;
	pid_t pid = write_pipe(fixture, "memory: {max_total_memory_mb: 77}\n", 1 << 14);

	assert_int_equal(wf_config_load(&fixture->config, fixture->path, &fixture->error), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(fixture->config.library.memory_max_bytes, 77 << 20);
	pid = write_pipe(fixture, "memory: {max_total_memory_mb: 77}\n", 1 << 15);
	assert_int_equal(wf_config_load(&fixture->config, fixture->path, &fixture->error), -EINVAL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_non_null(strstr(fixture->error.text, "larger than the limit of 1048576 bytes"));
}

TEST_WITH(config_set_pair_replaces_and_refuses_as_a_file_does, setup, teardown)
{
	struct fixture *fixture = *state;

	assert_int_equal(set(fixture, "filter.ports=1,2,3"), 0);
	assert_int_equal(set(fixture, "filter.ports=80"), 0);
	assert_int_equal(fixture->config.interface.ports_count, 1);
	assert_int_equal(set(fixture, "filter.ports="), 0);
	assert_int_equal(fixture->config.interface.ports_count, 0);
	assert_int_equal(set(fixture, "reassembly.overlap_by_prefix=10.0.0.0/8=bsd,::/0=last"), 0);
	assert_int_equal(fixture->config.library.overlap_rules_count, 2);
	assert_int_equal(set(fixture, "sinks.streams=a,b=c"), 0);
	assert_string_equal(fixture->config.sinks.streams_dir, "a,b=c");

	assert_int_equal(set(fixture, "capture.workers=x"), -EINVAL);
	assert_string_equal(fixture->error.text,
			    "--set capture.workers: 'x': expected 0 to 64 threads");
	assert_int_equal(set(fixture, "capture.workers"), -EINVAL);
	assert_int_equal(set(fixture, "=1"), -EINVAL);
	assert_int_equal(set(fixture, "no.such=1"), -EINVAL);
	assert_non_null(strstr(fixture->error.text, "--set: unknown key 'no.such'"));
	assert_int_equal(set(fixture, "sinks.http=:80"), -EINVAL);
}

TEST_WITH(config_set_of_refused_list_keeps_the_old, setup, teardown)
{
	struct fixture *fixture = *state;

	assert_int_equal(set(fixture, "capture.interfaces=a,b"), 0);
	assert_int_equal(set(fixture, "capture.interfaces=c,/,d"), -EINVAL);
	assert_int_equal(fixture->config.interfaces_count, 2);
	assert_string_equal(fixture->config.interfaces[0], "a");
}

TEST_WITH(config_set_of_list_beyond_its_maximum_is_refused, setup, teardown)
{
	struct fixture *fixture = *state;
	char pair[256] = "capture.interfaces=i";

	for (int i = 1; i < WEFT_INTERFACES_MAX; i++)
		strcat(pair, ",i");
	assert_int_equal(set(fixture, pair), 0);
	strcat(pair, ",i");
	assert_int_equal(set(fixture, pair), -EINVAL);
}

TEST_WITH(config_times_take_suffixes_that_come_out_even, setup, teardown)
{
	struct fixture *fixture = *state;

	assert_int_equal(set(fixture, "capture.duration_sec=30"), 0);
	assert_int_equal(fixture->config.duration_sec, 30);
	assert_int_equal(set(fixture, "capture.duration_sec=2h"), 0);
	assert_int_equal(fixture->config.duration_sec, 7200);
	assert_int_equal(set(fixture, "capture.duration_sec=5000ms"), 0);
	assert_int_equal(fixture->config.duration_sec, 5);
	assert_int_equal(set(fixture, "capture.duration_sec=500ms"), -EINVAL);
	assert_int_equal(set(fixture, "capture.duration_sec=1M"), 0);
	assert_int_equal(fixture->config.duration_sec, 60);
	assert_int_equal(set(fixture, "capture.duration_sec=1KB"), -EINVAL);
	assert_non_null(strstr(fixture->error.text, "or a time such as 30s, 10m or 2h"));
}

TEST_WITH(config_sizes_take_suffixes_that_come_out_even, setup, teardown)
{
	struct fixture *fixture = *state;

	assert_int_equal(set(fixture, "memory.max_total_memory_mb=262144K"), 0);
	assert_int_equal(fixture->config.library.memory_max_bytes, 256ull << 20);
	assert_int_equal(set(fixture, "memory.max_total_memory_mb=64m"), 0);
	assert_int_equal(fixture->config.library.memory_max_bytes, 64ull << 20);
	assert_int_equal(set(fixture, "memory.max_total_memory_mb=262143K"), -EINVAL);
	assert_int_equal(set(fixture, "reassembly.depth_bytes=1M"), 0);
	assert_int_equal(fixture->config.library.depth_bytes, 1 << 20);
	assert_int_equal(set(fixture, "reassembly.depth_bytes=2MB"), 0);
	assert_int_equal(fixture->config.library.depth_bytes, 2 << 20);
	assert_int_equal(set(fixture, "reassembly.depth_bytes=64kib"), 0);
	assert_int_equal(fixture->config.library.depth_bytes, 64 << 10);
	assert_int_equal(set(fixture, "reassembly.depth_bytes=1s"), -EINVAL);
	assert_int_equal(set(fixture, "reassembly.depth_bytes=1X"), -EINVAL);
	assert_non_null(strstr(fixture->error.text, "or a size such as 64K, 1M or 2G"));
	assert_int_equal(set(fixture, "reassembly.depth_bytes=18446744073709551615"), 0);
	assert_int_equal(set(fixture, "reassembly.depth_bytes=18446744073709551615K"), -EINVAL);
	assert_int_equal(set(fixture, "capture.workers=1K"), -EINVAL);
	assert_int_equal(set(fixture, "reassembly.depth_bytes=1KK"), -EINVAL);
	assert_int_equal(set(fixture, "reassembly.depth_bytes="), -EINVAL);
}

TEST_WITH(config_check_refuses_what_only_combinations_show, setup, teardown)
{
	struct fixture *fixture = *state;

	assert_int_equal(set(fixture, "capture.ring_frames=1000"), 0);
	assert_int_equal(wf_config_check(&fixture->config, &fixture->error), -EINVAL);
	assert_int_equal(set(fixture, "capture.ring_frames=1024"), 0);
	assert_int_equal(set(fixture, "capture.frame_bytes=3000"), 0);
	assert_int_equal(wf_config_check(&fixture->config, &fixture->error), -EINVAL);
}

static char *shown(const struct wf_config *config)
{
	char *text = NULL;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	wf_config_show(config, out);
	fclose(out);
	return text;
}

TEST_WITH(config_show_loads_again_to_the_same, setup, teardown)
{
	struct fixture *fixture = *state;
	char *before;
	char *after;

	assert_int_equal(set(fixture, "capture.interfaces=eth0,eth1"), 0);
	assert_int_equal(set(fixture, "filter.expression=host \"a\" \\ or\ttcp"), 0);
	assert_int_equal(set(fixture, "filter.allow=10.0.0.0/8,2001:db8::/32,::/0,0.0.0.0/0"), 0);
	assert_int_equal(set(fixture, "filter.sample=0.1"), 0);
	assert_int_equal(set(fixture, "filter.ports=80,443"), 0);
	assert_int_equal(set(fixture, "reassembly.overlap_by_prefix=10.0.0.0/8=bsd-right"), 0);
	before = shown(&fixture->config);
	wf_config_fini(&fixture->config);
	assert_int_equal(wf_config_init(&fixture->config), 0);
	assert_int_equal(load(fixture, before), 0);
	after = shown(&fixture->config);
	assert_string_equal(before, after);
	free(before);
	free(after);
}

/* Keys of one section may be apart in the table; the output still prints the section once. */
TEST_WITH(config_show_opens_each_section_once, setup, teardown)
{
	struct fixture *fixture = *state;
	char *text = shown(&fixture->config);
	int count = 0;

	for (const char *at = text; (at = strstr(at, "\nflow:\n")) != NULL; at++)
		count++;
	assert_int_equal(count, 1);
	assert_non_null(strstr(text, "\n  timeouts:\n    "));
	free(text);
}

TEST_WITH(config_values_are_those_of_the_library_structs, setup, teardown)
{
	struct fixture *fixture = *state;
	const struct weft_opts *library = &fixture->config.library;
	const struct weft_interface_opts *interface = &fixture->config.interface;

	assert_int_equal(set(fixture, "memory.max_total_memory_mb=64"), 0);
	assert_int_equal(set(fixture, "reassembly.midstream=false"), 0);
	assert_int_equal(set(fixture, "filter.ports=80"), 0);
	assert_int_equal(set(fixture, "filter.expression=tcp"), 0);
	assert_int_equal(set(fixture, "filter.expression="), 0);
	assert_int_equal(library->sz, sizeof(*library));
	assert_int_equal(library->memory_max_bytes, 64 << 20);
	assert_int_equal(library->midstream, WEFT_OFF);
	assert_null(library->filter);
	assert_int_equal(interface->sz, sizeof(*interface));
	assert_int_equal(interface->ports[0], 80);
	assert_null(interface->pin_dir);
}

/* A reload replaces live keys with wf_config_set_number(), which can't fail. */
TEST(config_keys_that_a_reload_changes_are_numbers_or_policy)
{
	size_t live = 0;
	size_t policy = 0;

	for (const struct wf_config_key *key = wf_config_keys(); key->name; key++) {
		if (wf_config_reload(key) == WF_CONFIG_POLICY)
			policy++;
		else if (wf_config_reload(key) == WF_CONFIG_RESTART)
			assert_non_null(wf_config_restart_reason(key));
		else if (key->type == WF_CONFIG_NUMBER || key->type == WF_CONFIG_MEBIBYTES ||
			 key->type == WF_CONFIG_SWITCH)
			live++;
		else
			fail_msg("%s is not a number", key->name);
	}
	assert_int_equal(live, 7);
	assert_int_equal(policy, 9);
}
