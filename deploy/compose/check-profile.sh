#!/bin/sh
# Looks whether a profile of docker-compose.yml has what it needs: `sh check-profile.sh PROFILE`. Ends with 1 and names
# every setting that is missing, what to write and where. Secrets are never printed.
set -eu
profile=$1
is_complete=yes

complain() {
	echo "profile $profile: $1" >&2
	is_complete=no
}

# Blanks around a secret are no part of it, and a secret of blanks is none.
characters() {
	printf %s "$1" | tr -d '[:space:]' | wc -c
}

# ask NAME VALUE REMEDY
ask() {
	[ "$(characters "$2")" -gt 0 ] || complain "$1 is not set: $3"
}

# ask_long NAME VALUE REMEDY: what can be guessed is refused by the service, which would be started again for ever.
ask_long() {
	ask "$1" "$2" "$3"
	[ "$(characters "$2")" -eq 0 ] || [ "$(characters "$2")" -ge "$SHORTEST_TOKEN" ] ||
		complain "$1 is shorter than $SHORTEST_TOKEN characters and can be guessed: $3"
}

SHORTEST_TOKEN=16
RANDOM_WORD="put it into .env, for example from \`openssl rand -hex 24\`"

case $profile in
observability)
	ask GRAFANA_PASSWORD "${GRAFANA_PASSWORD:-}" "$RANDOM_WORD"
	# Alertmanager begins without its keys, and then nobody is told of anything.
	folder=${ALERTMANAGER_FOLDER:-/etc/alertmanager}
	for key in $(sed -n 's/.*_file: *//p' "$folder/alertmanager.yml" | tr -d "\"'" | sort -u); do
		name=${key#/etc/alertmanager/secrets/}
		[ -r "$folder/secrets/$name" ] ||
			complain "the key $name cannot be read: write it into deploy/alertmanager/secrets/$name, readable by user 65534 (an empty file: nobody is told that way)"
	done
	;;
postgres)
	ask POSTGRES_PASSWORD "${POSTGRES_PASSWORD:-}" "$RANDOM_WORD"
	case ${POSTGRES_PASSWORD:-} in
	*[!A-Za-z0-9]*) complain "POSTGRES_PASSWORD stands in an address: take letters and digits alone, for example from \`openssl rand -hex 24\`" ;;
	esac
	;;
langfuse)
	ask LANGFUSE_PUBLIC_KEY "${LANGFUSE_PUBLIC_KEY:-}" "put the project's public key into .env"
	ask LANGFUSE_SECRET_KEY "${LANGFUSE_SECRET_KEY:-}" "put the project's secret key into .env"
	grep -Eq "^[^#]*kind: *[\"']?langfuse" "${ASSAY_CONFIG_DIR:-/config}/assay.yaml" ||
		complain "assay.yaml reads no Langfuse: let \`assay init\` write it, as the head of docker-compose.yml says"
	;;
collector)
	ask ASSAY_COLLECTOR_TOKEN "${ASSAY_COLLECTOR_TOKEN:-}" "$RANDOM_WORD; senders must show it"
	;;
serve)
	ask_long ASSAY_SERVE_TOKEN "${ASSAY_SERVE_TOKEN:-}" "$RANDOM_WORD; readers must know it"
	;;
*)
	complain "there is no such profile"
	;;
esac
[ "$is_complete" = yes ]
