/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * client_files.h - the capture files in which an agent's data lies, mapped by the client.
 *
 * Thread: the one that uses the client. Memory: the mapping of each file, of which about
 * WF_CLIENT_FILES_LAG_BYTES are resident.
 */
#ifndef WF_CLIENT_CLIENT_FILES_H
#define WF_CLIENT_CLIENT_FILES_H

#include <stdint.h>

#include "client/shm.h"

#define WF_CLIENT_FILES_LAG_BYTES (64ull << 20)

struct wf_client_file {
	int fd;		     /* owned */
	const uint8_t *base; /* owned mapping */
	uint64_t bytes;
	uint64_t ready;	   /* end of the pages that were populated last */
	uint64_t released; /* end of the pages that were released */
};

struct wf_client_files {
	struct wf_client_file list[WF_SHM_FILES_MAX];
	uint32_t count;
};

/*
 * Map the file @fd; takes @fd. Return: 0 on success; -EPROTO if it is not a regular file, or there
 * are WF_SHM_FILES_MAX files; other negative errno if it can't be mapped.
 */
int wf_client_files_add(struct wf_client_files *files, int fd);

/* Unmap and close all files. */
void wf_client_files_close(struct wf_client_files *files);

/*
 * Return the @bytes bytes at @off of the file with this number, from 1, and make sure that they are
 * resident. Return NULL if there are no such bytes, or if they can't be read: then *@ret_why is the
 * reason, a static text.
 */
const uint8_t *wf_client_files_at(struct wf_client_files *files, uint32_t number, uint64_t off,
				  uint32_t bytes, const char **ret_why);

#endif
