// SPDX-License-Identifier: BSD-2-Clause
/*
 * mapped_files.c - an array of entries, each with a sequence number that is odd while the entry is
 * written.
 *
 * A search skips an entry that changes while it is read: the file that it looks for is neither
 * added nor removed meanwhile.
 */
#include "capture/mapped_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>

#include <weft/limits.h>
#include <weft/subscribe.h>

struct entry {
	_Atomic uint64_t sequence;
	_Atomic uintptr_t base; /* 0: the entry is free */
	_Atomic uint64_t bytes;
	_Atomic int fd; /* borrowed */
};

static struct entry entries[WEFT_SHARED_FILES_MAX];

/* Begin to write @entry. Return: false if its base is not @base, or another thread writes it. */
static bool begin(struct entry *entry, uintptr_t base)
{
	uint64_t sequence = atomic_load(&entry->sequence);

	return !(sequence & 1) && atomic_load(&entry->base) == base &&
	       atomic_compare_exchange_strong(&entry->sequence, &sequence, sequence + 1);
}

bool wf_mapped_files_add(int fd, const uint8_t *base, uint64_t bytes)
{
	int flags = fcntl(fd, F_GETFL);

	/* Standard input may be open for writing. */
	if (flags < 0 || (flags & O_ACCMODE) != O_RDONLY)
		return false;
	for (int i = 0; i < WEFT_SHARED_FILES_MAX; i++) {
		struct entry *entry = &entries[i];

		if (!begin(entry, 0))
			continue;
		atomic_store(&entry->base, (uintptr_t)base);
		atomic_store(&entry->bytes, bytes);
		atomic_store(&entry->fd, fd);
		atomic_fetch_add(&entry->sequence, 1);
		return true;
	}
	return false;
}

void wf_mapped_files_remove(const uint8_t *base)
{
	for (int i = 0; i < WEFT_SHARED_FILES_MAX; i++) {
		if (!begin(&entries[i], (uintptr_t)base))
			continue;
		atomic_store(&entries[i].base, 0);
		atomic_fetch_add(&entries[i].sequence, 1);
		return;
	}
}

/* Read @entry if it contains @byte. Return: false if it does not, or has changed meanwhile. */
static bool read_entry(struct entry *entry, const uint8_t *byte, struct weft_memory *ret_file)
{
	uint64_t sequence = atomic_load(&entry->sequence);
	uintptr_t base = atomic_load(&entry->base);

	*ret_file = (struct weft_memory){.fd = atomic_load(&entry->fd),
					 .base = (const void *)base,
					 .bytes = atomic_load(&entry->bytes)};
	return base && (uintptr_t)byte - base < ret_file->bytes && !(sequence & 1) &&
	       atomic_load(&entry->sequence) == sequence;
}

int wf_mapped_files_find(const uint8_t *byte, struct weft_memory *ret_file)
{
	for (int i = 0; i < WEFT_SHARED_FILES_MAX; i++) {
		struct weft_memory file;

		if (!read_entry(&entries[i], byte, &file))
			continue;
		file.fd = fcntl(file.fd, F_DUPFD_CLOEXEC, 0);
		if (file.fd < 0)
			return -errno;
		*ret_file = file;
		return 0;
	}
	return -ENOENT;
}
