#!/usr/bin/env bats
# The documentation agrees with the programs.
load helper
# release only

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
		case $program in chainmail | *.sh) continue ;; esac # chainmail(7), a part
		[ "$program" = sendmail ] || program=chainmail-${program#chainmail-}
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
	done < <(grep -hoE '\bXr (chainmail[a-z-]*|sendmail) [0-9]' man/* | sort -u)
	while read -r name section; do
		[ -e "man/$name.$section" ] || { echo "no man/$name.$section"; bad=1; }
	done < <(git ls-files | grep -v '^tests/bench/' | xargs grep -hoE '\bchainmail[a-z-]*\([1-8]\)' |
		tr '()' '  ' | sort -u)
	[ $bad = 0 ]
}

@test "a page refers to our programs by the names of their pages" {
	programs=$(printf '%s\n' bin/* | sed 's,bin/,,' | grep -vE '^(chainmail.*|sendmail|.*\.sh)$' | paste -sd '|')
	run grep -nE "\bXr ($programs|users) [58]" man/*
	[ -z "$output" ]
}

@test "a link in the documentation leads to a file" {
	bad=0
	for file in *.md doc/*.md etc/*/README.md tests/*/README.md; do
		while read -r to; do
			[ -e "${file%"${file##*/}"}$to" ] || { echo "$file: $to"; bad=1; }
		done < <(grep -oE '\]\([^)#: ]+\)' "$file" | tr -d '])(')
	done
	[ $bad = 0 ]
}

@test "events that the documentation shows are the programs' own" {
	bad=0
	while read -r program event; do
		grep -rqE "\"$event\"" "bin/$program" lib || { echo "$program event=$event"; bad=1; }
	done < <(grep -hoE '^ +[a-z-]+ event=[a-z-]+' doc/*.md README.md | sed 's/event=//' | sort -u)
	[ $bad = 0 ]
}

@test "a page of ours hides no page of the system, and man -k chainmail finds it" {
	bad=0
	for page in man/*; do
		name=${page#man/}
		case ${name%.*} in
		chainmail | chainmail-*) ;;
		sendmail) ;; # every mail system's page has this name
		*) echo "hides another: $page"; bad=1 ;;
		esac
		grep -qx "\.Nm ${name%.*}\( ,\)*" "$page" || { echo "another name: $page"; bad=1; }
		grep -qi "^\.Dt ${name%.*} ${name##*.}" "$page" || { echo "another title: $page"; bad=1; }
		sed -n '/^\.Sh NAME/,/^\.Nd/p' "$page" | grep -q chainmail || { echo "not found: $page"; bad=1; }
	done
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

# In an empty environment, where no configuration is. stdout; nothing on stderr.
bare() { env -i PATH=/usr/bin:/bin CHAINMAIL_ETC=/nonexistent "$@" </dev/null 2>"$BATS_TEST_TMPDIR/stderr"; }

@test "every program answers --help on one screen, and --version" {
	version=$(sed -n 's/^## \([0-9.]*\).*/\1/p' NEWS.md | head -n 1)
	bad=0
	ln -s "$BUILD/bin/sendmail" "$BATS_TEST_TMPDIR/mailq"
	ln -s "$BUILD/bin/sendmail" "$BATS_TEST_TMPDIR/newaliases"
	for program in "$BUILD"/bin/* "$BATS_TEST_TMPDIR"/{mailq,newaliases}; do
		name=${program##*/}
		[[ $name != *.sh ]] || continue # a part of others
		help=$(bare "$program" --help) && [[ $help == usage:\ * ]] &&
			[ "$(wc -l <<<"$help")" -le 24 ] && ! grep -E '.{81}' <<<"$help" &&
			[ ! -s "$BATS_TEST_TMPDIR/stderr" ] || { echo "$name --help: $help"; bad=1; }
		page=$(grep -oE '[a-z0-9-]+\([1-8]\)\.$' <<<"$help" | tr '()' '..')
		[ "$name" = chainmail ] || [ -e "man/${page%..}" ] || { echo "$name: no page $page"; bad=1; }
		told=$(bare "$program" --version) &&
			[ "${told/ (chainmail)}" = "$name $version" ] &&
			[ ! -s "$BATS_TEST_TMPDIR/stderr" ] || { echo "$name --version: $told"; bad=1; }
	done
	[ $bad = 0 ]
}

@test "a wrong command line is answered on standard error alone, and by 64" {
	bad=0
	for program in "$BUILD"/bin/*; do
		[[ $program != *.sh ]] || continue
		code=0
		out=$(bare "$program" --nonsense) || code=$?
		[ $code = 64 ] && [ -z "$out" ] && [ -s "$BATS_TEST_TMPDIR/stderr" ] ||
			{ echo "${program##*/}: $code $out"; bad=1; }
	done
	[ $bad = 0 ]
}

@test "chainmail help says what each command is for" {
	for command in "$BUILD"/bin/chainmail-*; do
		chainmail help | grep -qE "^  ${command##*/chainmail-} +[A-Z].*\.$"
	done
	diff <(chainmail help queue) <(chainmail queue --help)
}

@test "chainmail runs its commands, and refuses unknown ones" {
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
