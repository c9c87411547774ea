# The application alone; PostgreSQL and Redis come by URL, or embedded when none is given.
# It listens beyond loopback, so it starts only with SECRET_KEY, JWT_SECRET_KEY and FIELD_ENCRYPTION_KEYS (or …_FILE, a mounted
# secret) and ALLOWED_HOSTS given at run time; none of them belongs into an image. See docs/operations.md.
FROM python:3.11-slim-bookworm

RUN apt-get update \
    && apt-get install -y --no-install-recommends libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 10001 app

WORKDIR /app
COPY requirements.txt .
RUN pip install --no-cache-dir --require-hashes -r requirements.txt
COPY --chown=app:app . .

USER app
ENV PYTHONUNBUFFERED=1 HOST=0.0.0.0 DATA_DIR=/home/app/data
RUN mkdir -p "$DATA_DIR"
VOLUME /home/app/data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=10s --start-period=60s CMD ["python", "manage.py", "status"]
CMD ["python", "manage.py", "up"]
