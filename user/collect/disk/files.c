// SPDX-License-Identifier: BSD-2-Clause
/*
 * files.c - opens stream files by names that are made from numbers, with O_NOFOLLOW in the opened
 * directory, so that nothing outside of it is written.
 *
 * A file may exist already: the collector has closed it at the limit of open files, or has written
 * it before it was killed and now writes the same bytes at the same offsets. The collector gives a
 * name to one stream only: a name is chosen only if no file has it, and is in the journal before
 * the file is created.
 *
 * A few files are synced one by one. If there are many, as with short connections, one syncfs() of
 * the file system is faster.
 */
#include "collect/disk/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <weft/limits.h>

#include "sink/stream_io.h"

enum {
	OPEN_SPARED = 64, /* number of descriptors left for other uses */
	OPEN_MIN = 8,
	SYNC_EACH_MAX = 4,
	/* number of bytes after which the kernel is asked to store them */
	WRITE_BACK_BYTES = 1 << 20,
};

uint32_t wf_collect_files_fit(uint32_t wanted)
{
	struct rlimit limit;

	if (!wanted)
		wanted = WEFT_FILES_OPEN_MAX;
	if (!getrlimit(RLIMIT_NOFILE, &limit) && limit.rlim_cur < wanted + OPEN_SPARED)
		wanted = limit.rlim_cur > OPEN_SPARED + OPEN_MIN
				 ? (uint32_t)limit.rlim_cur - OPEN_SPARED
				 : OPEN_MIN;
	return wanted < OPEN_MIN ? OPEN_MIN : wanted;
}

int wf_collect_files_init(struct wf_collect_files *files, int dir, uint32_t max)
{
	*files = (struct wf_collect_files){.dir = dir, .max = max};
	files->slot = calloc(max + 1, sizeof(*files->slot));
	if (!files->slot)
		return -ENOMEM;
	for (uint32_t i = max; i > 0; i--) {
		files->slot[i].newer = files->free;
		files->free = i;
	}
	return 0;
}

/* ---- open files ---- */

static void unlink_slot(struct wf_collect_files *files, uint32_t index)
{
	struct wf_collect_file *file = &files->slot[index];

	*(file->older ? &files->slot[file->older].newer : &files->oldest) = file->newer;
	*(file->newer ? &files->slot[file->newer].older : &files->newest) = file->older;
}

static void link_newest(struct wf_collect_files *files, uint32_t index)
{
	struct wf_collect_file *file = &files->slot[index];

	file->newer = 0;
	file->older = files->newest;
	*(files->newest ? &files->slot[files->newest].newer : &files->oldest) = index;
	files->newest = index;
}

static void close_slot(struct wf_collect_files *files, uint32_t index)
{
	struct wf_collect_file *file = &files->slot[index];

	if (file->is_dirty) {
		files->must_sync_all = true;
		files->dirty_count--;
	}
	close(file->fd);
	unlink_slot(files, index);
	file->flow->slot[file->dir] = 0;
	*file = (struct wf_collect_file){.newer = files->free};
	files->free = index;
	files->count--;
}

void wf_collect_files_close(struct wf_collect_files *files, struct wf_collect_flow *flow)
{
	for (int dir = 0; dir < WEFT_DIR_COUNT; dir++)
		if (flow->slot[dir])
			close_slot(files, flow->slot[dir]);
}

void wf_collect_files_fini(struct wf_collect_files *files)
{
	while (files->oldest)
		close_slot(files, files->oldest);
	free(files->slot);
	files->slot = NULL;
}

/* ---- names ---- */

void wf_collect_file_name(const struct wf_collect_flow *flow, enum weft_dir dir, char *ret_name)
{
	wf_stream_name(&flow->peers, dir, flow->number, ret_name);
}

bool wf_collect_files_exist(const struct wf_collect_files *files, const struct weft_flow *peers,
			    struct wf_stream_number number)
{
	char name[WF_STREAM_NAME_BYTES];
	struct stat st;

	for (int dir = 0; dir < WEFT_DIR_COUNT; dir++) {
		wf_stream_name(peers, (enum weft_dir)dir, number, name);
		if (!fstatat(files->dir, name, &st, AT_SYMLINK_NOFOLLOW))
			return true;
	}
	return false;
}

/* ---- writing ---- */

static int open_existing(int dir, const char *name)
{
	int fd = openat(dir, name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return -errno;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_nlink == 1)
		return fd;
	close(fd);
	return -ESTALE;
}

/* Open the file @name, or create it. Return: the descriptor; negative errno. */
static int open_file(struct wf_collect_files *files, const char *name)
{
	int fd = openat(files->dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			0640);

	if (fd >= 0)
		files->has_made = true;
	else if (errno == EEXIST)
		return open_existing(files->dir, name);
	return fd < 0 ? -errno : fd;
}

static int open_slot(struct wf_collect_files *files, struct wf_collect_flow *flow,
		     enum weft_dir dir)
{
	char name[WF_STREAM_NAME_BYTES];
	struct wf_collect_file *file;
	uint32_t index;
	int fd;

	if (!files->free)
		close_slot(files, files->oldest);
	wf_collect_file_name(flow, dir, name);
	fd = open_file(files, name);
	if (fd < 0)
		return fd;
	index = files->free;
	file = &files->slot[index];
	files->free = file->newer;
	*file = (struct wf_collect_file){.fd = fd, .dir = dir, .flow = flow};
	link_newest(files, index);
	flow->slot[dir] = index;
	files->count++;
	return 0;
}

int wf_collect_files_write(struct wf_collect_files *files, struct wf_collect_flow *flow,
			   enum weft_dir dir, const void *bytes, size_t len, uint64_t off)
{
	struct iovec iov = {.iov_base = (void *)bytes, .iov_len = len};
	int err = flow->slot[dir] ? 0 : open_slot(files, flow, dir);
	struct wf_collect_file *file;
	uint64_t written;

	if (err)
		return err;
	file = &files->slot[flow->slot[dir]];
	if (!file->is_dirty) {
		file->is_dirty = true;
		files->dirty_count++;
		unlink_slot(files, flow->slot[dir]);
		link_newest(files, flow->slot[dir]);
	}
	err = wf_stream_file_write(file->fd, &iov, 1, off, &written);
	if (err)
		files->must_sync_all = true; /* see sync.h */
	file->begun_bytes += (uint32_t)written;
	if (file->begun_bytes >= WRITE_BACK_BYTES) {
		sync_file_range(file->fd, 0, 0, SYNC_FILE_RANGE_WRITE);
		file->begun_bytes = 0;
	}
	return err;
}

/* Sync the files that were written, which are the newest ones. */
static int sync_each(struct wf_collect_files *files)
{
	int err = 0;

	for (uint32_t index = files->newest; index && files->slot[index].is_dirty && !err;
	     index = files->slot[index].older)
		if (fdatasync(files->slot[index].fd))
			err = -errno;
	if (!err && files->has_made && fsync(files->dir))
		err = -errno;
	return err;
}

int wf_collect_files_sync(struct wf_collect_files *files)
{
	if (files->err || (!files->dirty_count && !files->must_sync_all))
		return files->err;
	if (files->must_sync_all || files->dirty_count > SYNC_EACH_MAX)
		files->err = syncfs(files->dir) ? -errno : 0;
	else
		files->err = sync_each(files);
	if (files->err)
		return files->err;
	for (uint32_t index = files->newest; index && files->slot[index].is_dirty;
	     index = files->slot[index].older)
		files->slot[index].is_dirty = false;
	files->dirty_count = 0;
	files->must_sync_all = false;
	files->has_made = false;
	return 0;
}
