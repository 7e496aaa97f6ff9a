# syntax=docker/dockerfile:1

# The server with every feature. Its settings come from the environment: see docs/server.md.
#
#     docker build --tag hallpass .
#     docker run --rm --publish 127.0.0.1:8000:8000 --volume hallpass:/data hallpass

FROM rust:1-slim-bookworm AS build
WORKDIR /build
COPY . .
ENV CARGO_PROFILE_DIST_STRIP=symbols
# The caches hold the registry and the built dependencies. They are not part of the image, so the program is copied out.
RUN --mount=type=cache,target=/usr/local/cargo/registry,sharing=locked \
    --mount=type=cache,target=/build/target,sharing=locked \
    cargo build --locked --profile dist --package hallpass-server --bin hallpass \
    && install -D target/dist/hallpass /out/hallpass

FROM debian:bookworm-slim
# The root certificates that a mail server's certificate is checked against.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /out/hallpass /build/scripts/healthcheck /usr/local/bin/
RUN install --directory --owner=10001 --group=10001 --mode=0700 /data
USER 10001:10001
# On SQLite, this folder has hallpass.db and hallpass.secret. On Postgres with HALLPASS_SECRET set, it stays empty.
WORKDIR /data
VOLUME /data
ENV HALLPASS_BIND=0.0.0.0:8000
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --retries=3 CMD ["healthcheck"]
ENTRYPOINT ["hallpass"]
CMD ["serve"]
