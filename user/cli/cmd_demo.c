// SPDX-License-Identifier: BSD-2-Clause
/*
 * cmd_demo.c - weft demo: runs scripts/demo.sh, which is part of this program.
 */
#include <errno.h>
#include <linux/memfd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <weft/probe.h>

#include "cli/privileges.h"
#include "cli/cmd.h"
#include "cli/say.h"

/* The assembler includes the text of the script, so that no file needs to be installed. */
__asm__(".pushsection .rodata\n"
	".global wf_demo_script\n"
	".global wf_demo_script_end\n"
	"wf_demo_script:\n"
	".incbin \"scripts/demo.sh\"\n"
	"wf_demo_script_end:\n"
	".popsection\n");

extern const char wf_demo_script[];
extern const char wf_demo_script_end[];

static int write_script(int fd)
{
	const char *text = wf_demo_script;

	while (text < wf_demo_script_end) {
		ssize_t written = write(fd, text, (size_t)(wf_demo_script_end - text));

		if (written < 0)
			return -errno;
		text += written;
	}
	return 0;
}

/* Replace this process with bash running the script. Return: only on failure, negative errno. */
static int exec_script(void)
{
	char self[4096];
	char path[64];
	ssize_t chars = readlink("/proc/self/exe", self, sizeof(self) - 1);
	int fd = memfd_create("weft-demo",
			      0); /* without MFD_CLOEXEC: bash inherits and reads the file */
	int err;

	if (chars < 0 || fd < 0)
		return -errno;
	self[chars] = '\0';
	err = write_script(fd);
	if (err)
		return err;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (setenv("WEFT", self, 1))
		return -errno;
	execlp("bash", "bash", path, (char *)NULL);
	return -errno;
}

static int run_demo(struct wf_options *options)
{
	char missing[512];
	int err;

	if (options->args_count > 0) {
		wf_say_error("demo: unexpected '%s'", options->args[0]);
		return WF_EXIT_USAGE;
	}
	if (geteuid() != 0) {
		wf_say_error("demo: not permitted to create network namespaces; run 'weft demo' as "
			     "root");
		return WF_EXIT_NOT_ALLOWED;
	}
	if (wf_privileges_check(0, missing, sizeof(missing))) {
		wf_say_error("demo: not permitted: %s", missing);
		return WF_EXIT_NOT_ALLOWED;
	}
	if (weft_probe_kernel())
		return WF_EXIT_NOT_ALLOWED;
	err = exec_script();
	wf_say_error("demo: can't run bash: %s", strerror(-err));
	return WF_EXIT_FAILED;
}

WF_CMD(demo) = {
	.name = "demo",
	.position = 30,
	.usage = "",
	.summary = "create network namespaces with real traffic and show weft at work",
	.details =
		"A web server and its clients run in namespaces of their own. weft captures on\n"
		"the server's interface in host mode, and on a mirror port in tap mode. The demo\n"
		"compares every downloaded file with the extracted streams, and the streams of\n"
		"both modes with each other. It takes about 20 seconds, removes everything that\n"
		"it created, and needs root and the capabilities of live capture.\n",
	.run = run_demo,
};
