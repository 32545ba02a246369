// SPDX-License-Identifier: BSD-2-Clause
/*
 * Tests of engine/engine.c: the totals include time-outs of locks and violations of ownership; the
 * secret of a replay; a start that fails.
 */
#include "unit/support/test.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <weft/weft.h>

#include "api/handle.h"
#include "engine/engine_body.h"
#include "engine/engine_call.h"
#include "flow/claims.h"
#include "unit/support/corpus.h"

enum { WAIT_MS = 10000 };

static struct weft *weft;

/* Number of threads that can still be created; negative: any number. */
static int threads_left = -1;

/* Replaces the function of the C library. */
#pragma GCC visibility push(default)
int pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*fn)(void *), void *arg)
{
	static int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "pthread_create");
	if (!threads_left)
		return EAGAIN;
	threads_left -= threads_left > 0;
	return real(thread, attr, fn, arg);
}
#pragma GCC visibility pop

static int setup(void **state)
{
	WEFT_OPTS(weft_opts, opts, .memory_max_bytes = 16 << 20, .workers = 2, .lock_timeout_ms = 2,
		  .performance_mode = WEFT_PERFORMANCE_SAFE);
	WEFT_OPTS(weft_submit_opts, submit, .live = true);

	assert_int_equal(weft_new(&opts, &weft), 0);
	assert_int_equal(weft_add_submit(weft, &submit), 0);
	return 0;
}

static int teardown(void **state)
{
	weft_free(weft);
	return 0;
}

static struct {
	const char *name;
	uint64_t value;
} wanted;

static void take_metric(const struct weft_metric *metric, void *ctx)
{
	if (!strcmp(metric->name, wanted.name))
		wanted.value = metric->value;
}

static uint64_t metric(const char *name)
{
	wanted.name = name;
	wanted.value = UINT64_MAX;
	weft_stats_each(weft, take_metric, NULL);
	return wanted.value;
}

static void *call_api(void *arg)
{
	*(int *)arg = weft_add_file(weft, "none");
	return NULL;
}

static void *ask_workers(void *arg)
{
	*(int *)arg = wf_engine_control_lock(weft->engine);
	return NULL;
}

static void *move_counts(void *arg)
{
	wf_count_mover_move(&weft->engine->count_mover);
	*(int *)arg = 0;
	return NULL;
}

/* Returns the result of @fn, called in another thread while this thread holds @lock. */
static int while_held(struct wf_lock *lock, void *(*fn)(void *))
{
	pthread_t thread;
	int result;

	assert_int_equal(wf_lock_take(lock, "test"), 0);
	assert_int_equal(pthread_create(&thread, NULL, fn, &result), 0);
	pthread_join(thread, NULL);
	wf_lock_put(lock);
	return result;
}

TEST_WITH(engine_stats_have_the_timeouts_of_api_control_and_count_locks, setup, teardown)
{
	uint64_t waited_ns;

	assert_int_equal(metric("lock_timeouts"), 0);
	assert_int_equal(while_held(&weft->lock, call_api), -ETIMEDOUT);
	assert_int_equal(metric("lock_timeouts"), 1);
	assert_int_equal(while_held(&weft->engine->control, ask_workers), -EBUSY);
	assert_int_equal(metric("lock_timeouts"), 2);
	waited_ns = metric("lock_wait_ns");
	while_held(&weft->engine->count_mover.lock, move_counts);
	assert_int_equal(metric("lock_timeouts"), 3);
	assert_int_equal(metric("lock_waits"), 3);
	assert_true(metric("lock_wait_ns") >= waited_ns + 1000000);
}

TEST_WITH(engine_stats_have_the_violations_of_workers_and_claims, setup, teardown)
{
	struct wf_engine *engine = weft->engine;
	struct weft_flow_key key;

	memset(&key, 7, sizeof(key));
	assert_int_equal(weft_start(weft), 0);
	assert_int_equal(metric("ownership_violations"), 0);
	/* Use these workers from another thread than their own. */
	for (uint32_t i = 0; i < engine->crew.count; i++) {
		while (!atomic_load(&engine->crew.workers[i].owner.thread))
			sched_yield();
		wf_owner_check(&engine->crew.workers[i].owner, "test");
	}
	assert_int_equal(metric("ownership_violations"), 2);
	wf_claims_add(&engine->claims, &key, 0);
	assert_int_equal(metric("ownership_violations"), 2);
	wf_claims_add(&engine->claims, &key, 1);
	assert_int_equal(metric("ownership_violations"), 3);
}

/* A replay of the same file has the same hash secret in each run, and all hashed tables use it. */
TEST(engine_replay_uses_the_secret_of_its_files_everywhere)
{
	const char *path = OWN_CORPUS "/captures/data/cut-by-snap-length.pcap";
	struct weft_hash_secret secrets[2];

	for (int run = 0; run < 2; run++) {
		WEFT_OPTS(weft_opts, opts, .memory_max_bytes = 16 << 20);
		struct wf_engine *engine;

		assert_int_equal(weft_new(&opts, &weft), 0);
		engine = weft->engine;
		assert_int_equal(weft_add_file(weft, path), 0);
		assert_int_equal(weft_start(weft), 0);
		secrets[run] = engine->secret;
		assert_memory_equal(&engine->marks.secret, &engine->secret, sizeof(secrets[0]));
		assert_memory_equal(&engine->splits.secret, &engine->secret, sizeof(secrets[0]));
		weft_free(weft);
	}
	assert_memory_equal(&secrets[0], &secrets[1], sizeof(secrets[0]));
}

/* The test renames the added interface to a name that does not exist, as if it had disappeared. */
TEST(engine_interface_that_disappeared_before_the_start_is_named)
{
	WEFT_OPTS(weft_opts, opts, .memory_max_bytes = 16 << 20);
	WEFT_OPTS(weft_interface_opts, interface, .mode = WEFT_MODE_TAP);

	assert_int_equal(weft_new(&opts, &weft), 0);
	assert_int_equal(weft_add_interface(weft, "lo", &interface), 0);
	memcpy(weft->engine->ifaces.list[0].name, "=1", 2);
	assert_int_equal(weft_start(weft), -ENODEV);
	assert_string_equal(weft_last_error(weft),
			    "capture: =1: the interface disappeared before the start");
	weft_free(weft);
}

/* ---- weft_before_threads() ---- */

static struct {
	int result;
	int calls;
	int threads;
	struct weft_needs needs;
} before;

static int count_threads(void)
{
	DIR *dir = opendir("/proc/self/task");
	struct dirent *entry;
	int count = 0;

	while ((entry = readdir(dir)))
		count += entry->d_name[0] != '.';
	closedir(dir);
	return count;
}

/*
 * Returns true once the process has @count threads. The kernel removes a thread from the list a
 * moment after pthread_join() has returned.
 */
static bool has_threads(int count)
{
	for (int i = 0; i < WAIT_MS && count_threads() != count; i++)
		poll(NULL, 0, 1);
	return count_threads() == count;
}

static int own_threads; /* threads of a process without a handle: also those of a sanitizer */

static void *do_nothing(void *arg)
{
	*(pid_t *)arg = gettid();
	return NULL;
}

/* A sanitizer may create a thread of its own together with the first other one. */
static int count_own_threads(void **state)
{
	char path[64];
	pthread_t thread;
	pid_t tid;

	assert_int_equal(pthread_create(&thread, NULL, do_nothing, &tid), 0);
	pthread_join(thread, NULL);
	snprintf(path, sizeof(path), "/proc/self/task/%d", (int)tid);
	while (!access(path, F_OK))
		poll(NULL, 0, 1);
	own_threads = count_threads();
	return 0;
}

TEST_GROUP(count_own_threads, NULL);

static int note_threads(const struct weft_needs *needs, void *ctx)
{
	before.calls++;
	before.threads = count_threads();
	before.needs = *needs;
	return *(int *)ctx;
}

TEST_WITH(engine_before_threads_is_called_once_before_a_thread_exists, setup, teardown)
{
	assert_true(has_threads(own_threads));
	memset(&before, 0, sizeof(before));
	assert_int_equal(weft_before_threads(weft, note_threads, &before.result), 0);
	assert_int_equal(weft_start(weft), 0);
	assert_int_equal(before.calls, 1);
	assert_int_equal(before.threads, own_threads);
	assert_true(count_threads() > own_threads);
	assert_int_equal(before.needs.capabilities, 0);
	assert_int_equal(before.needs.dir_fds_count, 0);
	assert_int_equal(weft_before_threads(weft, note_threads, NULL), -EBUSY);
}

TEST_WITH(engine_before_threads_error_fails_the_start, setup, teardown)
{
	before.result = -EPERM;
	assert_int_equal(weft_before_threads(weft, note_threads, &before.result), 0);
	assert_int_equal(weft_start(weft), -EPERM);
	assert_true(has_threads(own_threads));
	assert_non_null(strstr(weft_last_error(weft), "weft_before_threads() returned error"));
}

TEST_WITH(engine_start_after_one_that_ended_the_subscriptions_is_refused, setup, teardown)
{
	struct weft_sub *sub;
	struct weft_event event;

	assert_int_equal(weft_subscribe(weft, NULL, &sub), 0);
	before.result = -EPERM;
	assert_int_equal(weft_before_threads(weft, note_threads, &before.result), 0);
	assert_int_equal(weft_start(weft), -EPERM);
	assert_int_equal(weft_sub_poll(sub, &event, 1, 0), -ESHUTDOWN);
	before.result = 0;
	assert_int_equal(weft_start(weft), -ESHUTDOWN);
	assert_non_null(strstr(weft_last_error(weft), "make a new handle"));
}

/* A start that failed before the subscriptions began can be repeated. */
TEST(engine_start_after_one_that_found_no_source_is_possible)
{
	WEFT_OPTS(weft_opts, opts, .memory_max_bytes = 16 << 20);

	assert_int_equal(weft_new(&opts, &weft), 0);
	assert_int_equal(weft_start(weft), -EINVAL);
	assert_int_equal(weft_add_file(weft, OWN_CORPUS "/captures/data/keep-alive.pcap"), 0);
	assert_int_equal(weft_start(weft), 0);
	weft_free(weft);
}

/* ---- threads that can't be created ---- */

TEST(engine_start_leaves_no_thread_if_one_cannot_be_created)
{
	WEFT_OPTS(weft_opts, opts, .memory_max_bytes = 16 << 20, .workers = 2);
	int err = -EAGAIN;

	for (int created = 0; err; created++) {
		assert_int_equal(weft_new(&opts, &weft), 0);
		assert_int_equal(weft_add_submit(weft, NULL), 0);
		threads_left = created;
		err = weft_start(weft);
		threads_left = -1;
		if (err) {
			assert_int_equal(err, -EAGAIN);
			assert_true(has_threads(own_threads));
		}
		weft_free(weft);
	}
}
