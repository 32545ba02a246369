// SPDX-License-Identifier: BSD-2-Clause
/*
 * pcap_list.c - lists the capture files of the given paths; a directory stands for all captures in
 * it.
 */
#include "capture/set/pcap_list.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <weft/limits.h>

#include "base/log.h"
#include "capture/file/decompress.h"
#include "capture/file/pcap_bytes.h"
#include "capture/file/pcap_classic.h"
#include "capture/file/pcap_state.h"

enum { MAGIC_BYTES = WF_DECOMPRESS_MAGIC_BYTES };

static int add(struct wf_pcap_list *list, const char *path)
{
	char **more;

	if (list->count == WEFT_CAPTURE_FILES_MAX) {
		wf_error("source: at most %d capture files are allowed", WEFT_CAPTURE_FILES_MAX);
		return -E2BIG;
	}
	/* The capacity is a power of two: double it when it is reached. */
	if (!(list->count & (list->count - 1))) {
		more = realloc(list->paths, (list->count ? 2 * list->count : 1) * sizeof(*more));
		if (!more)
			return -ENOMEM;
		list->paths = more;
	}
	list->paths[list->count] = strdup(path);
	if (!list->paths[list->count])
		return -ENOMEM;
	list->count++;
	return 0;
}

static bool is_capture(const char *path)
{
	uint8_t bytes[MAGIC_BYTES];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	ssize_t got;
	uint32_t magic;

	if (fd < 0)
		return true; /* list the file: the later open logs the error */
	got = read(fd, bytes, sizeof(bytes));
	close(fd);
	if (got < (ssize_t)sizeof(magic))
		return false;
	magic = wf_pcap_u32(bytes, false);
	return magic == WF_PCAPNG_MAGIC || wf_pcap_classic_is_magic(magic) ||
	       wf_decompress_is_magic(bytes, (size_t)got);
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* Add one entry of a directory. *@skipped counts the files that are not captures. */
static int add_entry(struct wf_pcap_list *list, const char *dir, const char *name,
		     unsigned int *skipped)
{
	char path[PATH_MAX];
	struct stat st;

	if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int)sizeof(path)) {
		/* The reason comes first, because the log cuts long messages. */
		wf_error("source: the path of a file is longer than %d bytes: %s in %s",
			 PATH_MAX - 1, name, dir);
		return -ENAMETOOLONG;
	}
	if (stat(path, &st) || !S_ISREG(st.st_mode))
		return 0;
	if (is_capture(path))
		return add(list, path);
	if (!(*skipped)++)
		wf_warn("%s: not a capture file, skipped", path);
	return 0;
}

static int add_directory(struct wf_pcap_list *list, const char *dir)
{
	size_t before = list->count;
	unsigned int skipped = 0;
	struct dirent **entries;
	int count = scandir(dir, &entries, is_visible, alphasort);
	int err = 0;

	if (count < 0) {
		wf_error("%s: %s", dir, strerror(errno));
		return -EBADMSG;
	}
	for (int i = 0; i < count; i++) {
		if (!err)
			err = add_entry(list, dir, entries[i]->d_name, &skipped);
		free(entries[i]);
	}
	free(entries);
	if (skipped > 1)
		wf_warn("%s: %u more file%s skipped, because %s", dir, skipped - 1,
			skipped == 2 ? " was" : "s were",
			skipped == 2 ? "it is not a capture" : "they are not captures");
	if (!err && list->count == before) {
		wf_error("%s: no capture file in this directory", dir);
		err = -EBADMSG;
	}
	return err;
}

static bool is_directory(const char *path)
{
	struct stat st;

	return strcmp(path, "-") != 0 && !stat(path, &st) && S_ISDIR(st.st_mode);
}

int wf_pcap_list_init(struct wf_pcap_list *list, char *const *paths, size_t count)
{
	int first = 0;

	*list = (struct wf_pcap_list){.paths = NULL};
	for (size_t i = 0; i < count; i++) {
		int err = is_directory(paths[i]) ? add_directory(list, paths[i])
						 : add(list, paths[i]);

		if (err && err != -EBADMSG)
			return err;
		first = first ? first : err;
	}
	return first;
}

void wf_pcap_list_fini(struct wf_pcap_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->paths[i]);
	free(list->paths);
}
