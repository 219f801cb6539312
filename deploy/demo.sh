#!/usr/bin/env bash
# Shows the service at work, on a made-up audience: train, serve, consent, assign, explain, opt out, measure.
#
#   deploy/demo.sh BUILD_FOLDER        such as build/dev; ./dev demo builds first and then calls this
#
# With ASSENT_DEMO_PAGE=FILE the explanation is kept as a page for a browser, too.
# Everything happens in a temporary folder and on free ports of the loopback interface, and ends with the script.
set -euo pipefail
build=$(cd "${1:?usage: deploy/demo.sh BUILD_FOLDER}" && pwd)
PATH=$build/client:$build/server:$PATH
people=5000
purpose=select_content

work=$(mktemp -d "${TMPDIR:-/tmp}/assent-demo.XXXXXX")
server_pid=
finish() {
  local status=$?
  if [[ -n $server_pid ]]; then
    kill "$server_pid" 2>/dev/null || true
    wait "$server_pid" 2>/dev/null || true
  fi
  if ((status != 0)) && [[ -s $work/assentd.log ]]; then
    printf '\nThe demo stopped early. The last lines of the server log:\n' >&2
    tail -n 5 "$work/assentd.log" >&2
  fi
  rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
cd "$work"

if [[ -t 1 && -z ${NO_COLOR:-} && ${TERM:-dumb} != dumb ]]; then
  export ASSENT_COLOR=always # the output goes through a pipe below
  bold=$'\e[1m' dim=$'\e[2m' accent=$'\e[36m' plain=$'\e[0m'
else
  bold='' dim='' accent='' plain=''
fi

step=0
heading() {
  step=$((step + 1))
  printf '%s%s  %s%s\n' "$bold" "$step" "$1" "$plain"
  shift
  (($# == 0)) || printf '   %s\n' "$@"
  printf '\n'
}

# Prints a command as a person would type it, runs it, and indents what it prints.
run() {
  printf '   %s$ %s%s\n' "$dim" "$*" "$plain"
  "$@" </dev/null | sed '/./s/^/   /'
  printf '\n'
}

# The text of /metrics, without a tool that may not be there.
metrics() {
  local socket
  exec {socket}<>"/dev/tcp/${metrics_address%:*}/${metrics_address##*:}"
  printf 'GET /metrics HTTP/1.0\r\n\r\n' >&"$socket"
  sed '1,/^\r$/d' <&"$socket"
  exec {socket}>&-
}

# The counters that moved between two readings. Buckets, sums and the process's own figures are left out.
changed_metrics() {
  awk '
    function number(value) { return value + 0 }
    /^#/ || $1 ~ /_bucket\{|_sum(\{|$)/ || $1 !~ /^assent_(outcomes|refusals|assignments|rpc_requests|consent_(index_subjects|write_seconds_count))/ { next }
    NR == FNR { before[$1] = $2; next }
    number(before[$1]) != number($2) { printf "%-70s %6d -> %d\n", $1, before[$1], $2 }
  ' "$1" "$2"
}

printf '\n%sAssent%s assigns a person to an audience segment in microseconds,\nonly when that person agreed, and can say why.\n\n' \
  "$bold" "$plain"

heading 'An audience' 'A streaming service: made up, but with the habits of real viewers and six kinds of them planted.'
run assentctl demo-data --out . --people "$people" --seed 7

heading 'A model' 'k-means finds the kinds on its own; it never sees truth.csv.'
run assentctl train --input audience.csv --schema schema.textproto --k 6 --seed 7 --name viewers --out model.assent

heading 'A server'
(umask 077 && head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n' >pseudonym.key)
cat >assentd.textproto <<CONFIG
drain_delay_ms: 0
listen: "127.0.0.1:0"
control_listen: "127.0.0.1:0"
metrics_listen: "127.0.0.1:0"
data_dir: "$work/data"
model: "$work/model.assent"
pseudonym_key_file: "$work/pseudonym.key"
insecure_roles: "assign"
insecure_roles: "consent"
insecure_roles: "privacy"
CONFIG
printf '   %s$ assentd --config assentd.textproto%s\n' "$dim" "$plain"
coproc server { exec assentd --config assentd.textproto 2>assentd.log; }
server_pid=$!
read -r -t 60 ready <&"${server[0]}" || { echo 'assentd did not start' >&2; exit 1; }
printf '   %s\n\n' "$ready"
for field in $ready; do
  case $field in
    listen=*) export ASSENT_TARGET=${field#*=} ;;
    control_listen=*) export ASSENT_CONTROL=${field#*=} ;;
    metrics_listen=*) metrics_address=${field#*=} ;;
  esac
done
metrics >metrics.before

heading 'Nobody was asked yet' 'Without consent there is no segment. A refusal is an answer, not an error, and names its rule.'
viewer=$(sed -n 2p grants.csv)
run assentctl assign --subject "login:$viewer" --purpose "$purpose" --feature kids_share=0.7 --feature devices=4

heading 'People choose' 'A consent names what the person was shown. Each choice is on disk before it is acknowledged.'
run assentctl notice register notice.textproto
run assentctl consent grant --input grants.csv --purpose "$purpose" --expires 365d --notice welcome --notice-version 1
run assentctl consent opt-out --input opt_outs.csv

heading 'Everybody is assigned' \
  'Only those who agreed get a segment; some are like nobody, and the model says so. truth.csv tells how well it did.'
run assentctl assign --input audience.csv --purpose "$purpose" --model model.assent --compare truth.csv --out answers.csv

heading 'Why?' 'Exact Shapley values: what each habit adds to the margin between the nearest segment and the next.'
row=$(awk -F, '$4 == "segment-1" && (!row || $5 < least) { least = $5; row = NR - 1 } END { print row }' answers.csv)
run assentctl explain --input audience.csv --row "$row" --purpose "$purpose" ${ASSENT_DEMO_PAGE:+--html "$ASSENT_DEMO_PAGE"}

viewer=$(awk -F, -v row="$row" 'NR == row + 1 { print $1 }' answers.csv)
heading "$viewer opts out" 'Two calls, and an opt-out between them. It holds from the moment that it is acknowledged.'
run assentctl assign --input audience.csv --row "$row" --purpose "$purpose"
run assentctl consent opt-out --subject "login:$viewer" --purpose "$purpose"
run assentctl assign --input audience.csv --row "$row" --purpose "$purpose"

heading 'What Prometheus saw' "The lines of http://$metrics_address/metrics that changed:"
metrics >metrics.after
changed_metrics metrics.before metrics.after | sed "s/^/   /; s/ -> /${accent} → /; s/\$/${plain}/"

kill "$server_pid"
wait "$server_pid" || true
server_pid=
ids=$(grep -c viewer- assentd.log || true)
printf '\n%sDone in %s s.%s The server log has %s lines and %s subject ids in it; the folder is gone.\n\n' \
  "$bold" "$SECONDS" "$plain" "$(wc -l <assentd.log)" "$ids"
