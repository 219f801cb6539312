# The image of assentd: built and run on plain Debian 12.
#
# To run it, mount two files: /etc/assent/pseudonym.key (mode 0600, of user 10001) and a configuration that listens where the
# container can be reached, such as deploy/trial.textproto (no TLS: for a closed network) or deploy/assentd-mtls.textproto.
# The sample at /etc/assent/assentd.textproto listens on the container's own loopback only. docs/operations.md has a command.
#
# The packages come from deploy/debian-packages.txt, the one list that dev and CI read too.
FROM docker.io/library/debian:12 AS build
WORKDIR /src
COPY deploy/debian-packages.txt deploy/
RUN apt-get -qq update && \
    sed -n 's/^build \([^ ]*\).*/\1/p' deploy/debian-packages.txt | \
      DEBIAN_FRONTEND=noninteractive xargs apt-get -qq install --yes --no-install-recommends >/dev/null
COPY CMakeLists.txt CMakePresets.json ./
COPY proto proto
COPY scoring scoring
COPY policy policy
COPY storage storage
COPY server server
COPY client client
RUN cmake --preset release --log-level=WARNING && \
    cmake --build build/release --target assentd assentctl && \
    install -D --strip --target-directory=/out/usr/bin build/release/server/assentd build/release/client/assentctl

FROM docker.io/library/debian:12
COPY deploy/debian-packages.txt /usr/share/assent/
RUN apt-get -qq update && \
    sed -n 's/^run \([^ ]*\).*/\1/p' /usr/share/assent/debian-packages.txt | \
      DEBIAN_FRONTEND=noninteractive xargs apt-get -qq install --yes --no-install-recommends >/dev/null && \
    rm -rf /var/lib/apt/lists/* && \
    useradd --system --uid 10001 --user-group --home-dir /var/lib/assent --shell /usr/sbin/nologin assent && \
    install -d -o assent -g assent -m 0700 /var/lib/assent && \
    install -d -m 0755 /etc/assent
COPY --from=build /out/ /
COPY deploy/assentd.textproto deploy/assentd-mtls.textproto deploy/principals.textproto /etc/assent/
USER 10001:10001
VOLUME /var/lib/assent
# Data plane, control plane, metrics.
EXPOSE 7400 7401 7402
STOPSIGNAL SIGTERM
# With mutual TLS set ASSENT_TLS_CA, ASSENT_TLS_CERT and ASSENT_TLS_KEY: any client certificate may ask for health. With other
# ports, ASSENT_TARGET and ASSENT_CONTROL.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s CMD ["assentctl", "health", "--deadline", "2"]
ENTRYPOINT ["assentd"]
CMD ["--config", "/etc/assent/assentd.textproto"]
