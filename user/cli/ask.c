// SPDX-License-Identifier: BSD-2-Clause
/*
 * ask.c - what subcommands that talk to a running agent share.
 */
#include <errno.h>

#include "cli/cmd.h"

int wf_cmd_status_of_control(int err)
{
	switch (err) {
	case -ENOENT:
		return WF_EXIT_INPUT;
	case -ENOTUNIQ:
		return WF_EXIT_USAGE;
	case -EACCES:
	case -EPERM:
		return WF_EXIT_NOT_ALLOWED;
	default:
		return WF_EXIT_FAILED;
	}
}
