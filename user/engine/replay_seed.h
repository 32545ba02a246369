/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * replay_seed.h - derives the seeds of a replay from its capture files, not from random numbers, so
 * that a repeated replay gives each connection the same id.
 *
 * ids: computed from the beginnings and sizes of the files. Copies of a capture give the same ids,
 * and captures whose first 512 bytes or sizes differ give different ones.
 *
 * secret: the key of the flow hash, which divides the flows among the workers; ids are numbered per
 * worker. An attacker who sends packets must not know the secret, so it is computed from device,
 * inode, size and time of last modification (in ns) of each file. Copies of a capture therefore
 * give the same ids only if one worker reads them.
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
 * Compute the seeds of a replay of @paths; a directory counts as the readable regular files in it.
 * Return: false if a path is neither a regular file nor a directory (a pipe, for example), or can't
 * be read: its contents are not known beforehand.
 */
bool wf_replay_seed(char *const *paths, size_t count, struct wf_replay_seed *ret_seed);

#endif
