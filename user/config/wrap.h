/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wrap.h - prints text in lines that are not too long.
 */
#ifndef WF_CONFIG_WRAP_H
#define WF_CONFIG_WRAP_H

#include <stdio.h>
#include <string.h>

enum { WF_WRAP_WIDTH = 79 }; /* maximum length of a line, in characters */

/*
 * Print @text and a newline; break lines between words. @column: the number of characters that the
 * first line already has; @indent: the number of spaces before each further line.
 */
static inline void wf_print_wrapped(const char *text, int column, int indent, FILE *out)
{
	while (*text) {
		int chars = (int)strcspn(text, " ");

		if (column > indent && column + 1 + chars > WF_WRAP_WIDTH)
			column = fprintf(out, "\n%*s", indent, "") - 1;
		else if (column > indent)
			column += fprintf(out, " ");
		column += fprintf(out, "%.*s", chars, text);
		text += chars + strspn(text + chars, " ");
	}
	fputc('\n', out);
}

#endif
