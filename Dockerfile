# The image of every process of Assay: assess and control workers, beat, collector, the page of the fleet, commands.
# docs/how-to/run-the-image.md has the build arguments, what each choice weighs, and how the image is checked.

# Both bases by digest: --build-arg BUILD_DIGEST=sha256:… --build-arg PYTHON_DIGEST=sha256:…
# The first one has the tool that takes debug symbols out. Both have the same Python, at the same place.
ARG BUILD_IMAGE=python:3.12-trixie
ARG BUILD_DIGEST=
ARG PYTHON_IMAGE=python:3.12-slim-trixie
ARG PYTHON_DIGEST=

FROM ${BUILD_IMAGE}${BUILD_DIGEST:+@${BUILD_DIGEST}} AS build
# Extras of the package, e.g. `stores,postgres,otel`. Empty: workers with the embedded store, and no more.
ARG EXTRAS=stores,postgres,otel
SHELL ["/bin/sh", "-eu", "-c"]
WORKDIR /src
COPY pyproject.toml requirements-all.lock requirements-dev.lock ./
COPY deploy/image/ deploy/image/
# Every package by its hash. What is not read at run time stays out, and so does pip.
RUN python deploy/image/pick_requirements.py requirements-all.lock --extras "$EXTRAS" > /tmp/assay.lock; \
    python -m venv --without-pip /opt/assay; \
    pip --python /opt/assay/bin/python install --no-cache-dir --require-hashes -r /tmp/assay.lock; \
    sh deploy/image/make_smaller.sh /opt/assay
# What builds the wheel has an environment of its own.
RUN python deploy/image/pick_requirements.py requirements-dev.lock --package hatchling > /tmp/build.lock; \
    python -m venv /opt/build; \
    /opt/build/bin/pip install --no-cache-dir --require-hashes -r /tmp/build.lock
COPY README.md LICENSE assay.yaml ./
COPY src/ src/
COPY judges/ judges/
COPY rubrics/ rubrics/
COPY golden_sets/ golden_sets/
COPY worker/ worker/
RUN /opt/build/bin/pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /tmp/wheel .; \
    pip --python /opt/assay/bin/python install --no-cache-dir --no-index --no-deps /tmp/wheel/*.whl; \
    install -m 644 deploy/image/healthcheck.py /opt/assay/healthcheck.py

FROM ${PYTHON_IMAGE}${PYTHON_DIGEST:+@${PYTHON_DIGEST}}
ARG PYTHON_IMAGE
ARG PYTHON_DIGEST
ARG EXTRAS=stores,postgres,otel
ARG VERSION=0.1.0
ARG REVISION=
ARG CREATED=
ARG SOURCE=
LABEL org.opencontainers.image.title="Assay" \
      org.opencontainers.image.description="Judges a sample of an LLM application's answers, and writes the scores back" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.created="$CREATED" \
      org.opencontainers.image.source="$SOURCE" \
      org.opencontainers.image.base.name="$PYTHON_IMAGE" \
      org.opencontainers.image.base.digest="$PYTHON_DIGEST" \
      assay.extras="$EXTRAS"
# Numbers, so that an orchestrator sees that this is not root. Only /data is the user's: an embedded store, the record.
RUN groupadd --gid 10001 assay \
 && useradd --uid 10001 --gid 10001 --no-log-init --create-home assay \
 && install -d /config \
 && install -d -o 10001 -g 10001 /data
COPY --from=build /opt/assay /opt/assay
ENV PATH=/opt/assay/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    ASSAY_DATA_DIR=/data \
    ASSAY_ALIVE_FILE=/tmp/assay-alive
VOLUME /data
USER 10001:10001
WORKDIR /home/assay
# An image that cannot start is not built.
RUN ["assay", "--help"]
# By what the container runs: /healthz of its port, or the age of ASSAY_ALIVE_FILE. A command that ends by itself is well.
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=4 \
    CMD ["/opt/assay/bin/python", "-I", "-S", "/opt/assay/healthcheck.py"]
ENTRYPOINT ["assay"]
CMD ["--help"]
