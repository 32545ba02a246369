# SPDX-License-Identifier: BSD-2-Clause
"""
connection.py - a TCP connection, and the bytes that each of its receivers got.

The two streams are kept beside the packets and are never computed from them: send() states what the
applications wrote and received, segment() makes any packet without changing what was received.
"""
import hashlib

from corpus import headers
from corpus.headers import ACK, FIN, PSH, SYN

CLIENT, SERVER = 0, 1
STEP_NS = 10**6


def text(label, length):
    """Bytes that occur nowhere else: a hash of @label and a counter, as lines of hex."""
    out = b""
    while len(out) < length:
        out += hashlib.sha256(f"{label}{len(out)}".encode()).hexdigest().encode() + b"\n"
    return out[:length]


class Capture:
    """Frames in order of arrival, and the streams that must result."""

    def __init__(self, dress=headers.ethernet, link=1):
        self.dress, self.link = dress, link
        self.records, self.connections = [], []
        self.time_ns = 1700000000 * 10**9
        self.checksum, self.status = "ignore", 0
        self.written = None  # bytes of the file, if it is not a plain pcap file

    def connection(self, *args, **kwargs):
        connection = Connection(self, *args, **kwargs)
        self.connections.append(connection)
        return connection

    def packet(self, packet, snap_bytes=None):
        frames = self.dress(packet)
        for frame in frames if isinstance(frames, list) else [frames]:
            self.frame(frame, snap_bytes)

    def frame(self, frame, snap_bytes=None):
        self.time_ns += STEP_NS
        self.records.append((self.time_ns, frame[:snap_bytes], len(frame)))

    def streams(self):
        """
        Yield (source, destination, use, bytes) of each direction that carried bytes.

        use is the number of the connection among those with the same endpoints, counted from 1.
        """
        uses = {}
        for connection in self.connections:
            ends = frozenset(connection.ends)
            uses[ends] = uses.get(ends, 0) + 1
            for side in (CLIENT, SERVER):
                if connection.received[side]:
                    yield connection.ends[side], connection.ends[1 - side], uses[ends], connection.received[side]


class Connection:
    def __init__(self, capture, client=("10.0.0.1", 1000), server=("10.0.0.2", 80), isn=(1000, 5000)):
        self.capture = capture
        self.ends = (client, server)
        self.irs = list(isn)          # sequence number of each side's SYN
        self.written = [b"", b""]     # bytes that each side's application has written so far
        self.received = [b"", b""]    # bytes of each side that the other side received
        self.ack = [None, None]       # acknowledgement number of each side; None: peer's snd_nxt
        self.finished = [0, 0]
        self.options = b""

    def seq(self, side, off):
        return self.irs[side] + 1 + off

    def snd_nxt(self, side):
        return self.seq(side, len(self.written[side]) + self.finished[side])

    def ack_of(self, side):
        return self.snd_nxt(1 - side) if self.ack[side] is None else self.ack[side]

    def packet_of(self, side, tcp, **kwargs):
        src, dst = self.ends[side][0], self.ends[1 - side][0]
        if ":" in src:
            return headers.ipv6(src, dst, headers.TCP, tcp, **kwargs)
        return headers.ipv4(src, dst, headers.TCP, tcp, **kwargs)

    def tcp(self, side, seq, flags, payload=b"", ack=None, **kwargs):
        """A segment of this connection as bytes, with all header fields at the caller's choice."""
        if ack is None:
            ack = self.ack_of(side) if flags & ACK else 0
        return headers.segment(self.ends[side], self.ends[1 - side], seq, ack, flags, payload,
                               options=kwargs.pop("options", self.options), **kwargs)

    def raw(self, side, seq, flags, payload=b"", **kwargs):
        self.capture.packet(self.packet_of(side, self.tcp(side, seq, flags, payload, **kwargs)))

    def open(self, syn_options=b"\x02\x04\x05\xb4"):
        self.raw(CLIENT, self.irs[CLIENT], SYN, options=syn_options)
        self.raw(SERVER, self.irs[SERVER], SYN | ACK, ack=self.irs[CLIENT] + 1, options=syn_options)
        self.raw(CLIENT, self.seq(CLIENT, 0), ACK, ack=self.irs[SERVER] + 1)

    def write(self, side, data):
        """The application writes @data and the peer receives it, by whatever packets. Returns its offset."""
        off = len(self.written[side])
        self.written[side] += data
        self.received[side] += data
        return off

    def segment(self, side, off, data, flags=PSH | ACK, **kwargs):
        """The side sends a segment with @data at stream offset @off."""
        self.raw(side, self.seq(side, off), flags, data, **kwargs)

    def send(self, side, data, **kwargs):
        self.segment(side, self.write(side, data), data, **kwargs)

    def acknowledge(self, side, **kwargs):
        self.raw(side, self.snd_nxt(side), ACK, **kwargs)

    def finish(self, side):
        seq = self.snd_nxt(side)
        self.finished[side] = 1
        self.raw(side, seq, FIN | ACK)

    def close(self):
        self.finish(CLIENT)
        self.finish(SERVER)
        self.acknowledge(CLIENT)

    def talk(self, label="talk"):
        """The common conversation: a request, an answer of two segments, and the end."""
        self.open()
        self.send(CLIENT, b"GET /" + text(label + " request", 40))
        self.send(SERVER, text(label + " answer", 700))
        self.send(SERVER, text(label + " more", 300))
        self.acknowledge(CLIENT)
        self.close()
