# One image for web, worker and flower; the command is chosen in docker-compose.yml.
# By tag alone: where this was written no digest could be looked up. CONTRIBUTING.md says how to pin.
FROM python:3.11-slim-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src
COPY requirements/runtime.txt requirements/build.txt requirements/
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --require-hashes -r requirements/runtime.txt \
    && python -m venv /opt/build \
    && /opt/build/bin/pip install --require-hashes -r requirements/build.txt
COPY pyproject.toml LICENSE ./
COPY producer producer
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /wheels . \
    && /opt/venv/bin/pip install --no-deps --no-index /wheels/*.whl \
    && /opt/venv/bin/pip uninstall --yes pip setuptools

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --no-create-home --home-dir /tmp cards \
    && install -d -o cards -m 700 /data/migrations
COPY --from=build /opt/venv /opt/venv
# Not in the wheel, whose one top-level name is producer.
COPY worker /app/worker
COPY sandbox /app/sandbox
ENV PATH=/opt/venv/bin:$PATH PYTHONPATH=/app PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /tmp
USER cards
EXPOSE 8000
CMD ["python", "-m", "producer.http"]
