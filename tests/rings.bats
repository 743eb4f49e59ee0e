#!/usr/bin/env bats
# tests/rings.py: the check that calls run one way finds what does not.
load helper
# release only

setup() {
	need cc nm python3
	cd "$BATS_TEST_TMPDIR" || return
	source_file base/a 'int a(void) { return 1; }'
	source_file os/b 'int a(void); int b(void) { return a(); }'
	source_file mail/c 'int b(void); int c(void) { return b(); }'
	source_file net/d 'int b(void); int d(void) { return b(); }'
	source_file bin/x/main 'int run(void); int main(void) { return run(); }'
	source_file bin/x/run 'int c(void); int d(void); int run(void) { return c() + d(); }'
}

# source_file FILE CODE: of bin/ or lib/, and its object.
source_file() {
	local file=$1
	[[ $file == bin/* ]] || file=lib/$file
	mkdir -p "${file%/*}" "obj/${file%/*}"
	printf '%s\n' "$2" >"$file.c"
	cc -c -o "obj/$file.o" "$file.c"
}
rings() { run python3 "$TOP/tests/rings.py" obj base os 'mail net'; }

@test "calls in one direction pass" {
	rings
	[ "$status" = 0 ]
	[ -z "$output" ]
}

@test "files of a program in a ring are told, with the symbols" {
	source_file bin/x/low 'int middle(void); int low(void) { return middle(); }'
	source_file bin/x/middle 'int high(void); int middle(void) { return high(); }'
	source_file bin/x/high 'int low(void); int high(void) { return low(); }'
	rings
	[ "$status" = 1 ]
	[ "$output" = "bin/x: 3 form a ring
	bin/x/high.c -> bin/x/low.c: low
	bin/x/low.c -> bin/x/middle.c: middle
	bin/x/middle.c -> bin/x/high.c: high" ]
}

@test "files in a folder of a program belong to it" {
	source_file bin/x/low 'int high(void); int low(void) { return high(); }'
	source_file bin/x/inner/high 'int low(void); int high(void) { return low(); }'
	rings
	[ "$status" = 1 ]
	has "bin/x: 2 form a ring" "$output"
	has "bin/x/inner/high.c -> bin/x/low.c: low" "$output"
}

@test "a table that points upwards is a ring too" {
	source_file bin/x/table 'int cmd(void); int (*const table[])(void) = { cmd };'
	source_file bin/x/cmd 'extern int (*const table[])(void); int cmd(void) { return table[0] != 0; }'
	rings
	[ "$status" = 1 ]
	has "bin/x/table.c -> bin/x/cmd.c: cmd" "$output"
}

@test "files of lib in a ring are told" {
	source_file base/e 'int f(void); int e(void) { return f(); }'
	source_file base/f 'int e(void); int f(void) { return e(); }'
	rings
	[ "$status" = 1 ]
	has "lib: 2 form a ring" "$output"
}

@test "a layer that refers to a later one is told, without any include" {
	source_file base/e 'int b(void); int e(void) { return b(); }'
	rings
	[ "$status" = 1 ]
	has "lib/base/e.c is below lib/os/b.c: b" "$output"
}

@test "folders of one layer in a ring are told" {
	source_file mail/e 'int d(void); int e(void) { return d(); }'
	rings
	[ "$status" = 0 ]
	source_file net/f 'int c(void); int f(void) { return c(); }'
	rings
	[ "$status" = 1 ]
	has "folders of lib: 2 form a ring" "$output"
	has "mail -> net: d (lib/mail/e.c)" "$output"
	has "net -> mail: c (lib/net/f.c)" "$output"
}

@test "lib that refers to a program is told" {
	source_file mail/e 'int run(void); int e(void) { return run(); }'
	rings
	[ "$status" = 1 ]
	has "lib/mail/e.c is below bin/x/run.c: run" "$output"
}

@test "static names are ignored, and so are objects without a source" {
	source_file bin/x/low 'static int own(void) { return 1; } int low(void) { return own(); }'
	source_file bin/x/high 'int low(void); static int own(void) { return low(); } int high(void) { return own(); }'
	rings
	[ "$status" = 0 ]
	source_file bin/x/gone 'int high(void); int low(void); int gone(void) { return high(); }'
	source_file bin/x/low 'int gone(void); int low(void) { return gone(); }'
	rings
	[ "$status" = 1 ]
	rm bin/x/gone.c
	rings
	[ "$status" = 0 ]
}

@test "a folder of lib without a layer is an error" {
	source_file new/e 'int e(void) { return 1; }'
	rings
	[ "$status" = 1 ]
	has "lib/new/e.c: its folder is in no layer" "$output"
}
