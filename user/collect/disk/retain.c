// SPDX-License-Identifier: BSD-2-Clause
/*
 * retain.c - removes stream files whose last write is longer ago than the retention time, a few at
 * each call, so that messages never wait for long.
 *
 * Files of live connections stay. A connection that was silent for the retention time is removed
 * from the table first: its close message may never come.
 *
 * While the disk is full, files are removed in the middle of a batch, too: nothing else may free
 * space. Files to which this batch has bytes to write stay.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "collect/disk/store_internal.h"

enum {
	ENTRIES_A_STEP = 256,
	FLOWS_A_STEP = 64,
	/* maximum time between two searches of the directory */
	PAUSE_MAX_SEC = 60,
	/* the time between searches is at most 1/PAUSE_PARTS of the retention time, but 1 s or more
	 */
	PAUSE_PARTS = 4,
};

/* Return true if @name is a stream file of no live connection. */
static bool is_finished(const struct wf_collect_store *store, const char *name)
{
	struct wf_stream_number number;
	struct weft_flow peers;

	if (!wf_stream_name_parse(name, &peers))
		return false;
	number.number = peers.use;
	number.by_tenant = wf_stream_has_tenant(&peers);
	return !wf_collect_flow_is_taken(&store->flows, &peers, number, NULL, true);
}

static void remove_if_old(struct wf_collect_store *store, const char *name)
{
	struct stat st;

	if (fstatat(store->dir, name, &st, AT_SYMLINK_NOFOLLOW) || !S_ISREG(st.st_mode) ||
	    time(NULL) - st.st_mtime < (time_t)store->opts.retain_sec || !is_finished(store, name))
		return;
	if (!unlinkat(store->dir, name, 0))
		wf_collect_count(store->opts.counts, removed_files, 1);
}

static void end_scan(struct wf_collect_store *store)
{
	int64_t pause = (int64_t)store->opts.retain_sec / PAUSE_PARTS;

	closedir(store->scan);
	store->scan = NULL;
	if (pause > PAUSE_MAX_SEC)
		pause = PAUSE_MAX_SEC;
	store->next_scan_sec = wf_collect_now_sec() + (pause ? pause : 1);
}

static void begin_scan(struct wf_collect_store *store)
{
	int fd = openat(store->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	store->scan = fd < 0 ? NULL : fdopendir(fd);
	if (!store->scan && fd >= 0)
		close(fd);
}

/* Remove connections that were silent for the retention time. Return: true if there were any. */
static bool forget_silent(struct wf_collect_store *store)
{
	int64_t now_sec = wf_collect_now_sec();
	bool has_forgotten = false;

	for (int i = 0; i < FLOWS_A_STEP; i++) {
		struct wf_collect_flow *flow =
			wf_collect_list_oldest(&store->flows, &store->flows.live);

		if (flow && !flow->last_sec)
			/* the connection was read from the journal, which has no times */
			flow->last_sec = now_sec;
		if (!flow || now_sec - flow->last_sec < (int64_t)store->opts.retain_sec)
			break;
		wf_collect_forget(store, flow);
		has_forgotten = true;
	}
	return has_forgotten;
}

/* Look at some entries of the directory, if a search is due. */
static void scan_some(struct wf_collect_store *store)
{
	struct dirent *entry;

	if (!store->scan && wf_collect_now_sec() >= store->next_scan_sec)
		begin_scan(store);
	for (int i = 0; store->scan && i < ENTRIES_A_STEP; i++) {
		entry = readdir(store->scan);
		if (entry)
			remove_if_old(store, entry->d_name);
		else
			end_scan(store);
	}
}

void wf_collect_free_space(struct wf_collect_store *store)
{
	if (!store->opts.retain_sec)
		return;
	store->next_scan_sec = 0;
	do
		scan_some(store);
	while (store->scan && !store->opts.should_stop());
}

int wf_collect_store_tidy(struct wf_collect_store *store)
{
	if (!store->opts.retain_sec || store->messages)
		return 0;
	if (forget_silent(store)) {
		wf_journal_commit(&store->journal, &store->position);
		return wf_collect_sync_later(store);
	}
	scan_some(store);
	return 0;
}
