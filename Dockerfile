# The book in a container. Nobody has run this file where it was written: there was no Docker there.
#     docker build --tag pose . ; docker run --rm --publish 8888:8888 pose
FROM python:3.11-slim-bookworm

# What OpenCV wants of the system, and make; Binder reads apt.txt, too.
COPY apt.txt /tmp/apt.txt
RUN apt-get update \
    && apt-get install --yes --no-install-recommends git make $(cat /tmp/apt.txt) \
    && rm -rf /var/lib/apt/lists/*

# Not as root, as Jupyter wants it.
RUN useradd --create-home reader && mkdir /pose && chown reader /pose
USER reader
WORKDIR /pose
COPY --chown=reader . .
RUN python -m book.install && touch .venv/ready

EXPOSE 8888
CMD [".venv/bin/python", "-m", "jupyterlab", "--ip=0.0.0.0", "--no-browser", "chapters"]
