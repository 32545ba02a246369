#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_install.sh - a separate program can be built and run with the files that `make install`
# installs.
. "$(dirname "$0")/lib.sh"
need_weft
dest=$work/dest
lib=$dest/opt/weft/lib

check 'make install' make -C "$root" --no-print-directory install DESTDIR="$dest" PREFIX=/opt/weft
check 'program' test -x "$dest/opt/weft/bin/weft"
check 'library with its names' test -L "$lib/libweft.so" -a -L "$lib/libweft.so.0" -a -f "$lib/libweft.a"
check 'headers' test -f "$dest/opt/weft/include/weft/weft.h"
check 'bash completion' bash -c ". '$dest/opt/weft/share/bash-completion/completions/weft' && complete -p weft"
for page in man1/weft.1 man1/weft-run.1 man1/weft-replay.1 man5/weft.conf.5 man5/weft-events.5 man7/weft-recipes.7 \
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
	check 'it runs' bash -c "[ \$(LD_LIBRARY_PATH='$lib' '$work/count' '$work/good.pcap') = 12 ]"
	check 'it uses the shared library' bash -c "
		LD_LIBRARY_PATH='$lib' ldd '$work/count' | grep -q '$lib/libweft.so.0'"
	check 'a program with the static library' cc -Wall -Werror -o "$work/count-static" "$work/count.c" \
		${static_flags/-lweft/-l:libweft.a}
	check 'the static one runs' bash -c "[ \$('$work/count-static' '$work/good.pcap') = 12 ]"
	# Check that the headers are valid C++; no library call matters here.
	printf '#include <weft/weft.h>\nint main() { return weft_version() == nullptr; }\n' >"$work/plus.cc"
	check 'a C++ program' c++ -Wall -Werror -o "$work/plus" "$work/plus.cc" $flags
}
check 'only weft_ is exported' bash -c "
	! nm -D --defined-only '$lib/libweft.so' | awk '{print \$3}' | grep -vE '^(weft_|LIBWEFT_)' | grep ."
check 'the installed program shows its demo help' "$dest/opt/weft/bin/weft" demo --help
check 'make uninstall takes all away' bash -c "
	make -C '$root' --no-print-directory uninstall DESTDIR='$dest' PREFIX=/opt/weft &&
		! find '$dest' -type f -o -type l | grep ."
finish
