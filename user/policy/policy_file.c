// SPDX-License-Identifier: BSD-2-Clause
/*
 * policy_file.c - reads the file of a policy, and replaces it atomically.
 */
#include "policy/policy_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FORMAT = 1, NEW_NAME_BYTES = WF_POLICY_NAME_BYTES + 8, HASH_BYTES = 20 };

int wf_policy_file_open(struct wf_policy_file *file, const char *dir, const char *agent)
{
	snprintf(file->name, sizeof(file->name), "policy-%.100s.json", agent);
	file->is_made = !mkdir(dir, 0750);
	if (!file->is_made && errno != EEXIST)
		goto fail;
	/*
	 * The agent gives a directory that it has created to its user. O_NOFOLLOW: if a symbolic
	 * link has replaced it meanwhile, the directory that the link names must not be given to
	 * the user.
	 */
	file->dir_fd =
		open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC | (file->is_made ? O_NOFOLLOW : 0));
	if (file->dir_fd >= 0)
		return 0;
fail:
	file->dir_fd = -1;
	return -errno;
}

void wf_policy_file_close(struct wf_policy_file *file)
{
	if (file->dir_fd >= 0)
		close(file->dir_fd);
	file->dir_fd = -1;
}

/* ---- contents ---- */

/* Write the hash of @content without its member "hash" (FNV-1a). Return: 0; -ENOMEM. */
static int hash_of(const json_t *content, char ret_text[HASH_BYTES])
{
	uint64_t hash = 0xcbf29ce484222325u;
	json_t *copy = json_copy((json_t *)content);
	char *text;

	json_object_del(copy, "hash");
	text = json_dumps(copy, JSON_COMPACT | JSON_SORT_KEYS);
	json_decref(copy);
	if (!text)
		return -ENOMEM;
	for (const char *at = text; *at; at++)
		hash = (hash ^ (uint8_t)*at) * 0x100000001b3u;
	free(text);
	snprintf(ret_text, HASH_BYTES, "%016" PRIx64, hash);
	return 0;
}

static bool is_version(const json_t *version)
{
	return json_integer_value(json_object_get(version, "version")) > 0 &&
	       json_is_string(json_object_get(version, "changed")) &&
	       json_is_string(json_object_get(version, "by")) &&
	       json_is_object(json_object_get(version, "policy"));
}

static bool is_whole(const json_t *content)
{
	const json_t *versions = json_object_get(content, "versions");
	const char *hash = json_string_value(json_object_get(content, "hash"));
	char expected[HASH_BYTES];
	size_t i;
	json_t *version;

	if (json_integer_value(json_object_get(content, "format")) != FORMAT || !hash ||
	    !json_is_object(json_object_get(content, "configured")) || !json_array_size(versions) ||
	    hash_of(content, expected) || strcmp(hash, expected))
		return false;
	json_array_foreach(versions, i, version) if (!is_version(version)) return false;
	return true;
}

/* ---- reading ---- */

/* Return the text of the file @fd, owned by the caller; NULL on failure, with errno. */
static char *read_all(int fd, size_t *ret_bytes)
{
	char *text = malloc(WF_POLICY_FILE_MAX_BYTES);
	size_t used = 0;
	ssize_t got = 1;

	while (text && got > 0 && used < WF_POLICY_FILE_MAX_BYTES) {
		got = read(fd, text + used, WF_POLICY_FILE_MAX_BYTES - used);
		if (got < 0 && errno == EINTR)
			got = 1;
		else if (got > 0)
			used += (size_t)got;
	}
	*ret_bytes = used;
	if (text && got == 0)
		return text;
	free(text);
	if (got > 0)
		errno = EFBIG;
	return NULL;
}

int wf_policy_file_read(const struct wf_policy_file *file, json_t **ret_content)
{
	json_t *content;
	size_t bytes;
	char *text;
	int err;
	int fd;

	if (file->dir_fd < 0)
		return -ENOENT;
	fd = openat(file->dir_fd, file->name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	text = read_all(fd, &bytes);
	err = text ? 0 : -errno;
	close(fd);
	if (err)
		return err;
	content = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, NULL);
	free(text);
	if (is_whole(content)) {
		*ret_content = content;
		return 0;
	}
	json_decref(content);
	return -EBADMSG;
}

/* ---- writing ---- */

static int write_all(int fd, const char *text, size_t bytes)
{
	while (bytes > 0) {
		ssize_t done = write(fd, text, bytes);

		if (done < 0 && errno != EINTR)
			return -errno;
		if (done > 0) {
			text += done;
			bytes -= (size_t)done;
		}
	}
	return 0;
}

/* Write @text to the new file @name, and wait until it is on disk. */
static int write_new(int dir_fd, const char *name, const char *text)
{
	int err;
	int fd;

	/* Remove a file that an earlier process left behind: it may belong to another user. */
	if (unlinkat(dir_fd, name, 0) && errno != ENOENT)
		return -errno;
	fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (fd < 0)
		return -errno;
	err = write_all(fd, text, strlen(text));
	if (!err && fsync(fd))
		err = -errno;
	if (close(fd) && !err)
		err = -errno;
	return err;
}

/* Return the text of the file, owned by the caller; NULL if there is no memory. */
static char *text_new(json_t *configured, json_t *versions)
{
	char hash[HASH_BYTES];
	char *text = NULL;
	json_t *content = json_pack("{si sO sO}", "format", FORMAT, "configured", configured,
				    "versions", versions);

	if (content && !hash_of(content, hash) &&
	    !json_object_set_new(content, "hash", json_string(hash)))
		text = json_dumps(content, JSON_INDENT(1));
	json_decref(content);
	return text;
}

int wf_policy_file_write(const struct wf_policy_file *file, json_t *configured, json_t *versions)
{
	char new_name[NEW_NAME_BYTES];
	char *text;
	int err;

	if (file->dir_fd < 0)
		return 0;
	text = text_new(configured, versions);
	if (!text)
		return -ENOMEM;
	snprintf(new_name, sizeof(new_name), "%s.new", file->name);
	err = write_new(file->dir_fd, new_name, text);
	free(text);
	if (!err && renameat(file->dir_fd, new_name, file->dir_fd, file->name))
		err = -errno;
	if (err) {
		unlinkat(file->dir_fd, new_name, 0);
		return err;
	}
	/*
	 * The rename is on disk after this call. A crash before it leaves the old file or the new
	 * one, each complete.
	 */
	return fsync(file->dir_fd) ? -errno : 0;
}
