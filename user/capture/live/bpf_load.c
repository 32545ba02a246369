// SPDX-License-Identifier: BSD-2-Clause
/*
 * bpf_load.c - loads through libbpf and reads libbpf's messages. libbpf loads a rejected program
 * again to get the verifier's log, and prints the program's name and the log.
 */
#include "capture/live/bpf_load.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/log.h"

enum { LOG_LINES = 30, NAME_BYTES = 64 };

/*
 * Name of the BPF program that the kernel rejected; "": none. The callback of libbpf, which runs on
 * the thread that loads, has no context.
 */
static _Thread_local char rejected[NAME_BYTES];

/* Return: the start of the last LOG_LINES lines of @text. */
static char *find_last_lines(char *text)
{
	char *at = text + strlen(text);

	for (int lines = 0; at > text; at--)
		if (at[-1] == '\n' && lines++ == LOG_LINES)
			break;
	return at;
}

static int listen_to_libbpf(enum libbpf_print_level level, const char *format, va_list args)
{
	char name[NAME_BYTES];
	char *rest;
	char *text;

	/* wf_bpf_load() reports the error; libbpf's warnings are logged at debug level only. */
	if (level != LIBBPF_WARN || vasprintf(&text, format, args) < 0)
		return 0;
	if (sscanf(text, "libbpf: prog '%63[^']': BPF program load failed", name) == 1)
		memcpy(rejected, name, sizeof(rejected));
	rest = find_last_lines(text);
	for (char *line = strtok_r(rest, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		wf_debug("%s", line);
	free(text);
	return 0;
}

static void explain_rejected(int err)
{
	struct utsname kernel;

	uname(&kernel);
	wf_error(
		"capture: Linux %s rejected the BPF program %s: %s; this is an error in weft: please "
		"open an issue with the output of 'weft doctor' and of 'weft run --verbose'",
		kernel.release, rejected, strerror(-err));
}

int wf_bpf_load(struct bpf_object_skeleton *skeleton)
{
	int err;

	rejected[0] = '\0';
	libbpf_set_print(listen_to_libbpf);
	err = bpf_object__load_skeleton(skeleton);
	if (!err)
		return 0;
	/* The verifier also rejects programs with EACCES, but libbpf then names the program. */
	if (err == -EPERM || (err == -EACCES && !*rejected))
		wf_error(
			"capture: not permitted to load BPF programs; run as root, or with "
			"CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN and CAP_NET_RAW; in a container, its "
			"seccomp profile must allow bpf(2), and its user namespace must be that of "
			"the host");
	else if (*rejected)
		explain_rejected(err);
	else
		wf_error("capture: can't create the BPF maps: %s", strerror(-err));
	return err;
}
