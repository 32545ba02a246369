// SPDX-License-Identifier: BSD-2-Clause
/*
 * pcap_file.c - opens a capture: a regular file that is not compressed is mapped, any other file is
 * read as a pipe.
 */
#include "capture/file/pcap_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "capture/file/decompress.h"
#include "capture/file/pcap_map.h"
#include "capture/file/pcap_pipe.h"
#include "capture/file/pcap_source.h"

/* Map the file, unless it is compressed: then it is read like a pipe. */
static int open_regular(const char *name, int fd, uint64_t size, struct wf_page_pool *pool,
			struct wf_source **ret_source)
{
	uint8_t magic[WF_DECOMPRESS_MAGIC_BYTES];
	off_t pos = lseek(fd, 0, SEEK_CUR); /* may be greater than 0 for standard input */
	ssize_t got = pread(fd, magic, sizeof(magic), pos);
	int err;

	if (got <= 0 || !wf_decompress_is_magic(magic, (size_t)got))
		return wf_pcap_map_open(name, fd, ret_source);
	err = wf_pcap_pipe_open(name, fd, pool, ret_source);
	if (!err)
		atomic_store_explicit(&((struct wf_pcap_source *)*ret_source)->total_bytes, size,
				      memory_order_relaxed);
	return err;
}

static int open_by_kind(const char *name, int fd, struct wf_page_pool *pool,
			struct wf_source **ret_source)
{
	struct stat st;
	int err;

	if (fstat(fd, &st)) {
		err = -errno;
		wf_error("%s: %s", name, strerror(-err));
	} else if (S_ISDIR(st.st_mode)) {
		err = -EISDIR;
		wf_error("%s: is a directory, not a capture file", name);
	} else if (S_ISREG(st.st_mode)) {
		return open_regular(name, fd, (uint64_t)st.st_size, pool, ret_source);
	} else if (isatty(fd)) {
		err = -EBADMSG;
		wf_error("%s: is a terminal, not a capture file", name);
	} else {
		return wf_pcap_pipe_open(name, fd, pool, ret_source);
	}
	close(fd);
	return err;
}

int wf_pcap_file_open(const char *path, struct wf_page_pool *pool, struct wf_source **ret_source)
{
	bool is_stdin = !strcmp(path, "-");
	const char *name = is_stdin ? "standard input" : path;
	int fd = is_stdin ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
			  : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int err;

	if (fd < 0) {
		err = -errno;
		wf_error("%s: %s", name, strerror(-err));
		return err;
	}
	return open_by_kind(name, fd, pool, ret_source);
}

void wf_pcap_file_progress(const struct wf_source *source, struct weft_progress *ret_progress)
{
	const struct wf_pcap_source *file = (const struct wf_pcap_source *)source;

	*ret_progress = (struct weft_progress){
		.read_bytes = atomic_load_explicit(&file->read_bytes, memory_order_relaxed),
		.total_bytes = atomic_load_explicit(&file->total_bytes, memory_order_relaxed),
		.packets = atomic_load_explicit(&file->packets, memory_order_relaxed),
	};
}
