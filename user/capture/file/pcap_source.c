// SPDX-License-Identifier: BSD-2-Clause
/*
 * pcap_source.c - common code of mapped files and pipes: progress, damage, end of input.
 */
#include "capture/file/pcap_source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

int wf_pcap_source_init(struct wf_pcap_source *file, const struct wf_source_ops *ops,
			const char *name)
{
	file->source.ops = ops;
	file->name = strdup(name);
	return file->name ? 0 : -ENOMEM;
}

void wf_pcap_source_fini(struct wf_pcap_source *file)
{
	if (file->format.skipped)
		wf_warn("%s: skipped %llu packets of interfaces with an unsupported link type",
			file->name, (unsigned long long)file->format.skipped);
	wf_pcap_format_fini(&file->format);
	free(file->name);
}

void wf_pcap_source_advance(struct wf_pcap_source *file, uint64_t read_bytes)
{
	atomic_store_explicit(&file->read_bytes, read_bytes, memory_order_relaxed);
	atomic_store_explicit(&file->packets, file->format.packets, memory_order_relaxed);
}

int wf_pcap_source_damaged(struct wf_pcap_source *file, uint64_t off, const char *why)
{
	wf_error("%s: damaged at byte %llu (packet %llu): %s", file->name, (unsigned long long)off,
		 (unsigned long long)(file->format.packets + file->format.skipped + 1), why);
	file->err = file->format.err ? file->format.err : -EBADMSG;
	return file->err;
}

int wf_pcap_source_ended(struct wf_pcap_source *file)
{
	file->err = -ENODATA;
	return file->err;
}
