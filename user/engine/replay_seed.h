/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * replay_seed.h - seeds of a replay that follow from its capture files instead of from chance, so
 * that the same replay gives each connection the same id.
 *
 * ids: from the beginnings and sizes of the files. Copies of a capture give the same ids, and
 * different captures give different ones.
 *
 * secret: keys the flow hash, which divides the flows among the workers, each of which counts its
 * own flows. An attacker who sends packets must not know it, so it also follows from the inodes of
 * the files and the nanoseconds of their last change. Copies of a capture therefore give the same
 * ids only if one worker reads them.
 */
#ifndef WF_ENGINE_REPLAY_SEED_H
#define WF_ENGINE_REPLAY_SEED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/hash.h"

struct wf_replay_seed {
	uint64_t ids;
	struct weft_hash_secret secret;
};

/*
 * Compute the seeds of a replay of @paths; a directory stands for the files in it. Return: false if
 * a path is neither (a pipe) or can't be read: the packets are not known before they are read.
 */
bool wf_replay_seed(char *const *paths, size_t count, struct wf_replay_seed *ret_seed);

#endif
