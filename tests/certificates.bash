# shellcheck shell=bash
# Certificates for tests, in $CERTS: NAME.pem, NAME.key, NAME.chain.

key_new() {
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 \
		-out "$CERTS/$1.key" 2>/dev/null
}

# authority NAME: one that signs itself.
authority() {
	key_new "$1"
	openssl req -x509 -new -key "$CERTS/$1.key" -days 30 -subj "/CN=Test $1" \
		-addext 'basicConstraints=critical,CA:TRUE' \
		-addext 'keyUsage=critical,keyCertSign,cRLSign' \
		-out "$CERTS/$1.pem" 2>/dev/null
}

# certificate NAME AUTHORITY SERVER [FROM TO]: for this server (an address, or
# "CN NAME": without alternative names), signed by the authority ("self": by
# itself), good in a month from now or from FROM to TO (YYYYMMDDHHMMSSZ).
certificate() {
	local name=$1 by=$2 server=$3 work=$CERTS/$1.work subject alternative
	mkdir -p "$work"
	key_new "$name"
	subject=${server#CN }
	alternative="subjectAltName=DNS:$server"
	[[ $server == [0-9]* ]] && alternative="subjectAltName=IP:$server"
	[[ $server == 'CN '* ]] && alternative='keyUsage=digitalSignature'
	cat >"$work/ca.cnf" <<-END
		[ca]
		default_ca = own
		[own]
		database = $work/index
		new_certs_dir = $work
		default_md = sha256
		policy = any
		unique_subject = no
		rand_serial = yes
		x509_extensions = leaf
		[any]
		commonName = supplied
		[leaf]
		basicConstraints = CA:FALSE
		$alternative
	END
	: >"$work/index"
	openssl req -new -key "$CERTS/$name.key" -subj "/CN=$subject" \
		-out "$work/request" 2>/dev/null
	if [ "$by" = self ]; then
		set -- -selfsign -keyfile "$CERTS/$name.key" "${@:4}"
	else
		set -- -cert "$CERTS/$by.pem" -keyfile "$CERTS/$by.key" "${@:4}"
	fi
	local how=("${@:1:$(($# > 4 ? 4 : $#))}") dates=(-days 30)
	if [ "$by" = self ]; then
		how=("${@:1:3}")
		[ $# -ge 5 ] && dates=(-startdate "$4" -enddate "$5")
	else
		[ $# -ge 6 ] && dates=(-startdate "$5" -enddate "$6")
	fi
	openssl ca -batch -config "$work/ca.cnf" -in "$work/request" -notext \
		"${how[@]}" "${dates[@]}" -out "$CERTS/$name.pem" 2>"$work/log" ||
		{ cat "$work/log" && return 1; }
	cp "$CERTS/$name.pem" "$CERTS/$name.chain"
	[ "$by" = self ] || cp "$CERTS/$by.pem" "$CERTS/$name.chain"
}

# tlsa NAME USAGE SELECTOR MATCHING: its TLSA record, as tls-talk wants it.
tlsa() {
	local what hash=cat
	what=(openssl x509 -in "$CERTS/$1.pem" -outform DER)
	[ "$3" = 1 ] && what=(spki "$1")
	case $4 in
	1) hash='openssl dgst -sha256 -binary' ;;
	2) hash='openssl dgst -sha512 -binary' ;;
	esac
	echo "$2,$3,$4,$("${what[@]}" | $hash | od -An -v -tx1 | tr -d ' \n')"
}
spki() {
	openssl x509 -in "$CERTS/$1.pem" -noout -pubkey |
		openssl pkey -pubin -outform DER
}
# pin NAME: SHA-256 of its public key.
pin() { spki "$1" | sha256sum | cut -d' ' -f1; }
