# The `casebook` command, for docker-compose.yml.
FROM rust:1.95-bookworm AS build
WORKDIR /casebook
COPY Cargo.toml Cargo.lock build.rs ./
COPY benches/metrics.rs benches/
COPY src src
COPY sql sql
COPY assets assets
COPY cli cli
COPY workspace-hack workspace-hack
# A command on its own is linked statically; the notebooks' settings in .cargo stay out.
RUN cargo build --release --locked --package casebook-cli

FROM debian:bookworm-slim
COPY --from=build /casebook/target/release/casebook /usr/local/bin/casebook
USER nobody
ENTRYPOINT ["casebook"]
