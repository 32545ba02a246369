/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * corpus.h - returns the path of the captures with known streams.
 *
 * tests/corpus is made by scripts/make-corpus.py and is part of the repository. The environment
 * variable WEFT_CORPUS names another collection of the same form.
 */
#ifndef WF_TESTS_CORPUS_H
#define WF_TESTS_CORPUS_H

#include <stdlib.h>

#define OWN_CORPUS "tests/corpus"

static inline const char *corpus_folder(void)
{
	const char *folder = getenv("WEFT_CORPUS");

	return folder ? folder : OWN_CORPUS;
}

#endif
