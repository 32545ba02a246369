// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_policy_set.c - a change of policy whose steps fail in turn leaves the old policy everywhere:
 * in the engine, in its workers and in the kernel's filter.
 *
 * The test program defines bpf_map_update_elem() before libbpf's, and makes its Nth call fail.
 * Needs root, because the engine captures on the loopback device of a network namespace of its own.
 */
#include "unit/support/test.h"

#include <bpf/bpf.h>
#include <dlfcn.h>
#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <weft/weft.h>

#include "api/handle.h"
#include "bpf/shared.h"
#include "control/policy_set.h"
#include "engine/engine_body.h"
#include "worker/pipeline.h"

enum { WORKERS = 2, WAIT_MS = 20000, STEPS_MAX = 10000, FDS_MAX = 1024, TRIES_MAX = 100 };

static long countdown; /* number of calls until the failing one; 0: none fails */

#pragma GCC visibility push(default)
int bpf_map_update_elem(int fd, const void *key, const void *value, __u64 flags)
{
	static int (*real)(int, const void *, const void *, __u64);

	if (countdown && !--countdown)
		return -EPERM;
	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "bpf_map_update_elem");
	return real(fd, key, value, flags);
}
#pragma GCC visibility pop

static struct weft *weft;

static void set_up_loopback(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};

	assert_true(fd >= 0);
	assert_int_equal(ioctl(fd, SIOCSIFFLAGS, &request), 0);
	close(fd);
}

static void start(void)
{
	WEFT_OPTS(weft_opts, opts, .memory_max_bytes = 128 << 20, .workers = WORKERS);
	WEFT_OPTS(weft_interface_opts, iface, .mode = WEFT_MODE_HOST);

	if (geteuid())
		skip();
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	set_up_loopback();
	assert_int_equal(weft_new(&opts, &weft), 0);
	assert_int_equal(weft_add_interface(weft, "lo", &iface), 0);
	assert_int_equal(weft_start(weft), 0);
}

static void finish(void)
{
	weft_stop(weft);
	assert_int_equal(weft_wait(weft, WAIT_MS), 0);
	weft_free(weft);
}

static int set_once(uint16_t port, uint64_t depth_bytes)
{
	const uint16_t ports[] = {port};
	WEFT_OPTS(weft_policy_opts, opts, .ports = ports, .ports_count = 1,
		  .depth_bytes = depth_bytes);

	return wf_engine_policy_set(weft->engine, &opts);
}

/*
 * Set a policy whose @nth update of a map fails; 0: none. A worker that does not answer in time,
 * because the host is busy, is asked again.
 */
static int set_policy(uint16_t port, uint64_t depth_bytes, long nth)
{
	int err = -ETIMEDOUT;

	for (int i = 0; i < TRIES_MAX && err == -ETIMEDOUT; i++) {
		countdown = nth;
		err = set_once(port, depth_bytes);
	}
	return err;
}

static struct wf_conns *conns_of(uint32_t worker)
{
	return wf_pipeline_conns(weft->engine->crew.workers[worker].pipeline);
}

/* Return the word of the map weft_filter of the engine's program. */
static uint64_t kernel_word(void)
{
	const uint32_t zero = 0;
	struct weft_filter filter;

	for (int fd = 0; fd < FDS_MAX; fd++) {
		struct bpf_map_info info = {0};
		uint32_t len = sizeof(info);

		if (bpf_obj_get_info_by_fd(fd, &info, &len) || strcmp(info.name, "weft_filter"))
			continue;
		assert_int_equal(bpf_map_lookup_elem(fd, &zero, &filter), 0);
		return filter.word;
	}
	fail_msg("no map weft_filter");
	return 0;
}

static void assert_depth_everywhere(uint64_t depth_bytes)
{
	assert_int_equal(weft->engine->rules.depth_bytes, depth_bytes);
	for (uint32_t i = 0; i < WORKERS; i++) {
		const struct wf_conns *conns = conns_of(i);

		assert_int_equal(conns->rules.depth_bytes, depth_bytes);
		assert_int_equal(conns->depths.bytes[conns->depths.now], depth_bytes);
	}
}

TEST(policy_set_is_all_or_nothing_if_an_update_of_a_map_fails)
{
	uint64_t word;
	long step = 0;
	int err;

	start();
	assert_int_equal(set_policy(80, 1000, 0), 0);
	word = kernel_word();
	while (step++ < STEPS_MAX) {
		err = set_policy(443, 2000, step);
		if (!err)
			break;
		assert_int_equal(countdown, 0);
		assert_depth_everywhere(1000);
		assert_int_equal(kernel_word(), word);
	}
	/* The change made fewer updates than the last step. */
	assert_true(countdown > 0);
	countdown = 0;
	assert_depth_everywhere(2000);
	assert_int_not_equal(kernel_word(), word);
	finish();
}

/* Make worker @worker have connections with all depths but the present one. */
static void use_up_depths(uint32_t worker)
{
	struct wf_depths *depths = &conns_of(worker)->depths;

	for (uint8_t i = 0; i < WEFT_DEPTHS_MAX; i++) {
		depths->bytes[i] = i == depths->now ? depths->bytes[i] : 10000u + i;
		depths->flows[i] = i != depths->now;
	}
}

TEST(policy_set_is_all_or_nothing_if_a_worker_rejects_it)
{
	uint64_t word;

	start();
	assert_int_equal(set_policy(80, 1000, 0), 0);
	word = kernel_word();
	use_up_depths(WORKERS - 1);
	conns_of(WORKERS - 1)->depths.flows[conns_of(WORKERS - 1)->depths.now] = 1;
	assert_int_equal(set_policy(443, 2000, 0), -ENOSPC);
	assert_depth_everywhere(1000);
	assert_int_equal(kernel_word(), word);
	memset(conns_of(WORKERS - 1)->depths.flows, 0, sizeof(conns_of(0)->depths.flows));
	assert_int_equal(set_policy(443, 2000, 0), 0);
	assert_depth_everywhere(2000);
	finish();
}
