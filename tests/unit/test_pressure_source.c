// SPDX-License-Identifier: BSD-2-Clause
#include "unit/support/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "memory/budget.h"
#include "pressure/pressure.h"
#include "pressure/pressure_source.h"

enum { MIB = 1 << 20 };

/* Each test has its own directory with files in the kernel's format. */
struct fixture {
	char dir[64];
	char path[256];
	struct wf_budget budget;
	struct wf_pressure_cgroup cgroup;
};

static int setup(void **state)
{
	struct fixture *fix = aligned_alloc(64, (sizeof(*fix) + 63) / 64 * 64);

	memset(fix, 0, sizeof(*fix));
	strcpy(fix->dir, "/tmp/weft-test-pressure-XXXXXX");
	assert_non_null(mkdtemp(fix->dir));
	wf_budget_init(&fix->budget, 100 * MIB, NULL, NULL);
	*state = fix;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fix = *state;
	char command[128];

	snprintf(command, sizeof(command), "rm -r '%s'", fix->dir);
	assert_int_equal(system(command), 0);
	free(fix);
	return 0;
}

static const char *path_of(struct fixture *fix, const char *name)
{
	snprintf(fix->path, sizeof(fix->path), "%s/%s", fix->dir, name);
	return fix->path;
}

static void make_dir(struct fixture *fix, const char *name)
{
	assert_int_equal(mkdir(path_of(fix, name), 0700), 0);
}

static void write_file(struct fixture *fix, const char *name, const char *text)
{
	FILE *file = fopen(path_of(fix, name), "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static uint32_t read_ok(wf_pressure_read_fn read, void *ctx)
{
	uint32_t percent = 12345;

	assert_int_equal(read(ctx, &percent), 0);
	return percent;
}

/* ---- budget ---- */

TEST_WITH(pressure_budget_reads_the_share_of_what_is_not_allotted, setup, teardown)
{
	struct fixture *fix = *state;
	struct wf_budget *budget = &fix->budget;

	assert_int_equal(read_ok(wf_pressure_read_budget, budget), 0);
	wf_budget_reserve(budget, WF_BUDGET_FRAMES, 40 * MIB);
	wf_budget_reserve(budget, WF_BUDGET_TABLES, 10 * MIB);
	wf_budget_reserve(budget, WF_BUDGET_FREE_SPANS, 20 * MIB);
	assert_int_equal(read_ok(wf_pressure_read_budget, budget), 0);
	wf_budget_reserve(budget, WF_BUDGET_PAGES, 20 * MIB);
	wf_budget_reserve(budget, WF_BUDGET_QUEUES, 5 * MIB);
	assert_int_equal(read_ok(wf_pressure_read_budget, budget), 50);
	wf_budget_move(budget, WF_BUDGET_FREE_SPANS, WF_BUDGET_SLABS, 20 * MIB);
	assert_int_equal(read_ok(wf_pressure_read_budget, budget), 90);
}

TEST_WITH(pressure_budget_all_allotted_reads_nothing, setup, teardown)
{
	struct fixture *fix = *state;

	wf_budget_reserve(&fix->budget, WF_BUDGET_FRAMES, 100 * MIB);
	assert_int_equal(read_ok(wf_pressure_read_budget, &fix->budget), 0);
}

/*
 * BPF maps, rings and workers have their final size before traffic begins, so they do not count as
 * pressure.
 */
TEST_WITH(pressure_budget_what_start_charged_is_not_in_use, setup, teardown)
{
	struct fixture *fix = *state;
	struct wf_budget *budget = &fix->budget;

	wf_budget_reserve(budget, WF_BUDGET_MAPS, 20 * MIB);
	wf_budget_reserve(budget, WF_BUDGET_RINGS, 20 * MIB);
	wf_budget_reserve(budget, WF_BUDGET_WORKERS, 10 * MIB);
	assert_int_equal(read_ok(wf_pressure_read_budget, budget), 0);
	wf_budget_reserve(budget, WF_BUDGET_PAGES, 25 * MIB);
	assert_int_equal(read_ok(wf_pressure_read_budget, budget), 50);
}

/* ---- process ---- */

static uint32_t read_status(struct fixture *fix, const char *text, int expected_err)
{
	struct wf_pressure_process process = {.budget = &fix->budget, .slack_bytes = 0};
	uint32_t percent = 0;

	write_file(fix, "status", text);
	process.status_path = path_of(fix, "status");
	assert_int_equal(wf_pressure_read_process(&process, &percent), expected_err);
	return percent;
}

TEST_WITH(pressure_process_leaves_mapped_files_aside, setup, teardown)
{
	assert_int_equal(read_status(*state,
				     "Name:\tweft\nVmRSS:\t 999999 kB\nRssAnon:\t   20480 kB\n"
				     "RssFile:\t  900000 kB\nRssShmem:\t   30720 kB\n",
				     0),
			 50);
}

TEST_WITH(pressure_process_does_not_hold_what_the_kernel_does, setup, teardown)
{
	struct fixture *fix = *state;

	wf_budget_reserve(&fix->budget, WF_BUDGET_MAPS, 20 * MIB);
	wf_budget_reserve(&fix->budget, WF_BUDGET_RINGS, 30 * MIB);
	assert_int_equal(read_status(fix, "RssAnon: 20480 kB\nRssShmem: 20480 kB\n", 0), 80);
}

TEST_WITH(pressure_process_free_spans_are_not_in_use, setup, teardown)
{
	struct fixture *fix = *state;

	wf_budget_reserve(&fix->budget, WF_BUDGET_FREE_SPANS, 20 * MIB);
	assert_int_equal(read_status(fix, "RssAnon: 20480 kB\nRssShmem: 30720 kB\n", 0), 30);
}

TEST_WITH(pressure_process_beyond_the_limit_reads_more_than_all, setup, teardown)
{
	assert_int_equal(read_status(*state, "RssAnon: 153600 kB\nRssShmem: 0 kB\n", 0), 150);
}

TEST_WITH(pressure_process_slack_is_allowed, setup, teardown)
{
	struct fixture *fix = *state;
	struct wf_pressure_process process = {.budget = &fix->budget, .slack_bytes = 32 * MIB};

	write_file(fix, "status", "RssAnon: 32768 kB\nRssShmem: 0 kB\n");
	process.status_path = path_of(fix, "status");
	assert_int_equal(read_ok(wf_pressure_read_process, &process), 0);
}

TEST_WITH(pressure_process_unreadable_is_an_error, setup, teardown)
{
	struct fixture *fix = *state;
	struct wf_pressure_process process = {.budget = &fix->budget,
					      .status_path = "/nonexistent/status"};
	uint32_t percent;

	assert_int_equal(wf_pressure_read_process(&process, &percent), -ENOENT);
	read_status(fix, "Name: weft\n", -EBADMSG);
	read_status(fix, "RssAnon: many\nRssShmem: 1 kB\n", -EBADMSG);
	read_status(fix, "RssAnon: 99999999999999999999999 kB\nRssShmem: 1 kB\n", -EBADMSG);
	read_status(fix, "", -EBADMSG);
}

TEST_WITH(pressure_process_reads_this_process, setup, teardown)
{
	struct fixture *fix = *state;
	struct wf_pressure_process process = {.budget = &fix->budget,
					      .status_path = "/proc/self/status"};

	read_ok(wf_pressure_read_process, &process);
}

/* ---- PSI ---- */

static uint32_t read_psi(struct fixture *fix, const char *text)
{
	write_file(fix, "psi", text);
	return read_ok(wf_pressure_read_psi, (void *)path_of(fix, "psi"));
}

TEST_WITH(pressure_psi_time_lost_becomes_percent, setup, teardown)
{
	struct fixture *fix = *state;

	assert_int_equal(read_psi(fix, "some avg10=0.00 avg60=9.00 avg300=0.00 total=0\n"
				       "full avg10=0.00 avg60=0.00 avg300=0.00 total=0\n"),
			 0);
	assert_int_equal(read_psi(fix, "some avg10=9.99 avg60=0\n"), 63);
	assert_int_equal(read_psi(fix, "some avg10=10.00 avg60=0\n"), 70);
	assert_int_equal(read_psi(fix, "some avg10=25.31 avg60=0\n"), 85);
	assert_int_equal(read_psi(fix, "some avg10=35.00 avg60=0\n"), 95);
	assert_int_equal(read_psi(fix, "some avg10=100.00 avg60=0\n"), 100);
}

TEST_WITH(pressure_psi_absent_is_no_data, setup, teardown)
{
	uint32_t percent;

	assert_int_equal(wf_pressure_read_psi((void *)"/nonexistent/memory", &percent), -ENODATA);
}

TEST_WITH(pressure_psi_garbled_is_an_error, setup, teardown)
{
	struct fixture *fix = *state;
	uint32_t percent;

	write_file(fix, "psi", "full avg10=1.00\n");
	assert_int_equal(wf_pressure_read_psi((void *)path_of(fix, "psi"), &percent), -EBADMSG);
}

/* ---- cgroups ---- */

static void make_v2(struct fixture *fix, const char *max, const char *outer_max)
{
	write_file(fix, "cgroup", "0::/outer/inner\n");
	make_dir(fix, "fs");
	make_dir(fix, "fs/outer");
	make_dir(fix, "fs/outer/inner");
	write_file(fix, "fs/outer/memory.max", outer_max);
	write_file(fix, "fs/outer/memory.current", "94371840\n");
	write_file(fix, "fs/outer/memory.stat", "anon 5\ninactive_file 0\n");
	write_file(fix, "fs/outer/inner/memory.max", max);
	write_file(fix, "fs/outer/inner/memory.current", "62914560\n");
	write_file(fix, "fs/outer/inner/memory.stat", "anon 5\ninactive_file 10485760\n");
}

static int find_cgroup(struct fixture *fix)
{
	char fs[128];

	snprintf(fs, sizeof(fs), "%s/fs", fix->dir);
	fix->cgroup.budget = &fix->budget;
	return wf_cgroup_find(fix->dir, fs, &fix->cgroup.group);
}

TEST_WITH(pressure_cgroup_v2_reads_use_without_droppable, setup, teardown)
{
	struct fixture *fix = *state;

	make_v2(fix, "104857600\n", "max\n");
	assert_int_equal(find_cgroup(fix), 0);
	assert_true(fix->cgroup.group.is_v2);
	assert_int_equal(read_ok(wf_pressure_read_cgroup, &fix->cgroup), 50);
	wf_budget_reserve(&fix->budget, WF_BUDGET_FREE_SPANS, 10 * MIB);
	assert_int_equal(read_ok(wf_pressure_read_cgroup, &fix->cgroup), 40);
}

TEST_WITH(pressure_cgroup_v2_outer_group_counts, setup, teardown)
{
	struct fixture *fix = *state;

	make_v2(fix, "104857600\n", "104857600\n");
	assert_int_equal(find_cgroup(fix), 0);
	assert_int_equal(read_ok(wf_pressure_read_cgroup, &fix->cgroup), 90);
}

TEST_WITH(pressure_cgroup_without_limit_is_no_data, setup, teardown)
{
	struct fixture *fix = *state;
	uint32_t percent;

	make_v2(fix, "max\n", "max\n");
	assert_int_equal(find_cgroup(fix), 0);
	assert_int_equal(wf_pressure_read_cgroup(&fix->cgroup, &percent), -ENODATA);
}

TEST_WITH(pressure_cgroup_garbled_is_an_error, setup, teardown)
{
	struct fixture *fix = *state;
	uint32_t percent;

	make_v2(fix, "104857600\n", "max\n");
	assert_int_equal(find_cgroup(fix), 0);
	write_file(fix, "fs/outer/inner/memory.current", "lots\n");
	assert_int_equal(wf_pressure_read_cgroup(&fix->cgroup, &percent), -EBADMSG);
}

TEST_WITH(pressure_cgroup_v1_reads_its_files, setup, teardown)
{
	struct fixture *fix = *state;

	write_file(fix, "cgroup", "5:cpu,cpuacct:/a\n4:memory:/box\n0::/\n");
	make_dir(fix, "fs");
	make_dir(fix, "fs/memory");
	make_dir(fix, "fs/memory/box");
	write_file(fix, "fs/memory/memory.limit_in_bytes", "9223372036854771712\n");
	write_file(fix, "fs/memory/memory.usage_in_bytes", "1\n");
	write_file(fix, "fs/memory/box/memory.limit_in_bytes", "104857600\n");
	write_file(fix, "fs/memory/box/memory.usage_in_bytes", "94371840\n");
	write_file(fix, "fs/memory/box/memory.stat",
		   "inactive_file 5\ntotal_inactive_file 10485760\n");
	assert_int_equal(find_cgroup(fix), 0);
	assert_false(fix->cgroup.group.is_v2);
	assert_int_equal(read_ok(wf_pressure_read_cgroup, &fix->cgroup), 80);
}

TEST_WITH(pressure_cgroup_in_a_namespace_is_the_mount, setup, teardown)
{
	struct fixture *fix = *state;

	write_file(fix, "cgroup", "0::/../elsewhere\n");
	make_dir(fix, "fs");
	write_file(fix, "fs/memory.max", "104857600\n");
	write_file(fix, "fs/memory.current", "52428800\n");
	assert_int_equal(find_cgroup(fix), 0);
	assert_int_equal(read_ok(wf_pressure_read_cgroup, &fix->cgroup), 50);
}

TEST_WITH(pressure_cgroup_v2_high_is_a_limit, setup, teardown)
{
	struct fixture *fix = *state;

	make_v2(fix, "209715200\n", "max\n");
	write_file(fix, "fs/outer/inner/memory.high", "max\n");
	assert_int_equal(find_cgroup(fix), 0);
	assert_int_equal(read_ok(wf_pressure_read_cgroup, &fix->cgroup), 25);
	write_file(fix, "fs/outer/inner/memory.high", "104857600\n");
	assert_int_equal(read_ok(wf_pressure_read_cgroup, &fix->cgroup), 50);
}

/* v2 may account memory in an ancestor only. */
TEST_WITH(pressure_cgroup_v2_without_controller_is_its_ancestor, setup, teardown)
{
	struct fixture *fix = *state;

	make_v2(fix, "max\n", "104857600\n");
	write_file(fix, "cgroup", "0::/outer/inner/leaf\n");
	make_dir(fix, "fs/outer/inner/leaf");
	assert_int_equal(find_cgroup(fix), 0);
	assert_int_equal(read_ok(wf_pressure_read_cgroup, &fix->cgroup), 90);
}

TEST_WITH(pressure_cgroup_absent_is_not_found, setup, teardown)
{
	struct fixture *fix = *state;

	assert_int_equal(find_cgroup(fix), -ENOENT);
	write_file(fix, "cgroup", "0::/\nnonsense\n4:notmemory:/x\n");
	make_dir(fix, "fs");
	make_dir(fix, "fs/memory");
	assert_int_equal(find_cgroup(fix), -ENOENT);
}
