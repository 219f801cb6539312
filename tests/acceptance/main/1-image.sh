#!/usr/bin/env bash
# The Dockerfile builds, and its image answers a health check, without a container engine: buildah with chroot isolation, on
# a base image that is committed from a debootstrap folder under the name that the Dockerfile asks for. Needs root.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."
((EUID == 0)) || {
  echo "needs root (chroot, debootstrap)"
  exit 77
}
export BUILDAH_ISOLATION=chroot STORAGE_DRIVER=vfs
work=$(mktemp -d)
store=(--root "$work/storage" --runroot "$work/run" --storage-driver vfs)
container=
finish() {
  [[ -z $container ]] || buildah "${store[@]}" rm "$container" >/dev/null || true
  rm -rf --one-file-system "$work"
}
trap finish EXIT

base_name=$(sed -n 's/^FROM \([^ ]*\).*/\1/p' Dockerfile | sort -u)
[[ $(wc -l <<<"$base_name") == 1 ]] || {
  echo "the Dockerfile names several base images"
  exit 1
}

# The base image: Debian 12 with the package sources of this machine, so that it works behind a mirror.
debootstrap --variant=minbase --include=ca-certificates bookworm "$work/base"
rm -f "$work/base/etc/apt/sources.list"
cp -a /etc/apt/. "$work/base/etc/apt/"
cp -L /etc/ssl/certs/ca-certificates.crt "$work/base/etc/ssl/certs/ca-certificates.crt"
container=$(buildah "${store[@]}" from scratch)
buildah "${store[@]}" add --quiet "$container" "$work/base" / >/dev/null
buildah "${store[@]}" config --cmd /bin/bash "$container"
buildah "${store[@]}" commit --quiet "$container" "$base_name" >/dev/null
buildah "${store[@]}" rm "$container" >/dev/null
container=
rm -rf --one-file-system "$work/base"

# Only what a clone has.
mkdir "$work/clone"
git ls-files -z | tar --null --files-from=- -c | tar -x -C "$work/clone"
start=$SECONDS
buildah "${store[@]}" bud --format docker --pull-never --tag assent "$work/clone"
built=$((SECONDS - start))

# The image, as its own user: a key and a configuration, then its own health check.
container=$(buildah "${store[@]}" from --pull-never assent)
user=$(buildah "${store[@]}" inspect --type image --format '{{.OCIv1.Config.User}}' assent)
check=$(buildah "${store[@]}" inspect --type image --format '{{.Docker.Config.Healthcheck}}' assent || true)
echo "user: $user, health check: $check"
[[ $user == 10001:10001 ]]
cat >"$work/in-image.sh" <<'INSIDE'
set -euo pipefail
[[ $(id -u) == 10001 ]]
cd "$(mktemp -d)"
umask 077
head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n' >key
printf 'data_dir: "%s/data"\npseudonym_key_file: "%s/key"\ninsecure_roles: "assign"\n' "$PWD" "$PWD" >assentd.textproto
assentd --config assentd.textproto --listen 127.0.0.1:0 --control_listen 127.0.0.1:0 --metrics_listen 127.0.0.1:0 >out &
server=$!
until grep -q control_listen= out; do
  kill -0 "$server"
  sleep 0.1
done
target=$(grep -o '\blisten=[^ ]*' out | head -n 1 | cut -d= -f2)
control=$(grep -o 'control_listen=[^ ]*' out | cut -d= -f2)
assentctl health --target "$target" --control "$control"
kill -TERM "$server"
wait "$server"
INSIDE
buildah "${store[@]}" copy --quiet --chmod 0644 "$container" "$work/in-image.sh" /tmp/in-image.sh >/dev/null
buildah "${store[@]}" run --user 10001:10001 "$container" -- bash /tmp/in-image.sh

size=$(buildah "${store[@]}" run "$container" -- du -sxm --exclude=/proc --exclude=/sys / 2>/dev/null | cut -f1 || true)
echo "image built in $built s, $size MB on disk, serves as user $user, health check answered"
