/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * api.h - macros that enclose the declarations of every public header. They export the symbols from
 * the shared library and give them C linkage in C++.
 */
#ifndef WEFT_API_H
#define WEFT_API_H

#ifdef __cplusplus
#define WEFT_BEGIN_DECLS \
	extern "C" {     \
	_Pragma("GCC visibility push(default)")
#define WEFT_END_DECLS                \
	_Pragma("GCC visibility pop") \
	}
#else
#define WEFT_BEGIN_DECLS _Pragma("GCC visibility push(default)")
#define WEFT_END_DECLS	 _Pragma("GCC visibility pop")
#endif

#endif
