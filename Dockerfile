# docker build -t tocsin .
# docker run -p 127.0.0.1:8480:8480 -v tocsin:/data -e TOCSIN_EXTERNAL_URL=http://127.0.0.1:8480 tocsin
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=dev
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X tocsin/internal/cli.version=$VERSION" -o /tocsin . && mkdir /empty

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /tocsin /tocsin
COPY --from=build --chown=65532:65532 /empty /data
USER 65532:65532
VOLUME /data
EXPOSE 8480
ENTRYPOINT ["/tocsin"]
CMD ["serve", "--listen", "0.0.0.0:8480", "--data-dir", "/data"]
