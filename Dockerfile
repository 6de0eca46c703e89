# One image for all processes; the command selects one: intake, advisor, clock, relay, deliverer, db upgrade, topology apply.

ARG PYTHON_IMAGE=python:3.11.16-slim-bookworm@sha256:0bee7276f83efd4a1ee05bbbf4281d95ed28e079220a9457f25a93e3f1e3c31b
FROM ${PYTHON_IMAGE} AS build
# durable-rules is built from source, so this stage has a compiler. The final stage has none.
RUN command -v gcc >/dev/null || \
    (apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/*)
WORKDIR /src
RUN python -m venv /tools && python -m venv --without-pip /opt/signpost
COPY requirements-build.lock requirements.lock requirements-otel.lock requirements-durable-rules.lock ./
RUN /tools/bin/pip install --no-cache-dir --require-hashes -r requirements-build.lock \
 && /tools/bin/pip wheel --no-cache-dir --no-deps --no-build-isolation --require-hashes \
    -r requirements.lock -r requirements-otel.lock -r requirements-durable-rules.lock -w /wheels
# Without the files in .dockerignore
COPY . .
# Then without debug symbols and the tests of others. Libraries that a wheel brings along (*.libs) must stay as they are.
RUN /tools/bin/pip wheel --no-cache-dir --no-deps --no-build-isolation . -w /wheels \
 && /tools/bin/pip --python /opt/signpost/bin/python install --no-cache-dir --no-index --no-deps /wheels/*.whl \
 && find /opt/signpost -name '*.so' -not -path '*.libs/*' -exec strip --strip-unneeded {} + \
 && find /opt/signpost/lib -type d -name tests -prune -exec rm -r {} +

# The bill of materials of the base image and of what is added to it
FROM ${PYTHON_IMAGE} AS sbom
COPY --from=build /tools /tools
COPY --from=build /opt/signpost /opt/signpost
COPY deploy/sbom.py /
RUN /tools/bin/python /sbom.py /opt/signpost/lib/python*/site-packages > /sbom.cdx.json

FROM ${PYTHON_IMAGE}
RUN useradd --system --uid 10001 --home-dir /var/lib/signpost --shell /usr/sbin/nologin signpost \
 && install -d -o signpost -m 0700 /var/lib/signpost /var/lib/signpost/state \
 && install -d /etc/signpost/tenants /etc/signpost/rules /etc/signpost/vendors \
 && echo '{}' > /etc/signpost/rules/words.yaml
COPY --from=build /opt/signpost /opt/signpost
COPY --from=sbom /sbom.cdx.json /opt/signpost/sbom.cdx.json
ENV PATH=/opt/signpost/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    SIGNPOST_DATA_DIR=/var/lib/signpost \
    SIGNPOST_TENANTS=/etc/signpost/tenants/tenants.yaml \
    SIGNPOST_VENDORS=/etc/signpost/vendors \
    SIGNPOST_RULES=ours:/etc/signpost/rules \
    SIGNPOST_HTTP_BIND=0.0.0.0:8080 \
    SIGNPOST_METRICS_BIND=0.0.0.0:9464
USER 10001
WORKDIR /var/lib/signpost
EXPOSE 8080 9464
# The health check of the intake; docker-compose.yml overrides it for other processes.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/readyz', timeout=4)"]
# A signal that arrives before Python has a handler waits for it. Without this the kernel discards it: the first process of
# a container has no default actions.
ENTRYPOINT ["env", "--block-signal=HUP", "--block-signal=INT", "--block-signal=TERM", "signpost"]
CMD ["intake"]
