// SPDX-License-Identifier: BSD-2-Clause
/*
 * secret.c - files with keys and credentials, kept in memory and erased when freed.
 *
 * A credentials file has two sections, each with one line of content:
 *
 *   -----BEGIN NATS USER JWT-----
 *   eyJ0eXAi...
 *   ------END NATS USER JWT------
 *   -----BEGIN USER NKEY SEED-----
 *   SUA...
 *   ------END USER NKEY SEED------
 */
#include "bus/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILE_BYTES_MAX = 1 << 20 };

/* Read @fd until its end, at most @room bytes. Return: the number of bytes; negative errno. */
static ssize_t read_all(int fd, char *bytes, size_t room)
{
	size_t len = 0;

	while (len < room) {
		ssize_t n = read(fd, bytes + len, room - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		len += (size_t)n;
	}
	return (ssize_t)len;
}

int wf_bus_secret_read(const char *path, char **ret_text)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *text;
	ssize_t len;
	int err;

	if (fd < 0)
		return -errno;
	text = calloc(1, FILE_BYTES_MAX + 2);
	len = text ? read_all(fd, text, FILE_BYTES_MAX + 1) : -ENOMEM;
	close(fd);
	if (len < 0)
		err = (int)len;
	else if (len > FILE_BYTES_MAX)
		err = -EFBIG;
	else
		err = strlen(text) == (size_t)len ? 0 : -EINVAL;
	if (err) {
		/* A zero byte may precede other bytes, so wf_bus_secret_free() is not enough. */
		if (text)
			explicit_bzero(text, FILE_BYTES_MAX + 1);
		free(text);
		return err;
	}
	*ret_text = text;
	return 0;
}

void wf_bus_secret_free(char *text)
{
	if (text)
		explicit_bzero(text, strlen(text));
	free(text);
}

/*
 * Copy the line that follows the line with @title ("BEGIN ..."). Return: 0; -EINVAL if there is
 * none; -ENOMEM.
 */
static int copy_section(const char *text, const char *title, char **ret_line)
{
	const char *begin = strstr(text, title);
	size_t len;

	begin = begin ? strchr(begin, '\n') : NULL;
	if (!begin)
		return -EINVAL;
	begin += strspn(begin, "\r\n \t");
	len = strcspn(begin, "\r\n \t");
	if (!len || *begin == '-')
		return -EINVAL;
	*ret_line = strndup(begin, len);
	return *ret_line ? 0 : -ENOMEM;
}

int wf_bus_credentials_parse(const char *text, struct wf_bus_credentials *ret_credentials)
{
	struct wf_bus_credentials found = {0};
	int err = copy_section(text, "BEGIN NATS USER JWT", &found.jwt);

	if (!err)
		err = copy_section(text, "BEGIN USER NKEY SEED", &found.seed);
	if (err) {
		wf_bus_credentials_free(&found);
		return err;
	}
	*ret_credentials = found;
	return 0;
}

void wf_bus_credentials_free(struct wf_bus_credentials *credentials)
{
	wf_bus_secret_free(credentials->seed);
	wf_bus_secret_free(credentials->jwt);
	*credentials = (struct wf_bus_credentials){0};
}
