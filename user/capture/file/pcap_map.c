// SPDX-License-Identifier: BSD-2-Clause
/*
 * pcap_map.c - the source for a mapped capture file, whose frames point into the mapping.
 *
 *   │ released ... │ parsed, frames may be in use │ populated, not parsed │ not populated ... │
 *              released                          pos                     ready              size
 *
 * MADV_POPULATE_READ maps one window at a time. This is cheaper than one page fault per 64 KiB, and
 * returns an error instead of raising SIGBUS if the file was truncated. Whole windows more than
 * LAG_BYTES before the current position are released after the next window is populated, so about
 * LAG_BYTES + 3 * WINDOW_BYTES are resident. If a frame in a released page is still used, the
 * kernel maps the page again, so it is resident until the file is closed or has ended. One risk
 * remains: if the file is truncated while frames in the removed part are in use, reading them
 * raises SIGBUS, as with any mapping.
 */
#include "capture/file/pcap_map.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/log.h"
#include "capture/mapped_files.h"
#include "capture/file/pcap_source.h"

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#endif

#define WINDOW_BYTES (8ull << 20)
#define LAG_BYTES    (64ull << 20)

struct pcap_map {
	struct wf_pcap_source file;
	int fd;		     /* owned */
	const uint8_t *base; /* owned: start of the mapping */
	uint64_t mapped_bytes;
	/* number of readable bytes; smaller than mapped_bytes if the file was truncated */
	uint64_t size;
	uint64_t pos;
	uint64_t ready;
	uint64_t released;
	const char *cut; /* reason why size < mapped_bytes; NULL if they are equal */
	bool is_listed;	 /* in the table of mapped_files.h, which borrows fd */
};

static void note_cut(struct pcap_map *map, uint64_t size, const char *why)
{
	map->size = size;
	map->cut = why;
}

/* Check the file's size, and reduce map->size if the file has become shorter. */
static void check_size(struct pcap_map *map)
{
	struct stat st;

	if (!fstat(map->fd, &st) && (uint64_t)st.st_size < map->size)
		note_cut(map, (uint64_t)st.st_size, "the file was truncated while it was read");
}

static void release_behind(struct pcap_map *map)
{
	uint64_t end;

	if (map->pos < LAG_BYTES + WINDOW_BYTES)
		return;
	end = (map->pos - LAG_BYTES) / WINDOW_BYTES * WINDOW_BYTES;
	if (end <= map->released)
		return;
	madvise((void *)(map->base + map->released), end - map->released, MADV_DONTNEED);
	map->released = end;
}

/*
 * Populate the next window. This increases map->ready, or reduces map->size if bytes can't be read.
 */
static void next_window(struct pcap_map *map)
{
	uint64_t begin = map->ready, end;

	check_size(map);
	end = begin + WINDOW_BYTES;
	if (end > map->size)
		end = map->size;
	if (end <= begin)
		return;

	/*
	 * Only EFAULT and EHWPOISON mean that bytes can't be read. After other errors, reading
	 * raises page faults that load the pages.
	 */
	if (madvise((void *)(map->base + begin), end - begin, MADV_POPULATE_READ) &&
	    (errno == EFAULT || errno == EHWPOISON)) {
		check_size(map);
		if (!map->cut)
			note_cut(map, begin,
				 "the file can't be read at this position (input/output error)");
		if (end > map->size)
			end = map->size;
	}
	if (end > map->ready)
		map->ready = end;
	release_behind(map);
}

/*
 * Release the resident pages of a file that is not read any further, and its descriptor unless a
 * client may still need it. Frames still in use stay readable, because the kernel reads their pages
 * again.
 */
static void rest(struct pcap_map *map)
{
	madvise((void *)map->base, map->mapped_bytes, MADV_DONTNEED);
	if (map->is_listed)
		return;
	close(map->fd);
	map->fd = -1;
}

/*
 * Handle the end of the data: no complete record follows map->pos. Return: -ENODATA if all records
 * were read; -EBADMSG if the last record is incomplete or can't be read.
 */
static int end_of_file(struct pcap_map *map)
{
	if (map->cut)
		return wf_pcap_source_damaged(&map->file, map->pos, map->cut);
	if (map->pos != map->size)
		return wf_pcap_source_damaged(&map->file, map->pos,
					      "the file ends within a record");
	return wf_pcap_source_ended(&map->file);
}

static int read_more(struct pcap_map *map, struct wf_frame *frames, unsigned int max)
{
	struct wf_pcap_state *format = &map->file.format;

	while (!map->file.err) {
		enum wf_pcap_status status;
		unsigned int count;
		uint64_t used;

		if (map->pos >= map->ready) {
			if (map->ready >= map->size)
				return end_of_file(map);
			next_window(map);
			continue;
		}
		status = wf_pcap_format_next(format, map->base + map->pos, map->ready - map->pos,
					     frames, max, &count, &used);
		map->pos += used;
		wf_pcap_source_advance(&map->file, map->pos);
		if (count)
			return (int)count;
		if (status == WF_PCAP_DAMAGED)
			return wf_pcap_source_damaged(&map->file, map->pos, format->why);
		if (status == WF_PCAP_MORE) {
			if (map->ready >= map->size)
				return end_of_file(map);
			next_window(map);
		}
	}
	return map->file.err;
}

static int map_read(struct wf_pcap_source *file, struct wf_frame *frames, unsigned int max)
{
	struct pcap_map *map = (struct pcap_map *)file;
	int count = read_more(map, frames, max);
	uint64_t next = map->pos < map->ready ? map->pos : map->ready;

	wf_pcap_format_look_ahead(&file->format, map->base + next, map->base + map->ready,
				  &file->source.ahead);
	if (wf_unlikely(count < 0) && map->fd >= 0)
		rest(map);
	return count;
}

static void map_close(struct wf_source *source)
{
	struct pcap_map *map = (struct pcap_map *)source;

	if (map->is_listed)
		wf_mapped_files_remove(map->base);
	if (map->base)
		munmap((void *)map->base, map->mapped_bytes);
	if (map->fd >= 0)
		close(map->fd);
	wf_pcap_source_fini(&map->file);
	free(map);
}

static const struct wf_source_ops map_ops = {
	.recv = wf_pcap_source_recv,
	.close = map_close,
};

static int map_all(struct pcap_map *map)
{
	struct stat st;
	void *base;
	/* another process may have read a part of standard input */
	off_t pos = lseek(map->fd, 0, SEEK_CUR);

	if (fstat(map->fd, &st) || pos < 0)
		return -errno;
	if (st.st_size <= pos) {
		wf_error("%s: empty, not a capture file", map->file.name);
		return -EBADMSG;
	}
	base = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, map->fd, 0);
	if (base == MAP_FAILED)
		return -errno;
	/*
	 * The kernel then reads the file ahead in huge pages, if the filesystem has large folios,
	 * and maps 2 MiB at a time. Failures only make reading slower.
	 */
	madvise(base, (size_t)st.st_size, MADV_SEQUENTIAL);
	madvise(base, (size_t)st.st_size, MADV_HUGEPAGE);
	map->base = base;
	map->mapped_bytes = (uint64_t)st.st_size;
	map->size = map->mapped_bytes;
	map->pos = (uint64_t)pos;
	map->ready = map->pos / WINDOW_BYTES * WINDOW_BYTES;
	map->released = map->ready;
	atomic_store_explicit(&map->file.total_bytes, map->size, memory_order_relaxed);
	return 0;
}

static int map_begin(struct pcap_map *map)
{
	struct wf_pcap_state *format = &map->file.format;
	enum wf_pcap_status status;
	uint64_t used = 0;

	do {
		next_window(map);
		status = wf_pcap_format_begin(format, map->file.name, map->base + map->pos,
					      map->ready - map->pos, &used);
	} while (status == WF_PCAP_MORE && map->ready < map->size);

	if (status == WF_PCAP_OK) {
		map->pos += used;
		wf_pcap_source_advance(&map->file, map->pos);
		return 0;
	}
	wf_error("%s: %s", map->file.name,
		 status != WF_PCAP_MORE ? format->why
		 : map->cut		? map->cut
					: "ends within its header");
	return format->err ? format->err : -EBADMSG;
}

int wf_pcap_map_open(const char *name, int fd, struct wf_source **ret_source)
{
	struct pcap_map *map = calloc(1, sizeof(*map));
	int err;

	if (!map) {
		close(fd);
		return -ENOMEM;
	}
	map->fd = fd;
	err = wf_pcap_source_init(&map->file, &map_ops, map_read, name);
	if (!err)
		err = map_all(map);
	if (!err)
		err = map_begin(map);
	if (err) {
		if (err != -EBADMSG)
			wf_error("%s: can't map the file into memory: %s", name, strerror(-err));
		map_close(&map->file.source);
		return err;
	}
	map->is_listed = wf_mapped_files_add(map->fd, map->base, map->mapped_bytes);
	*ret_source = &map->file.source;
	return 0;
}
