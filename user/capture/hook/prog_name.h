/* SPDX-License-Identifier: BSD-2-Clause */
/* prog_name.h - reads the name that a loaded BPF program has in the kernel. */
#ifndef WF_CAPTURE_HOOK_PROG_NAME_H
#define WF_CAPTURE_HOOK_PROG_NAME_H

#include <stdint.h>

enum { WF_PROG_NAME_BYTES = 16 }; /* BPF_OBJ_NAME_LEN */

/* Write the name of program @id; "" if the name can't be read. Thread: any. */
void wf_prog_name(uint32_t id, char ret_name[WF_PROG_NAME_BYTES]);

#endif
