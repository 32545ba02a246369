/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * source.h - creates the handle of a run, and adds its interfaces or capture files.
 *
 * Functions that return int return 0 or a negative errno, which was logged, except -ENOMEM; if no
 * file can be read, the error of the last file. Thread: main.
 */
#ifndef WF_AGENT_SOURCE_H
#define WF_AGENT_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

struct weft;
struct wf_config;

/*
 * Create the handle. If no limit of memory is configured, the library chooses one that fits this
 * host. In a replay, one worker can be far ahead of another. Only a single worker writes packets in
 * order, so a replay with the output pcap has one worker by default.
 */
int wf_source_new_weft(const struct wf_config *config, bool is_replay, struct weft **ret_weft);

int wf_source_add_interfaces(const struct wf_config *config, struct weft *weft);

/*
 * Add capture files, and set the filter. *@ret_lacks_files: set to true if at least one of several
 * files can't be read: the run continues without it and ends with an error.
 */
int wf_source_add_files(const struct wf_config *config, char *const *files, size_t files_count,
			struct weft *weft, bool *ret_lacks_files);

/*
 * Return the capture file of a replay of one file; NULL in live capture, or for several files, a
 * directory, a pipe or standard input.
 */
const char *wf_source_only_file(char *const *files, size_t files_count);

#endif
