"""Call custosd with nothing but Python's socket module: call_by_hand.py SOCKET METHOD [JSON]."""
import json
import socket
import sys

call = {"method": sys.argv[2], "parameters": json.loads(sys.argv[3]) if len(sys.argv) > 3 else {}}
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.sendall(json.dumps(call).encode() + b"\0")
reply = b""
while not reply.endswith(b"\0"):
    piece = s.recv(4096)
    if not piece:
        sys.exit("custosd closed the connection")
    reply += piece
print(reply[:-1].decode())
