# The web server by default; the same image runs the worker (`flask worker`) and the migrations (`flask db upgrade`).

FROM python:3.12-slim AS packages
WORKDIR /build
COPY setup.cfg pyproject.toml requirements.txt README.md LICENSE ./
# The lock also holds what only developers need: keep its versions and hashes, and leave those out.
RUN pip install --no-cache-dir "$(grep -o '^uv==[0-9.]*' requirements.txt)" \
    && uv pip compile setup.cfg --output-file requirements.txt --generate-hashes --universal --python-version 3.11 --quiet \
    && python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --require-hashes -r requirements.txt

FROM python:3.12-slim
ENV PATH=/venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 FLASK_APP=wsgi HMS_HOST=0.0.0.0 HMS_PORT=8000
RUN useradd --system --uid 10001 --home-dir /nonexistent --shell /usr/sbin/nologin hms
COPY --from=packages /venv /venv
WORKDIR /app
COPY wsgi.py setup.cfg ./
COPY hms hms
COPY migrations migrations
USER hms
EXPOSE 8000
# /healthz asks nothing of the database: a container is not restarted because the database is away. The host in the
# request is the public one, for HMS answers to no other.
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s CMD ["python", "-c", "import os, urllib.request as r; from urllib.parse import urlsplit; r.urlopen(r.Request('http://127.0.0.1:' + os.environ['HMS_PORT'] + '/healthz', headers={'Host': urlsplit(os.environ['HMS_PUBLIC_URL']).netloc}), timeout=4)"]
CMD ["flask", "web"]
