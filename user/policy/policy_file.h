/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * policy_file.h - the file of an agent's policy and its history, in a directory that stays open.
 *
 *   {"format": 1, "configured": {policy}, "versions": [{version}, ...], "hash": "..."}
 *
 * The versions are in order, newest first. A new file replaces the old one by a rename after its
 * bytes are on disk, so that the file is always complete. The hash is over the other members; a
 * file whose hash differs is damaged and is not used.
 *
 * Thread: any, one call at a time. Memory: WF_POLICY_FILE_MAX_BYTES while a file is read, and its
 * parsed contents; the text of the file while it is written.
 */
#ifndef WF_POLICY_POLICY_FILE_H
#define WF_POLICY_POLICY_FILE_H

#include <jansson.h>
#include <stdbool.h>

enum { WF_POLICY_FILE_MAX_BYTES = 1 << 22, WF_POLICY_NAME_BYTES = 128 };

/**
 * struct wf_policy_file - the place of the file
 * @dir_fd:  owned; -1: policies are not stored
 * @is_made: true if weft has created the directory
 */
struct wf_policy_file {
	int dir_fd;
	bool is_made;
	char name[WF_POLICY_NAME_BYTES];
};

/*
 * Open the directory @dir, or create it if it is missing. @agent: becomes a part of the name of the
 * file. Return: 0; negative errno.
 */
int wf_policy_file_open(struct wf_policy_file *file, const char *dir, const char *agent);
void wf_policy_file_close(struct wf_policy_file *file);

/*
 * Read the file. *@ret_content: owned by the caller; it has "configured" and "versions", which is
 * not empty. Return: 0; -ENOENT if there is no file; -EBADMSG if it is damaged; negative errno.
 */
int wf_policy_file_read(const struct wf_policy_file *file, json_t **ret_content);

/*
 * Replace the file. @configured and @versions are borrowed. Return: 0, also if policies are not
 * stored; negative errno: then the old file is still in place, or the new one if only the fsync of
 * the directory failed.
 */
int wf_policy_file_write(const struct wf_policy_file *file, json_t *configured, json_t *versions);

#endif
