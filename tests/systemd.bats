#!/usr/bin/env bats
# The units are whole, name what exists, and leave a service little.
bats_require_minimum_version 1.5.0
load helper
# release only

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

# Those that meet other hosts by themselves, and those whose commands may do what
# commands do.
outward='chainmail-send chainmail-mta-sts chainmail-verifyd chainmail-tls-report chainmail-commands chainmail-filters chainmail-certificate'

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

@test "a restart of the target closes no socket, and none is given up" {
	for unit in "$units"/chainmail-*.socket; do
		run ! grep 'PartOf=.*chainmail.target' "$unit"
	done
	grep -qx StopPropagatedFrom=chainmail.target "$units/chainmail-.socket.d/10-target.conf"
	for file in "$units"/chainmail-.{service,socket}.d/10-*.conf "$units"/chainmail-*.timer; do
		grep -qx StartLimitIntervalSec=0 "$file"
	done
	# What systemd has just forked may hold a port for a moment.
	for unit in $(grep -lx 'ListenStream=[0-9]*' "$units"/*.socket); do
		grep -qx ReusePort=yes "$unit"
	done
}

# seconds FILE: its TimeoutStopSec.
seconds() {
	local value
	value=$(sed -n 's/^TimeoutStopSec=//p' "$1")
	[[ $value == *min ]] && echo $((${value%min} * 60)) || echo "$value"
}

@test "the services that carry mail may take as long as the longest transaction to end" {
	patience=$(sed -n 's/.*SERVE_WORKER_S = \([0-9]*\).*/\1/p' "$TOP/lib/os/serve.h")
	deliver=$(seconds "$units/chainmail-deliver.service.d/20-stop.conf")
	send=$(seconds "$units/chainmail-send.service.d/20-stop.conf")
	queue=$(seconds "$units/chainmail-queue-run.service.d/20-stop.conf")
	commands=$(seconds "$units/chainmail-commands.service.d/20-commands.conf")
	[ "$commands" -gt "$patience" ]
	[ "$patience" -gt 600 ] # RFC 5321 4.5.3.2.6, and what comes before
	[ "$deliver" -gt "$patience" ] && [ "$send" -gt "$patience" ]
	[ "$queue" -gt "$deliver" ] && [ "$queue" -gt "$send" ]
	# The parent tells its workers; systemd would kill their commands.
	grep -q '^KillMode=mixed$' "$units/chainmail-.service.d/10-sandbox.conf"
}

@test "deliver, commands, filters and send have no way into the spool" {
	for unit in deliver send commands filters; do
		grep -q '^InaccessiblePaths=.*/var/spool/chainmail' "$units/chainmail-$unit.service"
		run ! grep '^ReadWritePaths=.*spool' "$units/chainmail-$unit.service"
	done
}

@test "the services that open mailboxes learn which start of the system it is" {
	for unit in login deliver; do
		grep -qx ProcSubset=all "$units/chainmail-$unit.service.d/20-boot.conf"
	done
}

@test "each program that a service names is there" {
	while read -r _ program _; do
		[ -x "$BUILD/bin/${program##*/}" ]
	done < <(sed -n 's/^ExecStart=/x /p' "$units"/*.service)
	[ -x "$BUILD/bin/listen" ]
}
