// SPDX-License-Identifier: BSD-2-Clause
/*
 * pcap_set.c - several capture files as one source, in order of time.
 *
 *   pending  sorted by the time of the first packet; closed, except pipes and some mapped files
 *   active   sorted by the time of the next packet; a file becomes active when its first packet is
 *            the next one of the capture
 *   ended    mapped files, whose frames stay readable until the set is closed
 *
 * The set's clock computes the monotonic time of the merged packets. A member's clock only gives
 * the time by which its packets are ordered.
 *
 * Each file is opened once before the start to read the time of its first packet. A pipe stays
 * open, because it can't be opened again. Up to OPEN_MAX mapped files stay open too, which saves
 * opening them again.
 */
#include "capture/set/pcap_set.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "capture/file/pcap_file.h"
#include "capture/set/pcap_list.h"
#include "capture/file/pcap_source.h"
#include "memory/page.h"
#include "packet/frame.h"
#include "packet/stamp_clock.h"

enum { BATCH = 32, OPEN_MAX = 16 };

struct member {
	const char *path; /* borrowed from the list */
	size_t rank;	  /* position in the list; orders files that begin at the same time */
	uint64_t first_ns;
	struct wf_source *source; /* owned; NULL: closed */
	bool is_mapped;
	/*
	 * computes time_ns from the packets' stamps; ignores single stamps that are much too late
	 */
	struct wf_stamp_clock clock;
	uint64_t time_ns; /* time of the next packet; valid if is_timed */
	bool is_timed;
	/* packets that were read and not yet passed on: [at, count) */
	unsigned int at;
	unsigned int count;
	struct wf_frame *frames; /* owned; NULL unless open */
};

struct pcap_set {
	/* clock and progress of all files; of file.format, only the member packets is used */
	struct wf_pcap_source file;
	const struct wf_pcap_list *list; /* borrowed */
	struct wf_page_pool *pool;	 /* borrowed */
	struct member *members;		 /* owned; in order of first_ns */
	size_t members_count;
	size_t next;		/* index of the first pending member */
	struct member **active; /* owned */
	size_t active_count;
	size_t open_count;
	uint64_t ended_bytes; /* bytes of the files that have ended */
	int err;	      /* error of any file, returned after the last file; 0: none */
};

/* ---- one file ------------------------------------------------------------------------- */

static void put_frames(struct member *member)
{
	while (member->at < member->count)
		wf_page_put(member->frames[member->at++].page);
	member->is_timed = false;
}

static void close_member(struct pcap_set *set, struct member *member)
{
	put_frames(member);
	free(member->frames);
	member->frames = NULL;
	if (!member->source)
		return;
	member->source->ops->close(member->source);
	member->source = NULL;
	set->open_count--;
}

static int open_member(struct pcap_set *set, struct member *member)
{
	int err;

	if (member->source)
		return 0;
	member->clock = (struct wf_stamp_clock){0};
	member->frames = calloc(BATCH, sizeof(*member->frames));
	if (!member->frames)
		return -ENOMEM;
	err = wf_pcap_file_open(member->path, set->pool, &member->source);
	if (!err)
		set->open_count++;
	else
		close_member(set, member);
	return err;
}

/* Move the reports of @member's source (no free page, lost frames) to the set's source. */
static void pass_on_losses(struct pcap_set *set, struct member *member)
{
	set->file.source.starved |= member->source->starved;
	set->file.source.lost_frames += member->source->lost_frames;
	member->source->starved = false;
	member->source->lost_frames = 0;
}

/*
 * Read more packets of @member, after those that were read and not yet passed on. Return: their
 * number; 0 if none has arrived; negative errno at its end.
 */
static int read_on(struct pcap_set *set, struct member *member)
{
	unsigned int left = member->count - member->at;
	int count;

	if (left)
		memmove(member->frames, member->frames + member->at,
			left * sizeof(*member->frames));
	count = wf_pcap_source_read(member->source, member->frames + left, BATCH - left);
	pass_on_losses(set, member);
	member->at = 0;
	member->count = left + (count > 0 ? (unsigned int)count : 0);
	if (count > 0)
		member->is_mapped = !member->frames[0].page;
	return count;
}

/*
 * Set the time of the next packet. If no packet after it was read, its stamp is accepted: the
 * packet is the last one of its file, or its stamp needs no confirmation.
 */
static void set_time(struct member *member)
{
	struct wf_frame frame = {.time_ns = member->frames[member->at].time_ns};
	bool is_last = member->at + 1 == member->count;

	wf_stamp_clock_set(&member->clock, &frame,
			   member->frames[is_last ? member->at : member->at + 1].time_ns);
	member->time_ns = wf_stamp_clock_now(&member->clock);
	member->is_timed = true;
}

/* Return true if packets must be read before the time of the next one can be set. */
static bool needs_more(const struct member *member)
{
	unsigned int left = member->count - member->at;

	return !left || (left == 1 && wf_stamp_clock_needs_next(
					      &member->clock, member->frames[member->at].time_ns));
}

/*
 * Return: 1 if the next packet of @member and its time are known; 0 if more packets must arrive
 * first; negative errno at the end of the file.
 */
static int fill(struct pcap_set *set, struct member *member)
{
	if (member->is_timed)
		return 1;
	if (needs_more(member)) {
		int count = read_on(set, member);

		if (!count || member->at == member->count)
			return count;
	}
	set_time(member);
	return 1;
}

static struct wf_frame take(struct member *member)
{
	struct wf_frame frame = member->frames[member->at++];

	member->is_timed = false;
	frame.file = (uint16_t)(member->rank + 1);
	return frame;
}

static uint64_t read_bytes(const struct member *member)
{
	struct weft_progress progress;

	wf_pcap_file_progress(member->source, &progress);
	return progress.read_bytes;
}

/* ---- the order ------------------------------------------------------------------------ */

/* Restore the order of the active members after the time of member @at has grown. */
static void sort_from(struct pcap_set *set, size_t at)
{
	struct member *moved = set->active[at];

	for (; at + 1 < set->active_count && set->active[at + 1]->time_ns < moved->time_ns; at++)
		set->active[at] = set->active[at + 1];
	set->active[at] = moved;
}

/* Remove the first active member, which has ended with @err. */
static void retire(struct pcap_set *set, int err)
{
	struct member *member = set->active[0];

	if (err != -ENODATA)
		set->err = err;
	set->ended_bytes += read_bytes(member);
	set->active_count--;
	memmove(set->active, set->active + 1, set->active_count * sizeof(*set->active));
	if (!member->is_mapped)
		close_member(set, member);
}

/*
 * Return true if no active file has a packet earlier than the first packet of the next pending
 * file. A pending pipe counts as the earliest (first_ns is 0).
 */
static bool is_next_due(const struct pcap_set *set)
{
	if (set->next == set->members_count)
		return false;
	return !set->active_count || set->members[set->next].first_ns <= set->active[0]->time_ns;
}

/*
 * Open the next pending file and insert it before the active ones, because its first packet is the
 * earliest. A file that can no longer be opened is left out.
 */
static void activate_next(struct pcap_set *set)
{
	struct member *member = &set->members[set->next++];
	int err = open_member(set, member);

	if (err) {
		set->err = err == -ENOMEM ? err : -EBADMSG;
		return;
	}
	memmove(set->active + 1, set->active, set->active_count * sizeof(*set->active));
	set->active[0] = member;
	set->active_count++;
}

/*
 * Make the first active member the one with the earliest packet. Return: 1; 0 if a packet has not
 * arrived; -ENODATA if all files have ended.
 */
static int find_first(struct pcap_set *set)
{
	for (;;) {
		int state;

		if (!set->active_count && set->next == set->members_count)
			return -ENODATA;
		if (!set->active_count) {
			activate_next(set);
			continue;
		}
		state = fill(set, set->active[0]);
		if (!state)
			return 0;
		if (state < 0) {
			retire(set, state);
			continue;
		}
		sort_from(set, 0);
		if (!is_next_due(set))
			return 1;
		activate_next(set);
	}
}

static void publish_progress(struct pcap_set *set, unsigned int count)
{
	uint64_t bytes = set->ended_bytes;

	for (size_t i = 0; i < set->active_count; i++)
		bytes += read_bytes(set->active[i]);
	set->file.format.packets += count;
	wf_pcap_source_advance(&set->file, bytes);
}

static int set_read(struct wf_pcap_source *file, struct wf_frame *frames, unsigned int max)
{
	struct pcap_set *set = (struct pcap_set *)file;
	unsigned int count = 0;
	int state = 1;

	while (count < max && (state = find_first(set)) > 0)
		frames[count++] = take(set->active[0]);
	publish_progress(set, count);
	/* A file that has ended may be closed by the next call. */
	file->source.ahead =
		set->active_count ? set->active[0]->source->ahead : (struct wf_look_ahead){0};
	if (count || !state)
		return (int)count;
	return set->err ? set->err : state;
}

/* Write the descriptors of the first active file: recv waits only for that file (find_first()). */
static int set_fds(struct wf_source *source, int *ret_fds, int max)
{
	const struct pcap_set *set = (struct pcap_set *)source;
	struct wf_source *first = set->active_count ? set->active[0]->source : NULL;

	return first && first->ops->fds ? first->ops->fds(first, ret_fds, max) : 0;
}

static void set_close(struct wf_source *source)
{
	struct pcap_set *set = (struct pcap_set *)source;

	for (size_t i = 0; i < set->members_count; i++)
		close_member(set, &set->members[i]);
	free(set->members);
	free(set->active);
	wf_pcap_source_fini(&set->file);
	free(set);
}

static const struct wf_source_ops set_ops = {
	.recv = wf_pcap_source_recv,
	.fds = set_fds,
	.close = set_close,
};

/* ---- set-up --------------------------------------------------------------------------- */

static int compare_first(const void *a, const void *b)
{
	const struct member *left = a, *right = b;

	if (left->first_ns != right->first_ns)
		return left->first_ns < right->first_ns ? -1 : 1;
	return left->rank < right->rank ? -1 : left->rank > right->rank;
}

static bool can_reopen(const char *path, uint64_t *ret_bytes)
{
	struct stat st;

	*ret_bytes = 0;
	if (!strcmp(path, "-") || stat(path, &st) || !S_ISREG(st.st_mode))
		return false;
	*ret_bytes = (uint64_t)st.st_size;
	return true;
}

/*
 * Read the time of @member's first packet. Return: 0; -ENODATA: it has no packet; negative errno if
 * it can't be read (logged).
 */
static int probe(struct pcap_set *set, struct member *member)
{
	bool is_file;
	uint64_t bytes;
	int err = open_member(set, member);

	if (err)
		return err;
	is_file = can_reopen(member->path, &bytes);
	set->file.total_bytes += bytes;
	if (!is_file)
		return 0; /* the packets of a pipe arrive later; the pipe is read from the start */
	err = fill(set, member);
	if (err <= 0)
		return err ? err : -ENODATA;
	member->first_ns = member->time_ns;
	if (!member->is_mapped || set->open_count > OPEN_MAX)
		close_member(set, member);
	return 0;
}

static int probe_all(struct pcap_set *set)
{
	for (size_t i = 0; i < set->list->count; i++) {
		struct member *member = &set->members[set->members_count];
		int err;

		*member = (struct member){.path = set->list->paths[i], .rank = i};
		err = probe(set, member);
		if (err) {
			close_member(set, member);
			if (err == -ENOMEM)
				return err;
			if (err != -ENODATA)
				set->err = -EBADMSG;
			continue;
		}
		set->members_count++;
	}
	qsort(set->members, set->members_count, sizeof(*set->members), compare_first);
	return 0;
}

static int set_begin(struct pcap_set *set)
{
	int err;

	set->members = calloc(set->list->count, sizeof(*set->members));
	set->active = calloc(set->list->count, sizeof(struct member *));
	if (!set->members || !set->active)
		return -ENOMEM;
	err = wf_pcap_source_init(&set->file, &set_ops, set_read, "capture files");
	if (!err)
		err = probe_all(set);
	if (!err && !set->members_count && set->err)
		err = set->err;
	return err;
}

int wf_pcap_set_open(const struct wf_pcap_list *list, int list_err, struct wf_page_pool *pool,
		     struct wf_source **ret_source)
{
	struct pcap_set *set;
	int err;

	if (list_err && (list_err != -EBADMSG || !list->count))
		return list_err;
	if (!list_err && list->count == 1)
		return wf_pcap_file_open(list->paths[0], pool, ret_source);
	set = calloc(1, sizeof(*set));
	if (!set)
		return -ENOMEM;
	set->pool = pool;
	set->list = list;
	set->err = list_err;
	err = set_begin(set);
	if (err) {
		set_close(&set->file.source);
		return err;
	}
	*ret_source = &set->file.source;
	return 0;
}
