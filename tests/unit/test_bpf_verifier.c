// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_bpf_verifier.c - each BPF program loads, and the verifier processes few instructions for it.
 *
 * The kernel rejects a program once its verifier has processed a million instructions, and kernels
 * differ in how many states they prune. The limit here leaves a tenfold margin, so that a program
 * which loads on the kernels tested also loads on those between. The test prints a line per
 * program: "# name (settings): N instructions processed, N us". Needs root; skipped otherwise.
 */
#include "unit/support/test.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <glob.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bpf/hash.h"
#include "bpf/shared.h"
#include "skel/host.skel.h"
#include "skel/steer.skel.h"
#include "skel/verdict.skel.h"

enum { INSNS_MAX = 100000, HOT_CPUS = 1024 };

static uint64_t cpu_time_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* Loads only the program @wanted of @object, so that the time does not include other programs. */
static void load_one(struct bpf_object *object, const char *wanted, const char *settings)
{
	struct bpf_prog_info info = {0};
	uint32_t info_bytes = sizeof(info);
	struct bpf_program *program;
	uint64_t begin_us, load_us;

	bpf_object__for_each_program(program, object)
		bpf_program__set_autoload(program, !strcmp(bpf_program__name(program), wanted));
	begin_us = cpu_time_us();
	assert_int_equal(bpf_object__load(object), 0);
	load_us = cpu_time_us() - begin_us;
	program = bpf_object__find_program_by_name(object, wanted);
	assert_int_equal(bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &info_bytes), 0);
	printf("# %s (%s): %u instructions processed, %llu us\n", wanted, settings,
	       info.verified_insns, (unsigned long long)load_us);
	assert_in_range(info.verified_insns, 1, INSNS_MAX);
}

static void load_steer(const char *settings, void (*set)(struct steer_bpf *skel))
{
	struct steer_bpf *skel;

	if (geteuid() != 0)
		skip();
	skel = steer_bpf__open();
	assert_non_null(skel);
	set(skel);
	load_one(skel->obj, "weft_steer", settings);
	steer_bpf__destroy(skel);
}

/* Settings are constants to the verifier, which skips code of disabled settings. */
static void set_tap(struct steer_bpf *skel)
{
	skel->rodata->weft_workers = 64;
	skel->rodata->weft_hot_cpus = HOT_CPUS;
	skel->rodata->weft_frame_max_bytes = 3840;
}

static void set_by_queue(struct steer_bpf *skel)
{
	set_tap(skel);
	skel->rodata->weft_by_queue = 1;
}

static void set_no_hot_flows(struct steer_bpf *skel)
{
	set_tap(skel);
	skel->rodata->weft_hot_cpus = 0;
}

TEST(steer_of_tap_mode_is_within_the_limit)
{
	load_steer("tap mode", set_tap);
}

TEST(steer_by_queue_is_within_the_limit)
{
	load_steer("by queue", set_by_queue);
}

TEST(steer_without_hot_flows_is_within_the_limit)
{
	load_steer("without hot flows", set_no_hot_flows);
}

static void load_host(const char *settings, void (*set)(struct host_bpf *skel))
{
	struct host_bpf *skel;

	if (geteuid() != 0)
		skip();
	skel = host_bpf__open();
	assert_non_null(skel);
	skel->rodata->weft_workers = 64;
	skel->rodata->weft_hot_cpus = HOT_CPUS;
	set(skel);
	load_one(skel->obj, "weft_host", settings);
	host_bpf__destroy(skel);
}

static void set_link(struct host_bpf *skel)
{
}

static void set_filter(struct host_bpf *skel)
{
	skel->rodata->weft_needs_heartbeat = 1;
}

static void set_raw(struct host_bpf *skel)
{
	skel->rodata->weft_link_bytes = 0;
	skel->rodata->weft_hot_cpus = 0;
}

TEST(host_is_within_the_limit)
{
	load_host("by a link", set_link);
}

TEST(host_of_a_filter_is_within_the_limit)
{
	load_host("by a filter", set_filter);
}

TEST(host_without_link_header_and_hot_flows_is_within_the_limit)
{
	load_host("without link header and hot flows", set_raw);
}

static void load_verdict(const char *name, uint32_t cpus)
{
	char settings[32];
	struct verdict_bpf *skel;

	if (geteuid() != 0)
		skip();
	skel = verdict_bpf__open();
	assert_non_null(skel);
	skel->rodata->weft_hot_cpus = cpus;
	snprintf(settings, sizeof(settings), "%u CPUs", cpus);
	load_one(skel->obj, name, settings);
	verdict_bpf__destroy(skel);
}

TEST(set_verdict_of_many_cpus_is_within_the_limit)
{
	load_verdict("weft_set_verdict", HOT_CPUS);
}

TEST(set_verdict_without_hot_flows_is_within_the_limit)
{
	load_verdict("weft_set_verdict", 0);
}

TEST(move_is_within_the_limit)
{
	load_verdict("weft_move", HOT_CPUS);
}

static void count_programs(struct bpf_object *object, unsigned int *count)
{
	struct bpf_program *program;

	assert_non_null(object);
	bpf_object__for_each_program(program, object)(*count)++;
}

/* This test fails if a program is added to bpf/ without a test above. */
TEST(no_program_is_left_out)
{
	struct steer_bpf *steer = steer_bpf__open();
	struct host_bpf *host = host_bpf__open();
	struct verdict_bpf *verdict = verdict_bpf__open();
	unsigned int programs = 0;
	glob_t sources;

	count_programs(steer->obj, &programs);
	count_programs(host->obj, &programs);
	count_programs(verdict->obj, &programs);
	assert_int_equal(programs, 4);
	assert_int_equal(glob("bpf/*.bpf.c", 0, NULL, &sources), 0);
	assert_int_equal(sources.gl_pathc, 3);
	globfree(&sources);
	steer_bpf__destroy(steer);
	host_bpf__destroy(host);
	verdict_bpf__destroy(verdict);
}
