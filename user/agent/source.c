// SPDX-License-Identifier: BSD-2-Clause
/*
 * source.c - creates the handle of a run, and adds its interfaces or capture files.
 */
#include "agent/source.h"

#include <errno.h>
#include <sys/stat.h>

#include <weft/weft.h>

#include "agent/filter.h"
#include "config/config_table.h"

int wf_source_new_weft(const struct wf_config *config, bool is_replay, struct weft **ret_weft)
{
	struct weft_opts opts = config->library;

	if (!wf_config_place(config, "memory.max_total_memory_mb"))
		opts.memory_max_bytes = 0;
	if (is_replay && config->sinks.pcap_path && !wf_config_place(config, "capture.workers"))
		opts.workers = 1;
	return weft_new(&opts, ret_weft);
}

int wf_source_add_interfaces(const struct wf_config *config, struct weft *weft)
{
	for (size_t i = 0; i < config->interfaces_count; i++) {
		int err = weft_add_interface(weft, config->interfaces[i], &config->interface);

		if (err)
			return err;
	}
	return 0;
}

int wf_source_add_files(const struct wf_config *config, char *const *files, size_t files_count,
			struct weft *weft, bool *ret_lacks_files)
{
	size_t added = 0;
	int err = 0;

	for (size_t i = 0; i < files_count; i++) {
		err = weft_add_file(weft, files[i]);
		if (err == -ENOMEM || err == -E2BIG)
			return err;
		added += !err;
		*ret_lacks_files |= err != 0;
	}
	if (!added)
		return err;
	return wf_filter_apply(config, NULL, weft);
}

const char *wf_source_only_file(char *const *files, size_t files_count)
{
	struct stat stat_buf;

	if (files_count != 1 || stat(files[0], &stat_buf) || !S_ISREG(stat_buf.st_mode))
		return NULL;
	return files[0];
}
