// SPDX-License-Identifier: BSD-2-Clause
/*
 * client_files.c - maps capture files, and populates their pages before they are read.
 *
 *   │ released │ read, may still be in use │ populated │ not populated ... │
 *           released                      off        ready               bytes
 *
 * The agent has opened the files, but may not have noticed yet that one was truncated. As in
 * capture/file/pcap_map.c, MADV_POPULATE_READ maps a window at a time, which is cheaper than page
 * faults, and returns an error instead of raising SIGBUS if pages are missing. The same risk
 * remains: if a file is truncated after a window was populated, reading the removed part raises
 * SIGBUS.
 */
#include "client/client_files.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#endif

#define WINDOW_BYTES (8ull << 20)

static const char cut_text[] = "the capture file was truncated while it was read";

/* ---- mapping ---- */

static int map_file(int fd, struct wf_client_file *ret_file)
{
	struct stat st;
	void *base;

	if (fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_size <= 0)
		return -EPROTO;
	base = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (base == MAP_FAILED)
		return -errno;
	/* The kernel then maps huge pages, if the filesystem has them. */
	madvise(base, (size_t)st.st_size, MADV_SEQUENTIAL);
	madvise(base, (size_t)st.st_size, MADV_HUGEPAGE);
	*ret_file = (struct wf_client_file){.fd = fd, .base = base, .bytes = (uint64_t)st.st_size};
	return 0;
}

int wf_client_files_add(struct wf_client_files *files, int fd)
{
	int err = files->count < WF_SHM_FILES_MAX ? map_file(fd, &files->list[files->count])
						  : -EPROTO;

	if (err)
		close(fd);
	else
		files->count++;
	return err;
}

void wf_client_files_close(struct wf_client_files *files)
{
	for (uint32_t i = 0; i < files->count; i++) {
		munmap((void *)files->list[i].base, files->list[i].bytes);
		close(files->list[i].fd);
	}
	files->count = 0;
}

/* ---- populating ---- */

/* Release windows that were read long ago. */
static void release_behind(struct wf_client_file *file, uint64_t off)
{
	uint64_t end;

	if (off < WF_CLIENT_FILES_LAG_BYTES + WINDOW_BYTES)
		return;
	end = (off - WF_CLIENT_FILES_LAG_BYTES) / WINDOW_BYTES * WINDOW_BYTES;
	if (end <= file->released)
		return;
	madvise((void *)(file->base + file->released), end - file->released, MADV_DONTNEED);
	file->released = end;
}

/* Populate the pages with the bytes from @begin to @end. Return: false if one can't be read. */
static bool populate(const struct wf_client_file *file, uint64_t begin, uint64_t end)
{
	begin &= ~((uint64_t)sysconf(_SC_PAGESIZE) - 1);
	/*
	 * After other errors, as of a kernel that does not know the call, reading raises page
	 * faults that load the pages.
	 */
	return !madvise((void *)(file->base + begin), end - begin, MADV_POPULATE_READ) ||
	       (errno != EFAULT && errno != EHWPOISON);
}

/* Return true if the file still has @bytes bytes. */
static bool has_bytes(const struct wf_client_file *file, uint64_t bytes)
{
	struct stat st;

	return fstat(file->fd, &st) || (uint64_t)st.st_size >= bytes;
}

/*
 * Populate the windows with the bytes from @off to @end. If the rest of a window can't be read,
 * only the pages of these bytes. Return: NULL on success; the reason why the bytes can't be read.
 */
static const char *make_ready(struct wf_client_file *file, uint64_t off, uint64_t end)
{
	uint64_t begin = off / WINDOW_BYTES * WINDOW_BYTES;
	uint64_t window_end = (end + WINDOW_BYTES - 1) / WINDOW_BYTES * WINDOW_BYTES;

	if (!has_bytes(file, end))
		return cut_text;
	if (window_end > file->bytes)
		window_end = file->bytes;
	if (begin < file->ready)
		begin = file->ready;
	if (!populate(file, begin, window_end)) {
		window_end = end;
		if (!populate(file, off, end))
			return has_bytes(file, end)
				       ? "the capture file can't be read (input/output error)"
				       : cut_text;
	}
	file->ready = window_end;
	release_behind(file, begin);
	return NULL;
}

const uint8_t *wf_client_files_at(struct wf_client_files *files, uint32_t number, uint64_t off,
				  uint32_t bytes, const char **ret_why)
{
	struct wf_client_file *file;
	const char *why = NULL;

	if (!number || number > files->count) {
		*ret_why = "data lies in a file that the agent has not sent";
		return NULL;
	}
	file = &files->list[number - 1];
	if (bytes > file->bytes || off > file->bytes - bytes) {
		*ret_why = "data lies outside its capture file, which may have been truncated";
		return NULL;
	}
	if (off + bytes > file->ready)
		why = make_ready(file, off, off + bytes);
	*ret_why = why;
	return why ? NULL : file->base + off;
}
