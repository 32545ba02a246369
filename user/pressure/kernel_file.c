// SPDX-License-Identifier: BSD-2-Clause
/*
 * kernel_file.c - reads small text files of the kernel, in /proc and /sys.
 */
#include "pressure/kernel_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int wf_kernel_file_read(const char *path, char *buf, size_t buf_bytes)
{
	size_t len = 0;
	ssize_t got;
	int err = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	while (len < buf_bytes - 1) {
		got = read(fd, buf + len, buf_bytes - 1 - len);
		if (got < 0)
			err = -errno;
		if (got <= 0)
			break;
		len += (size_t)got;
	}
	close(fd);
	buf[len] = '\0';
	return err;
}

int wf_kernel_file_number(const char *text, const char *key, uint64_t *ret_number)
{
	size_t key_len = strlen(key);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		char *end;

		line += *line == '\n';
		if (strncmp(line, key, key_len))
			continue;
		errno = 0;
		*ret_number = strtoull(line + key_len, &end, 10);
		return end == line + key_len || errno ? -EBADMSG : 0;
	}
	return -EBADMSG;
}
