// SPDX-License-Identifier: BSD-2-Clause
/* owner.c - compares thread ids. A violation is a bug in weft or in the application. */
#include "base/owner.h"

#include <stdio.h>
#include <unistd.h>

#include "base/log.h"

/* LOGGED_MAX: maximum number of violations logged for each struct wf_owner; all are counted. */
enum { LOGGED_MAX = 10, NAME_BYTES = 16 };

static _Thread_local int32_t own_id;

int32_t wf_thread_id(void)
{
	if (wf_unlikely(!own_id))
		own_id = (int32_t)gettid();
	return own_id;
}

void wf_owner_adopt(struct wf_owner *owner)
{
	if (owner)
		atomic_store_explicit(&owner->thread, wf_thread_id(), memory_order_release);
}

bool wf_owner_is_self(const struct wf_owner *owner)
{
	return atomic_load_explicit(&owner->thread, memory_order_acquire) == wf_thread_id();
}

static void name_of(int32_t thread, char ret_name[NAME_BYTES])
{
	char path[64];
	FILE *file;

	snprintf(ret_name, NAME_BYTES, "ended");
	snprintf(path, sizeof(path), "/proc/self/task/%d/comm", thread);
	file = fopen(path, "re");
	if (!file)
		return;
	if (fscanf(file, "%15[^\n]", ret_name) != 1)
		snprintf(ret_name, NAME_BYTES, "?");
	fclose(file);
}

static void report_violation(struct wf_owner *owner, const char *what, const char *why,
			     int32_t other)
{
	char names[2][NAME_BYTES];

	if (atomic_fetch_add_explicit(&owner->violations, 1, memory_order_relaxed) >= LOGGED_MAX)
		return;
	name_of(wf_thread_id(), names[0]);
	name_of(other, names[1]);
	wf_error("concurrency: %s: thread %d (%s) used an object that thread %d (%s) %s", what,
		 wf_thread_id(), names[0], other, names[1], why);
}

void wf_owner_verify(struct wf_owner *owner, const char *what)
{
	int32_t thread = atomic_load_explicit(&owner->thread, memory_order_acquire);

	if (thread && thread != wf_thread_id())
		report_violation(owner, what, "owns", thread);
}

void wf_owner_verify_enter(struct wf_owner *owner, const char *what)
{
	int32_t other;

	wf_owner_verify(owner, what);
	if (!owner->races)
		return;
	other = atomic_exchange_explicit(&owner->inside, wf_thread_id(), memory_order_acq_rel);
	if (other)
		report_violation(owner, what, "is using at this moment", other);
}
