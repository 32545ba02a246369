/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * edit.h - lets the user edit a value of JSON in an editor.
 */
#ifndef WF_CLI_ASK_EDIT_H
#define WF_CLI_ASK_EDIT_H

#include <jansson.h>
#include <stdbool.h>

enum { WF_EDIT_PATH_BYTES = 256 };

/*
 * Write @value to a new temporary file, and run $VISUAL, $EDITOR or vi on it. @ret_path: the path
 * of the file, which the caller removes. *@ret_is_changed: true if the file no longer contains
 * @value. Return: 0 on success; negative errno (reported), and then the file does not exist.
 */
int wf_edit(const json_t *value, char ret_path[WF_EDIT_PATH_BYTES], bool *ret_is_changed);

#endif
