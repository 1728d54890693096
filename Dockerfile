ARG BASE=debian:trixie-slim

FROM ${BASE} AS build
WORKDIR /src
COPY scripts/install-packages scripts/
RUN scripts/install-packages build
COPY meson.build meson_options.txt ./
COPY subprojects subprojects
COPY examples/lab examples/lab
COPY include include
COPY src src
RUN meson setup build --buildtype=release -Dtests=disabled -Dunity_size=32 && meson compile -C build
# Lists the packages of the libraries that the binary is linked with. dpkg knows
# them; their names differ between releases. It may know a library by its path
# before or after /usr was merged, so only the end of the path is searched.
RUN install -D -s build/coppice /out/coppice \
    && ldd /out/coppice | awk '$3 ~ "^/" { sub("^/usr", "", $3); print "*" $3 }' \
    | xargs dpkg-query -S | sed -n '/^diversion /!s/:.*//p' | sort -u >/out/packages \
    && test -s /out/packages

FROM ${BASE}
COPY --from=build /out/packages /usr/local/share/coppice/packages
RUN apt-get update -qq \
    && DEBIAN_FRONTEND=noninteractive xargs -a /usr/local/share/coppice/packages \
    apt-get install -qq -y --no-install-recommends \
    && apt-get clean && rm -rf /var/lib/apt/lists/* \
    && install -d -o 10001 -g 10001 -m 0700 /run/coppice /var/lib/coppice
COPY --from=build /out/coppice /usr/local/bin/coppice
# For `coppice lab run --against otp`. Erlang itself is not in the image; the
# command says what to install.
COPY --from=build /src/src/lab/otpdrv.escript /usr/local/share/coppice/
USER 10001:10001
# The admin port can be reached from outside the container, so it has a token:
# serve makes one here, and `docker exec NAME coppice kill PATH` finds it.
ENV COPPICE_ADMIN_TOKEN_FILE=/run/coppice/admin-token
# The folder of the journal; `docker exec NAME coppice why PATH` reads it.
ENV STATE_DIRECTORY=/var/lib/coppice
VOLUME /var/lib/coppice
EXPOSE 6000 6060
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=3s --start-period=10s --retries=3 \
    CMD ["coppice", "healthcheck"]
ENTRYPOINT ["coppice"]
CMD ["serve", "--admin", "0.0.0.0:6060"]
