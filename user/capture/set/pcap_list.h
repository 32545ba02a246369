/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pcap_list.h - lists the capture files of the given paths; a directory stands for all captures in
 * it.
 */
#ifndef WF_CAPTURE_SET_PCAP_LIST_H
#define WF_CAPTURE_SET_PCAP_LIST_H

#include <stddef.h>

struct wf_pcap_list {
	char **paths; /* owned, like each path */
	size_t count;
};

/*
 * List the files of @paths. Files of a directory are listed in order of their names; hidden files,
 * all that is not a regular file, and files that are not captures (logged) are left out.
 * Return: 0; -EBADMSG: a directory can't be read or holds no capture (logged), the rest of the list
 * is complete; -E2BIG: more than WEFT_CAPTURE_FILES_MAX files (logged); -ENAMETOOLONG: a path is
 * too long (logged); -ENOMEM. wf_pcap_list_fini() must be called in any case.
 */
int wf_pcap_list_init(struct wf_pcap_list *list, char *const *paths, size_t count);
void wf_pcap_list_fini(struct wf_pcap_list *list);

#endif
