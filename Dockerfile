# The server, the Chroma server beside it and the commands, in one image; see docs/deploy.md.
FROM python:3.11.14-slim-trixie AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /source
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY package package
COPY graph graph
COPY nodes nodes
COPY tools tools
COPY apps apps
COPY evals evals
RUN python -m venv /opt/guided-profile \
 && /opt/guided-profile/bin/pip install -c constraints.txt '.[local,server,postgres]'

FROM python:3.11.14-slim-trixie
# pg_dump and pg_restore, for `backup` and `restore`; llama.cpp needs libgomp
RUN apt-get update \
 && apt-get install -y --no-install-recommends postgresql-client-17 libgomp1 \
 && rm -rf /var/lib/apt/lists/* \
 && groupadd --gid 10001 app && useradd --uid 10001 --gid app --no-create-home app \
 && install -d -m 700 -o app -g app /data /chroma /cache /backups
COPY --from=build /opt/guided-profile /opt/guided-profile
ENV PATH=/opt/guided-profile/bin:$PATH \
    HOME=/cache \
    XDG_CACHE_HOME=/cache \
    GUIDED_PROFILE_DATA=/data \
    PYTHONUNBUFFERED=1
USER 10001:10001
WORKDIR /data
EXPOSE 8000
CMD ["guided-profile", "serve", "--host", "0.0.0.0"]
