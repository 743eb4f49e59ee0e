#!/usr/bin/env bats
# The units are whole, name what exists, and leave a service little.
load helper

setup() {
	need systemd-analyze
	make -s -C "$TOP" install-systemd DESTDIR="$BATS_TEST_TMPDIR/root"
	units=$BATS_TEST_TMPDIR/root/usr/lib/systemd/system
}

# exposure THRESHOLD UNIT: in tenths, as systemd-analyze takes it.
exposure() {
	systemd-analyze security --offline=true --threshold="$1" \
		--root="$BATS_TEST_TMPDIR/root" "$2"
}

# Those that meet other hosts by themselves.
outward='chainmail-send chainmail-mta-sts chainmail-tls-report'

@test "no service is more exposed than 1.0, with the network than 1.5" {
	exposure 100 chainmail-tlsd.service >/dev/null 2>&1 ||
		skip 'this systemd-analyze has no --offline'
	for unit in "$units"/chainmail-*.service; do
		unit=${unit##*/}
		if [[ " $outward " == *" ${unit%.service} "* ]]; then
			exposure 15 "$unit"
		else
			exposure 10 "$unit"
		fi
	done
}

@test "the units have no mistakes" {
	# The programs need not be installed for this.
	for unit in "$units"/*.service; do
		sed -i 's,^ExecStart=[^ ]*,ExecStart=/bin/true,' "$unit"
	done
	SYSTEMD_UNIT_PATH=$units: run systemd-analyze verify --man=no "$units"/chainmail*.{service,socket,timer,target}
	grep -iE 'chainmail' <<<"$output" | grep -v 'Command.*is not executable' && return 1
	return 0
}

@test "each service that the target wants has its unit, each socket its service" {
	while read -r unit; do
		[ -f "$units/$unit" ]
	done < <(sed -n 's/^\(Wants\|Sockets\|Requires\|Service\|After\)=//p' "$units"/chainmail* | tr ' ' '\n' | sort -u)
}

@test "each program that a service names is there" {
	while read -r _ program _; do
		[ -x "$BUILD/bin/${program##*/}" ]
	done < <(sed -n 's/^ExecStart=/x /p' "$units"/*.service)
	[ -x "$BUILD/bin/listen" ]
}
