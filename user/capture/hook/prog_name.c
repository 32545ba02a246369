// SPDX-License-Identifier: BSD-2-Clause
/* prog_name.c - reads the name of a program, given its id. */
#include "capture/hook/prog_name.h"

#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <string.h>
#include <unistd.h>

_Static_assert((int)WF_PROG_NAME_BYTES == (int)BPF_OBJ_NAME_LEN, "the length in the kernel's ABI");

void wf_prog_name(uint32_t id, char ret_name[WF_PROG_NAME_BYTES])
{
	struct bpf_prog_info info = {0};
	uint32_t len = sizeof(info);
	int fd = bpf_prog_get_fd_by_id(id);

	ret_name[0] = 0;
	if (fd < 0)
		return;
	if (!bpf_obj_get_info_by_fd(fd, &info, &len))
		memcpy(ret_name, info.name, WF_PROG_NAME_BYTES);
	ret_name[WF_PROG_NAME_BYTES - 1] = 0;
	close(fd);
}
