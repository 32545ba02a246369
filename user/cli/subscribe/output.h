/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * output.h - the file or the standard output to which `weft subscribe` prints.
 *
 * Thread: main.
 */
#ifndef WF_CLI_SUBSCRIBE_OUTPUT_H
#define WF_CLI_SUBSCRIBE_OUTPUT_H

#include <stdio.h>

/*
 * Open @path for writing; "-" is standard output. A file that is not empty is rejected. Return: the
 * stream, closed by the caller; NULL on failure, which is reported.
 */
FILE *wf_output_open(const char *path);

#endif
