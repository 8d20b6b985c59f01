FROM python:3.12-slim

ENV PYTHONUNBUFFERED=1
WORKDIR /app

COPY requirements.lock ./
RUN pip install --no-cache-dir --require-hashes -r requirements.lock

COPY . .
RUN pip install --no-cache-dir --no-deps --no-build-isolation -e . \
 && python -m compileall -q bot handlers scripts services \
 && useradd --system --uid 10001 --create-home ownerline \
 && install -d -o ownerline /data

USER ownerline
ENV OWNERLINE_WEB__HOST=0.0.0.0 \
    OWNERLINE_WEB__SECRET_FILE=/data/web-secret \
    OWNERLINE_DATABASE__URL=sqlite:////data/ownerline.db \
    OWNERLINE_MEDIA__FOLDER=/data/media
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=15s --timeout=3s --start-period=20s \
  CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8080/healthz', timeout=2)"]
CMD ["ownerline", "serve", "--config", "/app/config.toml"]
