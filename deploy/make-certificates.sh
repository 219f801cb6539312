#!/usr/bin/env bash
# Makes a test authority, a server certificate and one client certificate a principal, as
# deploy/assentd-mtls.textproto and deploy/principals.textproto name them. For tests and trials; use your own authority elsewhere.
#
#   deploy/make-certificates.sh FOLDER [SERVER_NAME…]
#
# SERVER_NAME: DNS names in the server's certificate, besides localhost and 127.0.0.1.
set -euo pipefail
[[ $# -ge 1 ]] || {
  sed -n '2,7s/^# \{0,1\}//p' "$0" >&2
  exit 2
}
folder=$1
shift
umask 077
mkdir -p "$folder"
cd "$folder"
days=825

new_key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1" 2>/dev/null; }

# sign NAME SUBJECT EXTENSIONS: NAME.key and NAME.crt, signed by ca.
sign() {
  new_key "$1.key"
  openssl req -new -key "$1.key" -subj "$2" -out "$1.csr"
  openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days "$days" -sha256 \
    -extfile <(printf '%s\nbasicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n' "$3") \
    -out "$1.crt" 2>/dev/null
  rm "$1.csr"
}

new_key ca.key
openssl req -x509 -new -key ca.key -subj '/CN=Assent test authority' -days "$days" -sha256 \
  -addext 'basicConstraints=critical,CA:TRUE' -addext 'keyUsage=critical,keyCertSign,cRLSign' -out ca.crt

names='DNS:localhost,IP:127.0.0.1'
for name in "$@"; do names+=",DNS:$name"; done
sign server '/CN=assentd' $'extendedKeyUsage=serverAuth\nsubjectAltName='"$names"

for principal in ad-server consent-platform preference-centre privacy-officer operator; do
  sign "$principal" "/CN=$principal" \
    $'extendedKeyUsage=clientAuth\nsubjectAltName=URI:spiffe://example.org/'"$principal"
done
echo "made in $PWD: ca, server, and five principals (.crt and .key)"
