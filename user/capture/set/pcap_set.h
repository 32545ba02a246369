/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pcap_set.h - several capture files as one source, in order of time.
 *
 * Capture programs begin a new file after a number of bytes or seconds, so a connection may extend
 * over several files. A directory stands for all captures in it. Files that overlap in time are
 * merged packet by packet; the packets of one file keep their order. Damage in a file, or a file
 * that can't be opened, is logged, and the other files are read; at the end, the source returns
 * -EBADMSG.
 *
 * Bound: WEFT_CAPTURE_FILES_MAX files. Only pipes, the files that overlap in time, and at most 16
 * other mapped files are open at a time. A mapped file that has ended stays mapped until the set is
 * closed, and has no descriptor any more, except the first WEFT_SHARED_FILES_MAX (mapped_files.h).
 */
#ifndef WF_CAPTURE_SET_PCAP_SET_H
#define WF_CAPTURE_SET_PCAP_SET_H

struct wf_page_pool;
struct wf_pcap_list;
struct wf_source;

/*
 * Open the files of @list, which must stay valid as long as the source. @list_err: the result of
 * wf_pcap_list_init(). If the list has one file and @list_err is 0, the file is opened without a
 * set. The member `file` of a frame is the position of its file in the list, from 1.
 *
 * Return: 0; the result of wf_pcap_file_open() for a single file; @list_err unless it is -EBADMSG
 * and there are files; -EBADMSG if nothing can be read (logged); -ENOMEM.
 */
int wf_pcap_set_open(const struct wf_pcap_list *list, int list_err, struct wf_page_pool *pool,
		     struct wf_source **ret_source);

#endif
