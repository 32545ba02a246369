// SPDX-License-Identifier: BSD-2-Clause
/*
 * Tests of base/numa.c and engine/placement.c: a simulated sysfs of a machine with several nodes.
 */
#include "unit/support/test.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/numa.h"
#include "engine/placement.h"
#include "worker/worker.h"
#include "memory/arena.h"
#include "unit/support/run_off.h"

enum { CPUS = 8 };

static char root[] = "/tmp/weft-numa-XXXXXX";

static void make_dirs(const char *format, ...)
{
	char path[PATH_MAX / 2], full[PATH_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(path, sizeof(path), format, args);
	va_end(args);
	snprintf(full, sizeof(full), "%s/%s/", root, path);
	for (char *slash = strchr(full + strlen(root) + 1, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		assert_true(!mkdir(full, 0700) || errno == EEXIST);
		*slash = '/';
	}
}

static void write_node(const char *ifname, const char *text)
{
	char path[PATH_MAX];
	FILE *file;

	make_dirs("class/net/%s/device", ifname);
	snprintf(path, sizeof(path), "%s/class/net/%s/device/numa_node", root, ifname);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

/* CPUs alternate between nodes 0 and 1, as on many machines; the last two belong to node 12. */
static int setup(void **state)
{
	assert_non_null(mkdtemp(root));
	for (int cpu = 0; cpu < CPUS; cpu++) {
		make_dirs("devices/system/cpu/cpu%d/topology", cpu);
		make_dirs("devices/system/cpu/cpu%d/node%d", cpu, cpu < 6 ? cpu % 2 : 12);
	}
	write_node("near1", "1\n");
	write_node("one_node", "-1\n");
	write_node("odd", "of no number\n");
	make_dirs("class/net/veth0");
	return 0;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	return remove(path);
}

static int teardown(void **state)
{
	nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	strcpy(root + strlen(root) - 6, "XXXXXX");
	return 0;
}

static void fill(struct wf_cpu_place *places)
{
	for (int cpu = 0; cpu < CPUS; cpu++)
		places[cpu] = (struct wf_cpu_place){.cpu = cpu};
}

static void assert_cpus(const struct wf_cpu_place *places, const char *expected)
{
	char text[64] = "";

	for (int i = 0; i < CPUS; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%d@%d ", places[i].cpu,
			 places[i].node);
	assert_string_equal(text, expected);
}

TEST_WITH(numa_node_of_a_device, setup, teardown)
{
	assert_int_equal(wf_numa_netdev_node(root, "near1"), 1);
	assert_int_equal(wf_numa_netdev_node(root, "one_node"), -1);
	assert_int_equal(wf_numa_netdev_node(root, "odd"), -1);
	assert_int_equal(wf_numa_netdev_node(root, "veth0"), -1);
	assert_int_equal(wf_numa_netdev_node(root, "none"), -1);
}

TEST_WITH(numa_cpus_of_the_devices_node_come_first, setup, teardown)
{
	struct wf_cpu_place places[CPUS];
	const int one[] = {1};
	const int far[] = {12, 1};

	fill(places);
	wf_numa_order(root, one, 1, places, CPUS);
	assert_cpus(places, "1@1 3@1 5@1 0@0 2@0 4@0 6@12 7@12 ");
	fill(places);
	wf_numa_order(root, far, 2, places, CPUS);
	assert_cpus(places, "6@12 7@12 1@1 3@1 5@1 0@0 2@0 4@0 ");
}

TEST_WITH(numa_cpus_keep_their_order_where_nodes_are_unknown, setup, teardown)
{
	struct wf_cpu_place places[CPUS];
	const int none[] = {-1, 77};

	fill(places);
	wf_numa_order(root, none, 2, places, CPUS);
	assert_cpus(places, "0@0 1@1 2@0 3@1 4@0 5@1 6@12 7@12 ");
	fill(places);
	wf_numa_order("/nonexistent", none, 2, places, CPUS);
	assert_cpus(places, "0@-1 1@-1 2@-1 3@-1 4@-1 5@-1 6@-1 7@-1 ");
}

TEST_WITH(numa_bind_takes_a_node_that_there_is, setup, teardown)
{
	void *memory =
		mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int err = wf_numa_bind(memory, 65536, 0);

	assert_true(!err || err == -ENOSYS || err == -EPERM);
	assert_int_equal(wf_numa_bind(memory, 65536, -1), -EINVAL);
	assert_int_equal(wf_numa_bind(memory, 65536, WF_NUMA_NODES_MAX), -EINVAL);
	memset(memory, 1, 65536);
	munmap(memory, 65536);
}

/*
 * Three workers run on node 1, one on node 0; each must take spans from its node's part of the
 * arena.
 */
TEST_WITH(placement_memory_follows_the_workers, setup, teardown)
{
	static struct wf_worker workers[4];
	struct wf_cpu_place places[CPUS];
	const int one[] = {1};
	struct wf_arena *arena;

	assert_int_equal(wf_arena_new(40 << 20, &arena), 0);
	fill(places);
	wf_numa_order(root, one, 1, places, CPUS);
	wf_placement_set(workers, 4, places);
	wf_placement_divide(arena, workers, 4);
	assert_int_equal(workers[2].pin_cpu, 5);
	assert_int_equal(workers[3].pin_cpu, 0);
	assert_int_equal(workers[3].node, 0);
	for (int i = 0; i < 4; i++) {
		int64_t off;

		wf_arena_prefer(arena, workers[i].arena_part);
		off = take_run_off(arena, 1);
		if (i < 3)
			assert_in_range(off, 0, 2 * WEFT_SPAN_BYTES);
		else
			assert_in_range(off, 20 << 20, 36 << 20);
	}
	wf_arena_prefer(arena, 0);
	wf_arena_free(arena);
}
