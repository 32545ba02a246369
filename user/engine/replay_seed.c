// SPDX-License-Identifier: BSD-2-Clause
/*
 * replay_seed.c - computes the seeds of a replay.
 */
#include "engine/replay_seed.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * Number of bytes hashed at the start of a capture file: headers and first packets, whose time
 * stamps differ between captures.
 */
enum { HEAD_BYTES = 512, HEAD_WORDS = HEAD_BYTES / 8 };

static uint64_t mix_words(uint64_t value, const uint64_t *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		value = weft_hash_mix(value ^ words[i], i + 1);
	return value;
}

/*
 * Add the file to @seed. Sums are used because they do not depend on the order in which a directory
 * lists its files.
 */
static bool add_file(int fd, const struct stat *stat, struct wf_replay_seed *seed)
{
	uint64_t head[HEAD_WORDS] = {0};
	const uint64_t place[] = {
		(uint64_t)stat->st_dev,		 (uint64_t)stat->st_ino,
		(uint64_t)stat->st_size,	 (uint64_t)stat->st_mtim.tv_sec,
		(uint64_t)stat->st_mtim.tv_nsec,
	};

	if (pread(fd, head, sizeof(head), 0) < 0)
		return false;
	seed->ids += mix_words((uint64_t)stat->st_size, head, HEAD_WORDS);
	for (uint64_t i = 0; i < sizeof(seed->secret.key) / sizeof(seed->secret.key[0]); i++)
		seed->secret.key[i] += mix_words(i, place, sizeof(place) / sizeof(place[0]));
	return true;
}

/*
 * Add @name in the directory @at if it is a regular file. Other files are not opened: opening a
 * pipe would disturb its writer.
 */
static bool add_entry(int at, const char *name, struct wf_replay_seed *seed)
{
	struct stat stat;
	bool added;
	int fd;

	if (fstatat(at, name, &stat, 0) || !S_ISREG(stat.st_mode))
		return false;
	fd = openat(at, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	added = add_file(fd, &stat, seed);
	close(fd);
	return added;
}

static bool add_directory(const char *path, struct wf_replay_seed *seed)
{
	DIR *dir = opendir(path);
	const struct dirent *entry;

	if (!dir)
		return false;
	while ((entry = readdir(dir)) != NULL)
		add_entry(dirfd(dir), entry->d_name, seed);
	closedir(dir);
	return true;
}

static bool add_input(struct wf_replay_seed *seed)
{
	struct stat stat;

	return !fstat(STDIN_FILENO, &stat) && S_ISREG(stat.st_mode) &&
	       add_file(STDIN_FILENO, &stat, seed);
}

static bool add_path(const char *path, struct wf_replay_seed *seed)
{
	if (!strcmp(path, "-"))
		return add_input(seed);
	return add_entry(AT_FDCWD, path, seed) || add_directory(path, seed);
}

bool wf_replay_seed(char *const *paths, size_t count, struct wf_replay_seed *ret_seed)
{
	struct wf_replay_seed seed = {0};

	for (size_t i = 0; i < count; i++)
		if (!add_path(paths[i], &seed))
			return false;
	*ret_seed = seed;
	return true;
}
