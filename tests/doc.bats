#!/usr/bin/env bats
# What is written agrees with what is built.
load helper

setup() { cd "$TOP" || return; }

@test "every RFC that the source names has a row in doc/rfc.md" {
	missing=0
	while read -r number; do
		grep -q "^| RFC $number |" doc/rfc.md || {
			echo "no row for RFC $number, named in:"
			grep -rlE "RFC $number\b" bin lib man
			missing=1
		}
	done < <(grep -rhoE '\bRFC [0-9]+' bin lib man | awk '{ print $2 }' | sort -un)
	[ $missing = 0 ]
}

@test "doc/rfc.md names no file that is gone" {
	gone=0
	while read -r file; do
		[ -e "$file" ] || { echo "gone: $file"; gone=1; }
	done < <(awk -F'|' '/^\| RFC [0-9]/ { print $4 }' doc/rfc.md | tr -d '` ' | tr ',' '\n' | sort -u)
	[ $gone = 0 ]
}

@test "every program has a page with SECURITY and STANDARDS" {
	bad=0
	for program in bin/*; do
		program=${program#bin/}
		[ "$program" = chainmail ] && continue # chainmail(7)
		page=$(find man -name "$program.[1-8]")
		[ -n "$page" ] || { echo "no page: $program"; bad=1; continue; }
		for section in SECURITY STANDARDS; do
			grep -q "^\.Sh $section" "$page" || { echo "no $section: $page"; bad=1; }
		done
	done
	[ $bad = 0 ]
}

@test "a page refers to no page of ours that is not there" {
	bad=0
	while read -r _ name section _; do
		[ -e "man/$name.$section" ] || { echo "no man/$name.$section"; bad=1; }
	done < <(cat man/* | grep -oE '^\.(It )?Xr (chainmail[a-z-]*|listen|tlsd|authd|smtpd|imapd|pop3d|login|deliver|enqueue|queue-run|bounce) [0-9]' |
		sed 's/^\.It /./' | sort -u)
	[ $bad = 0 ]
}

@test "chainmail-limits(5) lists exactly the limits there are" {
	diff <(sed -n 's/^	LIMIT([a-z_]*, "\([a-z-]*\)".*/\1/p' lib/os/conf.c | sort) \
		<(sed -n 's/^\.It Li \([a-z-]*\) Pq.*/\1/p' man/chainmail-limits.5 | sort)
}

@test "no file is set-uid, none can be written by everybody" {
	run find "$BUILD/bin" -type f -perm /6002
	[ -z "$output" ]
}

@test "release programs are position independent, read-only after linking, with an unexecutable stack" {
	sanitized && skip 'a sanitizer build'
	need readelf file
	[[ ${BUILD##*/} == release ]] || skip 'another build'
	bad=0
	for program in "$BUILD"/bin/*; do
		file -b "$program" | grep -q ELF || continue
		elf=$(readelf -hldW "$program")
		has 'DYN (' "$elf" && has GNU_RELRO "$elf" && has BIND_NOW "$elf" || bad=1
		grep -q 'GNU_STACK.* RW ' <<<"$elf" || bad=1
		! grep -qE 'R(UN)?PATH' <<<"$elf" || bad=1
		readelf -nW "$program" | grep -q 'IBT, SHSTK' || bad=1
		[ $bad = 0 ] || { echo "$program"; break; }
	done
	[ $bad = 0 ]
}

@test "chainmail runs its commands, and knows what it doesn't know" {
	run chainmail help
	[ "$status" = 0 ]
	has '  setup' "$output"
	run chainmail nonsense
	[ "$status" = 64 ]
	run chainmail ../../bin/sh
	[ "$status" = 64 ]
	run chainmail setup -x
	[ "$status" = 64 ]
	has 'usage: chainmail-setup' "$output"
}

@test "README's commands for each link alone work as printed" {
	need openssl
	cd "$BATS_TEST_TMPDIR"
	awk '/^```sh/ { f = 1; next } /^```/ { f = 0 } f' "$TOP/README.md" >commands
	grep -q '^listen ' commands
	sed -i '/^listen /d' commands # it goes on and on
	run bash -e commands
	[ "$status" = 0 ]
	has '* 2 FETCH (FLAGS' "$output"
	has '+OK 2 messages' "$output"
}
