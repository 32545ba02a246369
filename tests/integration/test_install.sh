#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_install.sh - a separate program can be built and run with the files that `make install`
# installs.
. "$(dirname "$0")/lib.sh"
need_weft
dest=$work/dest
lib=$dest/opt/weft/lib

check 'make install' install_to "$dest" /opt/weft
check 'program' test -x "$dest/opt/weft/bin/weft"
check 'libweft.so, libweft.so.0 and libweft.a are installed' test -L "$lib/libweft.so" -a -L "$lib/libweft.so.0" -a -f "$lib/libweft.a"
check 'libweft-client and its pkg-config file are installed' test -L "$lib/libweft-client.so" -a -L "$lib/libweft-client.so.0" -a \
	-f "$lib/libweft-client.a" -a -f "$lib/pkgconfig/weft-client.pc"
check 'headers' test -f "$dest/opt/weft/include/weft/weft.h"
check 'bash completion' bash -c ". '$dest/opt/weft/share/bash-completion/completions/weft' && complete -p weft"
for page in man1/weft.1 man1/weft-run.1 man1/weft-replay.1 man1/weft-subscribe.1 man1/weft-top.1 man5/weft.conf.5 man5/weft-events.5 man7/weft-recipes.7 \
	man3/libweft.3; do
	check "manual $page" test -f "$dest/opt/weft/share/man/$page"
done

python3 "$root/tests/integration/make_pcap.py" "$work/good.pcap"
cat >"$work/count.c" <<'C'
#include <stdio.h>
#include <weft/weft.h>

static int count(const struct weft_event *event, void *ctx)
{
	unsigned long *bytes = ctx;

	*bytes += event->data.len_bytes;
	return 0;
}

int main(int argc, char **argv)
{
	unsigned long bytes = 0;
	WEFT_OPTS(weft_opts, opts, .workers = 1);
	WEFT_OPTS(weft_sub_opts, sub_opts, .name = "count", .inline_fn = count, .ctx = &bytes,
		  .events = WEFT_EVENT_BIT(WEFT_EVENT_DATA));
	struct weft_sub *sub;
	struct weft *weft;

	if (argc != 2 || weft_new(&opts, &weft) || weft_add_file(weft, argv[1]) ||
	    weft_subscribe(weft, &sub_opts, &sub) || weft_start(weft) || weft_wait(weft, -1))
		return 1;
	weft_free(weft);
	printf("%lu\n", bytes);
	return 0;
}
C
export PKG_CONFIG_PATH=$lib/pkgconfig
flags=$(pkg-config --define-variable=prefix="$dest/opt/weft" --cflags --libs weft)
static_flags=$(pkg-config --define-variable=prefix="$dest/opt/weft" --static --cflags --libs weft)
# shellcheck disable=SC2086
{
	check 'a program against the shared library' cc -Wall -Werror -o "$work/count" "$work/count.c" $flags
	check 'the program with the shared library runs' bash -c "[ \$(LD_LIBRARY_PATH='$lib' '$work/count' '$work/good.pcap') = 12 ]"
	check 'the program uses the installed shared library' bash -c "
		LD_LIBRARY_PATH='$lib' ldd '$work/count' | grep -q '$lib/libweft.so.0'"
	# The shared library lies beside the archive, as after an installation.
	check 'README.md and the manual name the options for the archive' test \
		"$(cat "$root/README.md" "$root/man/libweft.3" | grep -cF 's/-lweft/-l:libweft.a/')" -eq 2
	check 'a program with the archive' cc -Wall -Werror -o "$work/count-static" "$work/count.c" \
		$(sed s/-lweft/-l:libweft.a/ <<<"$static_flags")
	check 'the program with the archive does not need the shared library' bash -c "! ldd '$work/count-static' | grep libweft"
	check 'the program with the archive runs' bash -c "[ \$('$work/count-static' '$work/good.pcap') = 12 ]"

	# Build the program in the README without changes.
	sed -n '/^```c$/,/^```$/{p;/^```$/q}' "$root/README.md" | sed '/^```/d' >"$work/readme.c"
	check "the README's program" cc -Wall -Wextra -Wno-unused-parameter -Werror -o "$work/readme" \
		"$work/readme.c" $flags
	export LD_LIBRARY_PATH=$lib
	check "the README's program runs" bash -c "'$work/readme' '$work/good.pcap' | grep -q '^request: .* bytes at 0$'"
	check "the README's program names a missing file" bash -c "
		! '$work/readme' '$work/none.pcap' 2>'$work/why' &&
			grep -qx '$work/none.pcap: No such file or directory' '$work/why'"

	# Each header by itself, and a program, compile as C++11 without a warning.
	plus='c++ -std=c++11 -Wall -Wextra -pedantic -Werror'
	for header in "$dest"/opt/weft/include/weft/*.h; do
		echo "#include <weft/${header##*/}>" >"$work/plus.cc"
		check "C++11: ${header##*/}" $plus $flags -fsyntax-only "$work/plus.cc"
	done
	cat >"$work/plus.cc" <<'CC'
#include <cstdio>
#include <weft/weft.h>

static int count(const weft_event *event, void *ctx)
{
	*static_cast<unsigned long *>(ctx) += event->data.len_bytes;
	return 0;
}

int main(int, char **argv)
{
	unsigned long bytes = 0;
	WEFT_OPTS(weft_sub_opts, opts);
	weft_sub *sub;
	weft *handle = nullptr;

	opts.inline_fn = count;
	opts.ctx = &bytes;
	opts.events = WEFT_EVENT_BIT(WEFT_EVENT_DATA);
	if (weft_new(nullptr, &handle) || weft_add_file(handle, argv[1]) ||
	    weft_subscribe(handle, &opts, &sub) || weft_start(handle) || weft_wait(handle, -1))
		return 1;
	weft_free(handle);
	std::printf("%lu\n", bytes);
	return 0;
}
CC
	check 'a C++11 program' $plus -o "$work/plus" "$work/plus.cc" $flags
	check 'the C++11 program runs' bash -c "[ \$('$work/plus' '$work/good.pcap') = 12 ]"
}
check 'only weft_ is exported' bash -c "
	! nm -D --defined-only '$lib/libweft.so' | awk '{print \$3}' | grep -vE '^(weft_|LIBWEFT_)' | grep ."
check 'only weft_ is exported by the client library' bash -c "
	! nm -D --defined-only '$lib/libweft-client.so' | awk '{print \$3}' | grep -vE '^(weft_|LIBWEFT_)' | grep ."
check 'the client library needs the C library only' bash -c "
	! readelf -d '$lib/libweft-client.so' | grep NEEDED | grep -vE '\[(libc|ld-linux[^]]*)\.so' | grep ."
check 'the installed program shows its demo help' "$dest/opt/weft/bin/weft" demo --help
check 'make uninstall removes all files and links' bash -c "
	make -C '$root' --no-print-directory uninstall DESTDIR='$dest' PREFIX=/opt/weft &&
		! find '$dest' -type f -o -type l | grep ."
finish
