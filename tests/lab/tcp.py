"""DNS messages over a TCP socket, and commands over a daemon's control socket, without any library."""

import json
import socket
import struct
import threading


def exactly(sock, count):
    """So many octets, or fewer if the connection ends."""
    data = b""
    while len(data) < count and (more := sock.recv(count - len(data))):
        data += more
    return data


def send(sock, message):
    """One message."""
    sock.sendall(struct.pack("!H", len(message)) + message)


def receive(sock):
    """One message, b"" when the connection is closed."""
    try:
        head = exactly(sock, 2)
        return exactly(sock, struct.unpack("!H", head)[0]) if len(head) == 2 else b""
    except ConnectionError:
        return b""


class Server(threading.Thread):
    """Answers each message with react(message): None is silence, b"" closes."""

    def __init__(self, address, port, react):
        super().__init__(daemon=True)
        self.sock = socket.create_server((address, port), backlog=1024)
        self.react, self.count = react, 0
        self.start()

    def run(self):
        while True:
            try:
                sock, _ = self.sock.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(sock,), daemon=True).start()

    def serve(self, sock):
        """One connection."""
        with sock:
            while message := receive(sock):
                self.count += 1
                response = self.react(message)
                if response is None:
                    sock.recv(1)
                elif response:
                    send(sock, response)
                else:
                    return

    def close(self):
        """Nobody is there any more; connections stay."""
        self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()


def control(path, command, **items):
    """The answer of a daemon to one command on its control socket; None if nobody is there."""
    with socket.socket(socket.AF_UNIX) as sock:
        try:
            sock.settimeout(10)
            sock.connect(path)
            sock.sendall(json.dumps({"command": command, **items}).encode() + b"\n")
            return json.loads(sock.makefile().readline())
        except (OSError, ValueError):
            return None
