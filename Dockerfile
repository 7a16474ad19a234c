# Debian 13: on Python 3.12 and later the engine needs SQLite 3.42, which Debian 12 lacks.
FROM python:3.13-slim-trixie

# `backup` and `restore` of a Postgres database run its own tools; Debian 13 has those of version 17.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends postgresql-client \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /app
COPY requirements.txt ./
RUN pip install --no-cache-dir --disable-pip-version-check --require-hashes --no-deps -r requirements.txt

# The program migrates its database at every start, so the migrations come along.
COPY alembic alembic
COPY bot bot
RUN python -m compileall -q bot alembic

# Everything that is written goes to /data (and what is short-lived to /tmp): the rest may be read-only.
RUN useradd --uid 10001 --home-dir /data --no-create-home --shell /usr/sbin/nologin wavebrush \
    && install --directory --owner wavebrush --group wavebrush /data
ENV DATA_DIR=/data \
    HOME=/data \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER 10001:10001
VOLUME /data
EXPOSE 8000

# No proxy: one that is set for the provider would be asked for this container's own page.
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as request; request.build_opener(request.ProxyHandler({})).open('http://127.0.0.1:' + (os.environ.get('PORT') or '8000') + '/healthz', timeout=8)"]

ENTRYPOINT ["python", "-m", "bot"]
CMD ["run"]
