/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inside.h - the lines of the second view: ledgers, workers, memory and subscriptions.
 */
#ifndef WF_CLI_TOP_INSIDE_H
#define WF_CLI_TOP_INSIDE_H

#include "cli/top/model.h"
#include "cli/top/page.h"

void wf_top_inside_add(const struct wf_top_model *model, struct wf_top_page *page);

#endif
