# shellcheck shell=sh
# Functions shared by the shell programs in this folder; each reads it at its start:
# 	. "$here/common.sh"
# They define die CODE TEXT before they call any of them.
etc=${CHAINMAIL_ETC:-/etc/chainmail}

# A configuration file that exists but can't be read must not count as missing.
may_read() {
	[ ! -e "$1" ] || [ -r "$1" ] || die 77 "cannot read $1; run this as root"
}

# The name of this server: CHAINMAIL_ETC/me, else the machine's.
host_name() {
	[ ! -d "$etc" ] || [ -x "$etc" ] || die 77 "cannot read $etc; run this as root"
	may_read "$etc/me"
	name=$(sed -n 's/[[:blank:]]*#.*//; /./{p;q}' "$etc/me" 2>/dev/null)
	[ -n "$name" ] || name=$(uname -n)
	echo "$name" | tr '[:upper:]' '[:lower:]'
}

# This machine's lasting addresses, as "inet 192.0.2.1": no link-local ones, and
# none that is deprecated, tentative or temporary (RFC 8981).
addresses() {
	all=$(ip -o addr show up scope global) || {
		echo "${0##*/}: ip(8) lists no addresses; is iproute2 installed?" >&2
		return 1
	}
	echo "$all" | awk '
		/ (temporary|deprecated|tentative|dadfailed)( |$)/ { next }
		$3 == "inet" || $3 == "inet6" { split($4, a, "/"); print $3, a[1] }'
}

# Those of them that the Internet can reach (RFC 6890).
public_addresses() {
	addresses | grep -Ev '^inet (0|10|127|169\.254|192\.168|172\.(1[6-9]|2[0-9]|3[01])|100\.(6[4-9]|[7-9][0-9]|1[01][0-9]|12[0-7])|192\.0\.0|198\.1[89]|2(2[4-9]|[345][0-9]))\.|^inet6 (f[cd]|fe[89a-f]|::)'
}

# setting NAME DEFAULT: the rest of NAME's lines in CHAINMAIL_ETC/listen.
setting() {
	found=
	[ -r "$etc/listen" ] && found=$(sed -n \
		"s/[[:blank:]]#.*//; s/^$1[[:blank:]]\{1,\}//p" "$etc/listen")
	echo "${found:-$2}"
}

# The addresses of the service NAME, one a line, from systemd's units or
# CHAINMAIL_ETC/listen; DEFAULT if neither has any. Nothing if it is off.
listens_at() {
	state=
	[ ! -d /run/systemd/system ] || [ -e "$etc/listen" ] ||
		state=$(systemctl show -p LoadState --value "chainmail-$1.socket" 2>/dev/null)
	case $state in
	masked) ;;
	loaded) systemctl show -p Listen --value "chainmail-$1.socket" | sed 's/ (.*//' ;;
	*) setting "$1" "$2" | tr -s ', \t' '\n' | sed '/^off$/d' ;;
	esac
}

# port_of NAME DEFAULT [local]: the service's port for other hosts, or, with a
# third word, for this machine itself; nothing if it is off for them.
port_of() {
	listens_at "$1" "*:$2" | grep ':[0-9]*$' |
		if [ $# = 3 ]; then cat; else
			grep -Ev '^(127\.|localhost:|\[::1\]:)'
		fi | sed 's/.*://; q'
}

# Was the default certificate signed by the machine's own authority? The system's
# trusted authorities don't count.
own_certificate() {
	[ -e "$etc/ca/ca.pem" ] && openssl verify -no_check_time -no-CApath \
		-no-CAstore -CAfile "$etc/ca/ca.pem" "$etc/tls/default/cert.pem" \
		>/dev/null 2>&1
}
