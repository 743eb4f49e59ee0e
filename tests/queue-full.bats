#!/usr/bin/env bats
# The spool is full, read-only or broken while mail goes out: what can't be noted is
# kept in mind, nothing more is handed out, nothing is sent twice, and all goes on
# when there is a spool to write to again.

load queue

# The spool is a file system of its own, in a mount namespace that all programs
# share and that ends with the test. SPOOL is where it can be looked at from here.
spool_of() {
	need_root
	unshare -m true 2>/dev/null || skip "no mount namespaces here"
	background unshare -m sleep 3600
	INSIDE=${BACKGROUND[-1]}
	await 10 separate
	inside mount -t tmpfs -o "$1" spool "$CHAINMAIL_SPOOL"
	SPOOL=/proc/$INSIDE/root$CHAINMAIL_SPOOL
	mkdir -p "$SPOOL"/{tmp,new,state,bad,blank,hold,history}
	[ ${#AS[@]} = 0 ] || chown -R $OWNER:$OWNER "$SPOOL"
	AS=(nsenter -t "$INSIDE" -m "${AS[@]}")
	printf 'disk-reserve 16K\n' >"$CHAINMAIL_ETC/limits"
}
separate() { [ "$(readlink "/proc/$INSIDE/ns/mnt")" != "$(readlink /proc/self/ns/mnt)" ]; }
inside() { nsenter -t "$INSIDE" -m "$@"; }
empty() { [ -z "$(find "${SPOOL:-$CHAINMAIL_SPOOL}"/{new,hold,state,bad} -type f)" ]; }

# One message that slow.example is about to take, with so many that it wants later
# that their results fill pages; one that has been at fast.example and is tried again
# when it is asked for; bob has his copy, and has read it.
# outward [TO...]: the message's recipients, all@ for each of them.
MANY=80
outward() {
	local i later=()
	for ((i = 1; i <= MANY; i++)); do
		later+=("rcpt:l$i=451 4.3.0 not now, and not for this one either|250 2.1.5 ok")
	done
	users "$(account bob)" "all@example.org -> bob@example.org, a@slow.example, :include:$CHAINMAIL_ETC/list"
	for ((i = 1; i <= MANY; i++)); do echo "l$i@slow.example"; done >"$CHAINMAIL_ETC/list"
	other slow.example offer=PIPELINING "dot=until:$ROOM/go 250 2.0.0 taken|250 2.0.0 taken" "${later[@]}"
	other fast.example 'rcpt:b=451 4.3.0 not now|250 2.1.5 ok'
	resident
	SUBJECT=two put -f ann@example.org b@fast.example
	await 60 logged 'event=deferred .*to=b@fast.example'
	WAITING=$ID
	SUBJECT=one put -f ann@example.org "${@:-all@example.org}"
	await 60 waits slow.example
	[ $# -gt 0 ] || await 60 copies 1 bob 2>/dev/null
	delete bob one
}
stuck() { logged 'event=stuck'; }
# stays_so: whatever is asked, nothing goes out while nothing can be noted.
stays_so() {
	touch "$ROOM/go"
	await 60 copies 1 a@slow.example 2>/dev/null
	await_or_not 30 stuck || true
	for _ in 1 2 3 4 5; do
		queue retry --all >/dev/null || true
		kill -HUP "$RUNNER"
		sleep 0.2
	done
	asked b@fast.example 1
	asked a@slow.example 1
	asked l1@slow.example 1
	copies 0 bob
	kill -0 "$RUNNER"
}
# goes_on: and then it does, everything once.
goes_on() {
	SUBJECT=three put -f ann@example.org d@fast.example bob@example.org
	await 60 retried
	copies 1 a@slow.example
	copies 1 b@fast.example two
	copies 1 d@fast.example three
	copies 1 bob three
	copies 1 bob
	[ "$(sort "$ROOM/slow.example.taken" | uniq -c | grep -c '^ *1 l')" = $MANY ]
	reports 0
}

# fill FILE: until there is no byte left.
fill() { cat /dev/zero >"$1" 2>/dev/null || true; }

full() {
	spool_of size=1m,nr_inodes=2000
	outward
	fill "$SPOOL/filler"
	stays_so
	rm "$SPOOL/filler"
	goes_on
}
@test "a full spool: mail whose result can't be noted is not sent again, and no other is sent" { room user && full; }
@test "a full spool: the same as root" { room root && full; }

@test "a spool without inodes: the same" {
	room user
	spool_of size=4m,nr_inodes=300
	# Of an alias the state is there already.
	outward a@slow.example $(seq -f 'l%g@slow.example' $MANY)
	mkdir "$SPOOL/filler"
	(cd "$SPOOL/filler" && touch {1..400} 2>/dev/null) || true
	stays_so
	rm -r "$SPOOL/filler"
	goes_on
}

# failing ERROR: from now on, until mended, the running queue-run can change
# nothing below the spool.
CALLS=write,writev,pwrite64,pwritev,pwritev2,fsync,fdatasync,syncfs,sync_file_range,renameat,renameat2,linkat,unlinkat,ftruncate,fallocate
failing() {
	local part paths=()
	need strace
	sanitized && skip "the calls are those of the release build"
	for part in '' /new /state /notes /blank /hold /tmp /bad /history /tls /journal; do
		paths+=(-P "$CHAINMAIL_SPOOL$part")
	done
	for part in "$CHAINMAIL_SPOOL"/notes/*; do paths+=(-P "$part"); done
	# What is there now, and its state, which may come.
	for part in "$CHAINMAIL_SPOOL"/new/*; do
		paths+=(-P "$part" -P "$CHAINMAIL_SPOOL/state/${part##*/}" -P "$CHAINMAIL_SPOOL/hold/${part##*/}")
	done
	background strace -qq -o "$ROOM/trace" -p "$RUNNER" "${paths[@]}" \
		-e trace=$CALLS -e inject=$CALLS:error="$1"
	FAULT=${BACKGROUND[-1]}
	await 10 grep -q 'TracerPid:.*[1-9]' "/proc/$RUNNER/status"
}
mended() {
	kill -INT "$FAULT" 2>/dev/null || true
	wait "$FAULT" || true
}

broken() {
	room "$2"
	need_root # to trace what is in a sandbox
	outward
	failing "$1"
	stays_so
	mended
	goes_on
}
@test "a spool that is read-only for queue-run: the same" { broken EROFS user; }
@test "a disk that fails for queue-run: the same" { broken EIO root; }

@test "a disk that fails while the sync of the results is tried: the same" {
	room user
	need_root
	CALLS=fsync,fdatasync,syncfs
	outward
	failing EIO
	stays_so
	mended
	goes_on
}

@test "a spool that is read-only, and ends: what the workers noted before counts" {
	room user
	need_root
	outward
	failing EROFS
	stays_so
	kill_hard "$RUNNER"
	mended
	runner
	goes_on
}

@test "no room for the places of an alias: it is tried later as a whole, nobody has a copy" {
	room user
	spool_of size=1m,nr_inodes=2000
	users "$(account bob)" "all@example.org -> bob@example.org, a@fast.example, :include:$CHAINMAIL_ETC/list"
	# More lines than fit into a page that is there.
	for i in {1..200}; do echo "x$i@fast.example"; done >"$CHAINMAIL_ETC/list"
	other fast.example
	resident
	SUBJECT=before put -f ann@example.org bob@example.org
	await 60 copies 1 bob before
	# The message gets in while the spool has room, and is stopped by hold.
	kill_hard "$RUNNER"
	put -f ann@example.org all@example.org
	fill "$SPOOL/filler"
	runner
	await 60 logged -e event=stuck -e event=later -e event=deferred
	queue retry --all >/dev/null || true
	copies 0 bob test
	copies 0 a@fast.example
	rm "$SPOOL/filler"
	await 60 retried
	each 1 bob a@fast.example x1@fast.example x200@fast.example
	[ "$(sort "$ROOM/fast.example.taken" | uniq -d | wc -l)" = 0 ]
}

@test "hold, remove and release of a spool that can't be written are refused, and say so" {
	room user
	need_root
	outward
	failing EROFS
	for verb in hold remove; do
		run queue $verb "$WAITING"
		echo "$verb: $status: $output"
		[ "$status" != 0 ]
	done
	mended
	[ -e "$CHAINMAIL_SPOOL/new/$WAITING" ]
	queue hold "$WAITING"
	[ -e "$CHAINMAIL_SPOOL/hold/$WAITING" ]
	touch "$ROOM/go"
}
