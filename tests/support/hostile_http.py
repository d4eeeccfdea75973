#!/usr/bin/env python3
"""hostile_http.py DIRECTORY: an HTTPS server that does what its path says, and worse.

Makes DIRECTORY/cert.pem (of localhost and 127.0.0.1) and, when it listens, DIRECTORY/ports: the number
of a port as it should be, of one that knows no TLS above 1.1, and of one whose certificate nobody
knows.  Each request becomes a line of DIRECTORY/requests.
"""
import json
import os
import socket
import ssl
import subprocess
import sys
import threading
import time
import warnings

directory = sys.argv[1]
warnings.simplefilter("ignore", DeprecationWarning)  # old TLS is what is wanted here
lock = threading.Lock()


def make_certificate(name):
    key, cert = (os.path.join(directory, f"{name}{end}") for end in ("key.pem", "cert.pem"))
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key,
                    "-out", cert], check=True, capture_output=True)
    return cert, key


def answer(s, status, headers=(), body=b""):
    lines = [f"HTTP/1.1 {status} x", f"Content-Length: {len(body)}", *headers, "", ""]
    s.sendall("\r\n".join(lines).encode() + body)


def stream(s, head, part, pause=0.0):
    s.sendall(head)
    for _ in range(1 << 20):
        s.sendall(part)
        time.sleep(pause)


def behave(s, path):
    chunked = b"HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n"
    endless = b"HTTP/1.1 200 x\r\n\r\n"
    if path == "/redirect-file":
        answer(s, 302, ["Location: file:///etc/passwd"])
    elif path == "/redirect-metadata":
        answer(s, 307, ["Location: https://169.254.169.254/latest/meta-data"])
    elif path == "/endless":
        stream(s, endless, b"x" * 4096)
    elif path == "/slow":
        stream(s, endless, b"x", 1)
    elif path == "/headers":
        stream(s, b"HTTP/1.1 200 x\r\n", b"X-Flood: " + b"y" * 500 + b"\r\n")
    elif path == "/long-header":
        stream(s, b"HTTP/1.1 200 x\r\nX-Flood: ", b"y" * 4096)
    elif path == "/bad-chunk":
        s.sendall(chunked + b"zz\r\nhello\r\n")
    elif path == "/gzip":
        answer(s, 200, ["Content-Encoding: gzip"], b"\x1f\x8b\x08\x00" + b"\x00" * 100)
    elif path == "/close":
        s.sendall(b"HTTP/1.1 2")
    elif path.startswith("/ping"):
        answer(s, 200, body=b"OK")
    elif path[1:].isdigit():
        answer(s, int(path[1:]))
    else:
        answer(s, 404)


def serve(raw, context):
    try:
        with context.wrap_socket(raw, server_side=True) as s:
            text = b""
            while b"\r\n\r\n" not in text:
                text += s.recv(4096)
            head, _, body = text.partition(b"\r\n\r\n")
            lines = head.decode().split("\r\n")
            headers = {k.lower(): v for k, v in (line.split(": ", 1) for line in lines[1:])}
            while len(body) < int(headers.get("content-length", 0)):
                body += s.recv(4096)
            path = lines[0].split(" ")[1]
            with lock, open(os.path.join(directory, "requests"), "a") as f:
                f.write(json.dumps({"path": path, "headers": headers, "body": body.decode()}) + "\n")
            behave(s, path)
    except OSError:
        pass  # the other side has had enough


def listen(certificate, maximum=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    if maximum:
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = maximum
        context.set_ciphers("ALL:@SECLEVEL=0")
    listener = socket.create_server(("127.0.0.1", 0))

    def accept():
        while True:
            threading.Thread(target=serve, args=(listener.accept()[0], context), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return listener.getsockname()[1]


good, unknown = make_certificate(""), make_certificate("unknown-")
ports = [listen(good), listen(good, ssl.TLSVersion.TLSv1_1), listen(unknown)]
with open(os.path.join(directory, "ports.new"), "w") as f:
    f.write(" ".join(map(str, ports)))
os.rename(os.path.join(directory, "ports.new"), os.path.join(directory, "ports"))
while os.path.isdir(directory):
    time.sleep(1)
