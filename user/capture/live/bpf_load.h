/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bpf_load.h - loads BPF programs, and logs why a program was rejected.
 *
 * Thread: any.
 */
#ifndef WF_CAPTURE_BPF_LOAD_H
#define WF_CAPTURE_BPF_LOAD_H

struct bpf_object_skeleton;

/*
 * Load all programs and maps of @skeleton. Return: 0 or negative errno. An error is logged; the
 * last lines of the verifier's log are logged at debug level.
 */
int wf_bpf_load(struct bpf_object_skeleton *skeleton);

#endif
