FROM python:3.12-slim AS build
WORKDIR /src
COPY requirements.lock ./
RUN python -m venv /opt/assay \
 && /opt/assay/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY . .
RUN /opt/assay/bin/pip install --no-cache-dir --no-deps .

FROM python:3.12-slim
COPY --from=build /opt/assay /opt/assay
RUN useradd --create-home --uid 10001 assay && install -d -o assay /config /data
USER assay
ENV PATH=/opt/assay/bin:$PATH PYTHONUNBUFFERED=1 ASSAY_DATA_DIR=/data
WORKDIR /home/assay
ENTRYPOINT ["assay"]
CMD ["--help"]
