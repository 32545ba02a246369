# SPDX-License-Identifier: BSD-2-Clause
"""
captures_tcp.py - captures that test TCP: opening, arrival of data, end, checksums.

Where copies of the same data differ, the expected bytes are those of a Linux host, weft's default policy.
"""
import struct

from corpus import headers
from corpus.connection import CLIENT, SERVER, Capture, text
from corpus.headers import ACK, FIN, PSH, RST, SYN, URG
from corpus.table import capture


def begin(**ends):
    shown = Capture()
    connection = shown.connection(**ends)
    connection.open()
    return shown, connection


def end(shown, connection, reader=SERVER):
    connection.acknowledge(reader)
    connection.close()
    return shown


def pieces_of(connection, side, data, size):
    """The application writes @data. Returns (offset, bytes) of each segment of @size bytes."""
    off = connection.write(side, data)
    return [(off + at, data[at:at + size]) for at in range(0, len(data), size)]


def timestamp(value, echo=0):
    return b"\x01\x01\x08\x0a" + struct.pack("!II", value, echo)


# ---- opening ----


@capture("open/ordinary")
def ordinary():
    shown = Capture()
    shown.connection().talk()
    return shown


@capture("open/syn-repeated")
def syn_repeated():
    """SYN and SYN-ACK are captured twice."""
    shown = Capture()
    connection = shown.connection()
    for _ in range(2):
        connection.raw(CLIENT, 1000, SYN)
    for _ in range(2):
        connection.raw(SERVER, 5000, SYN | ACK, ack=1001)
    connection.acknowledge(CLIENT)
    connection.send(CLIENT, text("after two", 100))
    return end(shown, connection)


@capture("open/syn-with-new-isn")
def syn_with_new_isn():
    """The client repeats its SYN with another initial sequence number."""
    shown = Capture()
    connection = shown.connection(isn=(777000, 5000))
    connection.raw(CLIENT, 1000, SYN)
    connection.open()
    connection.send(CLIENT, text("second try", 100))
    return end(shown, connection)


@capture("open/simultaneous")
def simultaneous():
    """Both send a SYN, both answer with SYN-ACK (RFC 9293, 3.5)."""
    shown = Capture()
    connection = shown.connection()
    connection.raw(CLIENT, 1000, SYN)
    connection.raw(SERVER, 5000, SYN)
    connection.raw(CLIENT, 1000, SYN | ACK)
    connection.raw(SERVER, 5000, SYN | ACK)
    connection.send(CLIENT, text("simultaneous client", 100))
    connection.send(SERVER, text("simultaneous server", 100))
    return end(shown, connection, CLIENT)


@capture("open/fast-open")
def fast_open():
    """Data on the SYN, acknowledged by the SYN-ACK (RFC 7413)."""
    shown = Capture()
    connection = shown.connection()
    data = text("on the SYN", 120)
    cookie = b"\x22\x0a" + bytes(range(8))
    connection.raw(CLIENT, 1000, SYN, data, options=cookie)
    connection.write(CLIENT, data)
    connection.raw(SERVER, 5000, SYN | ACK)
    connection.acknowledge(CLIENT)
    connection.send(SERVER, text("fast answer", 200))
    return end(shown, connection, CLIENT)


@capture("open/fast-open-not-accepted")
def fast_open_not_accepted():
    """The SYN-ACK leaves the SYN's data unacknowledged; the client sends it again."""
    shown = Capture()
    connection = shown.connection()
    data = text("on the SYN", 120)
    connection.raw(CLIENT, 1000, SYN, data, options=b"\x22\x0a" + bytes(range(8)))
    connection.raw(SERVER, 5000, SYN | ACK, ack=1001)
    connection.acknowledge(CLIENT)
    connection.send(CLIENT, data)
    return end(shown, connection)


@capture("open/midstream")
def midstream():
    """The capture begins in the middle of the connection."""
    shown = Capture()
    connection = shown.connection()
    connection.send(CLIENT, text("middle request", 100))
    connection.send(SERVER, text("middle answer", 500))
    connection.send(CLIENT, text("next request", 100))
    return end(shown, connection)


@capture("open/one-sided")
def one_sided():
    """Only the server's packets were captured."""
    shown = Capture()
    connection = shown.connection()
    connection.write(CLIENT, text("not captured", 100))
    connection.received[CLIENT] = b""
    connection.raw(SERVER, 5000, SYN | ACK, ack=1001)
    for number in range(3):
        connection.send(SERVER, text(f"answer {number}", 300))
    connection.finish(SERVER)
    return shown


@capture("open/reuse")
def reuse():
    """The same addresses and ports are used three times."""
    shown = Capture()
    for number in range(3):
        shown.connection(isn=(1000 + number * 10**8, 5000 + number * 10**8)).talk(f"use {number}")
        shown.time_ns += 70 * 10**9
    return shown


@capture("open/many")
def many():
    """Twenty connections at once, packet by packet in turns."""
    shown = Capture()
    connections = [shown.connection(client=("10.0.1.%d" % number, 2000 + number)) for number in range(20)]
    for connection in connections:
        connection.open()
    for turn in range(4):
        for number, connection in enumerate(connections):
            connection.send(turn % 2, text(f"{number} {turn}", 50 + number))
    for connection in connections:
        connection.close()
    return shown


# ---- arrival ----


@capture("data/sequence-wraps")
def sequence_wraps():
    """Sequence numbers of both directions pass 2^32 within the data."""
    shown, connection = begin(isn=(2**32 - 150, 2**32 - 1))
    for number in range(4):
        connection.send(CLIENT, text(f"before and after {number}", 100))
        connection.send(SERVER, text(f"answer {number}", 100))
    return end(shown, connection)


@capture("data/retransmissions")
def retransmissions():
    """Each segment is captured twice, the second time after its acknowledgement."""
    shown, connection = begin()
    for off, data in pieces_of(connection, CLIENT, text("twice", 500), 100):
        connection.segment(CLIENT, off, data)
        connection.acknowledge(SERVER, ack=connection.seq(CLIENT, off + len(data)))
        connection.segment(CLIENT, off, data)
    return end(shown, connection)


@capture("data/retransmission-with-other-bytes")
def retransmission_with_other_bytes():
    """A later copy with other bytes does not change delivered bytes."""
    shown, connection = begin()
    off = connection.write(CLIENT, text("first", 200))
    connection.segment(CLIENT, off, connection.written[CLIENT])
    connection.segment(CLIENT, off, b"x" * 200)
    return end(shown, connection)


@capture("data/retransmission-repacked")
def retransmission_repacked():
    """Lost data is sent again in two segments, which overlap the delivered and the held bytes."""
    shown, connection = begin()
    data = text("repacked", 600)
    connection.write(CLIENT, data)
    for begin_off, end_off in ((0, 100), (200, 300), (400, 500), (50, 250), (250, 600)):
        connection.segment(CLIENT, begin_off, data[begin_off:end_off])
    return end(shown, connection)


@capture("data/reversed")
def reversed_order():
    """Twenty segments, the last one first."""
    shown, connection = begin()
    for off, data in pieces_of(connection, SERVER, text("reversed", 2000), 100)[::-1]:
        connection.segment(SERVER, off, data)
    return end(shown, connection, CLIENT)


@capture("data/every-second-late")
def every_second_late():
    """Twenty holes are filled, the last one first."""
    shown, connection = begin()
    pieces = pieces_of(connection, SERVER, text("holes", 4000), 100)
    for off, data in pieces[1::2] + pieces[0::2][::-1]:
        connection.segment(SERVER, off, data)
    return end(shown, connection, CLIENT)


@capture("data/hole-filled-late")
def hole_filled_late():
    """A lost segment is sent again after 0.7 seconds; no byte behind it was acknowledged before."""
    shown, connection = begin()
    pieces = pieces_of(connection, CLIENT, text("patient", 300), 100)
    connection.segment(CLIENT, *pieces[0])
    connection.segment(CLIENT, *pieces[2])
    shown.time_ns += 7 * 10**8
    connection.segment(CLIENT, *pieces[1])
    return end(shown, connection)


@capture("data/hole-never-captured")
def hole_never_captured():
    """The receiver acknowledges bytes that were not captured: a gap of 100 bytes, then the rest."""
    shown, connection = begin()
    pieces = pieces_of(connection, CLIENT, text("incomplete", 500), 100)
    connection.received[CLIENT] = b"".join(data for off, data in pieces if off != 100)
    for piece in pieces[:1] + pieces[2:]:
        connection.segment(CLIENT, *piece)
    connection.acknowledge(SERVER)
    shown.time_ns += 30 * 10**9
    connection.send(SERVER, text("answer after the gap", 100))
    return end(shown, connection, CLIENT)


@capture("data/cut-by-snap-length")
def cut_by_snap_length():
    """Of each segment the first 60 bytes were captured; the rest is missing."""
    shown, connection = begin()
    received = b""
    for off, data in pieces_of(connection, SERVER, text("snapped", 500), 100):
        tcp = connection.tcp(SERVER, connection.seq(SERVER, off), ACK, data)
        shown.packet(connection.packet_of(SERVER, tcp), snap_bytes=14 + 20 + 20 + 60)
        received += data[:60]
        connection.acknowledge(CLIENT, ack=connection.seq(SERVER, off + len(data)))
    connection.received[SERVER] = received
    return end(shown, connection, CLIENT)


@capture("data/cut-then-whole")
def cut_then_whole():
    """A segment truncated by the capture is sent again before its acknowledgement and captured whole."""
    shown, connection = begin()
    data = text("whole at last", 300)
    off = connection.write(CLIENT, data)
    tcp = connection.tcp(CLIENT, connection.seq(CLIENT, off), ACK, data)
    shown.packet(connection.packet_of(CLIENT, tcp), snap_bytes=14 + 20 + 20 + 100)
    connection.segment(CLIENT, off, data)
    return end(shown, connection)


@capture("data/overlap-in-order")
def overlap_in_order():
    """A segment overlaps delivered bytes with different ones: only its new bytes are delivered."""
    shown, connection = begin()
    connection.write(CLIENT, b"a" * 100 + b"b" * 100)
    connection.segment(CLIENT, 0, b"a" * 100)
    connection.segment(CLIENT, 50, b"x" * 50 + b"b" * 100)
    return end(shown, connection)


@capture("data/overlap-held-same-place")
def overlap_held_same_place():
    """Of two copies of the same range behind a hole Linux keeps the first."""
    shown, connection = begin()
    connection.write(CLIENT, b"a" * 100 + b"b" * 100)
    connection.segment(CLIENT, 100, b"b" * 100)
    connection.segment(CLIENT, 100, b"x" * 100)
    connection.segment(CLIENT, 0, b"a" * 100)
    return end(shown, connection)


@capture("data/overlap-held-inside")
def overlap_held_inside():
    """A copy inside held bytes has no effect."""
    shown, connection = begin()
    connection.write(CLIENT, b"a" * 100 + b"b" * 300)
    connection.segment(CLIENT, 100, b"b" * 300)
    connection.segment(CLIENT, 200, b"x" * 100)
    connection.segment(CLIENT, 0, b"a" * 100)
    return end(shown, connection)


@capture("data/out-of-window")
def out_of_window():
    """Data far beyond the receiver's window is not delivered."""
    shown, connection = begin()
    connection.segment(CLIENT, 3000000, b"x" * 100)
    connection.send(CLIENT, text("within", 200))
    return end(shown, connection)


@capture("data/old-timestamp")
def old_timestamp():
    """PAWS (RFC 7323, 5): a segment with an older timestamp is not accepted."""
    shown = Capture()
    connection = shown.connection()
    connection.options = timestamp(1000, 1000)
    connection.open(syn_options=timestamp(1000))
    connection.send(CLIENT, text("young", 100), options=timestamp(2000, 1000))
    connection.acknowledge(SERVER, options=timestamp(2000, 2000))
    connection.segment(CLIENT, 100, b"x" * 100, options=timestamp(1500, 1000))
    connection.options = timestamp(3000, 2000)
    connection.send(CLIENT, text("younger", 100))
    return end(shown, connection)


@capture("data/keep-alive")
def keep_alive():
    """Keep-alives carry the byte before the next expected one, or no byte."""
    shown, connection = begin()
    connection.send(CLIENT, text("alive", 100))
    connection.acknowledge(SERVER)
    for data in (b"", b"\0"):
        connection.segment(CLIENT, 99, data, ACK)
        connection.acknowledge(SERVER)
    connection.send(CLIENT, text("still alive", 100))
    return end(shown, connection)


@capture("data/zero-window-probe")
def zero_window_probe():
    """The byte of a probe is not accepted while the window is closed, and is sent again later."""
    shown, connection = begin()
    connection.send(CLIENT, text("fills the window", 100))
    connection.acknowledge(SERVER, window=0)
    data = text("behind the window", 100)
    off = connection.write(CLIENT, data)
    ack = connection.seq(CLIENT, off)
    connection.segment(CLIENT, off, data[:1], ACK)
    connection.acknowledge(SERVER, ack=ack, window=0)
    connection.acknowledge(SERVER, ack=ack)
    connection.segment(CLIENT, off, data)
    return end(shown, connection)


@capture("data/urgent")
def urgent():
    """Urgent data is delivered in order with the other data."""
    shown, connection = begin()
    connection.send(CLIENT, b"before" + b"!" + b"after", flags=PSH | ACK | URG, urgent=7)
    return end(shown, connection)


@capture("data/window-scale")
def window_scale():
    """A window of 1,000 scaled by 2^7 accepts bytes that exceed an unscaled window."""
    shown = Capture()
    connection = shown.connection()
    connection.open(syn_options=b"\x02\x04\x05\xb4\x01\x03\x03\x07")
    connection.acknowledge(SERVER, window=1000)
    for off, data in pieces_of(connection, CLIENT, text("scaled", 8000), 1000):
        connection.segment(CLIENT, off, data)
    return end(shown, connection)


# ---- ends ----


@capture("end/half-close")
def half_close():
    """The client ends its direction first; the server continues to send."""
    shown, connection = begin()
    connection.send(CLIENT, text("request", 100))
    connection.finish(CLIENT)
    for number in range(3):
        connection.send(SERVER, text(f"long answer {number}", 400))
        connection.acknowledge(CLIENT)
    connection.finish(SERVER)
    connection.acknowledge(CLIENT)
    return shown


@capture("end/fin-before-data")
def fin_before_data():
    """FIN arrives before the data that it follows."""
    shown, connection = begin()
    pieces = pieces_of(connection, CLIENT, text("late", 300), 100)
    connection.segment(CLIENT, *pieces[0])
    connection.segment(CLIENT, *pieces[2], flags=FIN | ACK)
    connection.segment(CLIENT, *pieces[1])
    connection.finished[CLIENT] = 1
    connection.acknowledge(SERVER)
    connection.finish(SERVER)
    connection.acknowledge(CLIENT)
    return shown


@capture("end/fin-with-data")
def fin_with_data():
    shown, connection = begin()
    data = text("last", 100)
    off = connection.write(SERVER, data)
    connection.segment(SERVER, off, data, flags=FIN | PSH | ACK)
    connection.finished[SERVER] = 1
    connection.acknowledge(CLIENT)
    connection.finish(CLIENT)
    connection.acknowledge(SERVER)
    return shown


@capture("end/reset")
def reset():
    shown, connection = begin()
    connection.send(CLIENT, text("request", 100))
    connection.send(SERVER, text("cut off", 100))
    connection.raw(CLIENT, connection.snd_nxt(CLIENT), RST | ACK)
    return shown


@capture("end/reset-out-of-window")
def reset_out_of_window():
    """RFC 5961: a reset whose number is not in the window ends nothing."""
    shown, connection = begin()
    connection.send(CLIENT, text("before", 100))
    connection.raw(SERVER, connection.snd_nxt(SERVER) + 3000000, RST, ack=0)
    connection.send(CLIENT, text("after", 100))
    return end(shown, connection)


@capture("end/none")
def no_end():
    """The capture stops while the connection is open."""
    shown, connection = begin()
    connection.send(CLIENT, text("open end", 100))
    connection.send(SERVER, text("open answer", 100))
    return shown


# ---- checksums ----


def with_broken_copy(checksum, field):
    """A segment with wrong bytes and the wrong checksum @field, then the right segment."""
    shown, connection = begin()
    shown.checksum = checksum
    for number in range(10):  # a sender whose checksums are mostly right
        connection.send(CLIENT, text(f"right {number}", 50))
    wrong = connection.tcp(CLIENT, connection.snd_nxt(CLIENT), PSH | ACK, b"x" * 100)
    shown.packet(connection.packet_of(CLIENT, headers.with_checksum(wrong, field)))
    connection.send(CLIENT, text("good copy", 100))
    return end(shown, connection)


capture("checksum/wrong-verify")(lambda: with_broken_copy("verify", 0x1234))
capture("checksum/wrong-auto")(lambda: with_broken_copy("auto", 0x1234))


def rewritten(shown, is_rewritten):
    """Gives the packets of @shown for which @is_rewritten is true a wrong TCP checksum."""
    shown.checksum = "auto"
    shown.dress = lambda packet: headers.ethernet(
        headers.with_checksum_at(packet, 36, 0x1234) if is_rewritten(packet) else packet)
    return shown


@capture("checksum/all-wrong-auto")
def all_wrong():
    """All checksums of the client are wrong, because the capture was made before its adapter computed them."""
    shown = rewritten(Capture(), lambda packet: packet[12:16] == bytes([10, 0, 0, 1]))
    shown.connection().talk()
    return shown


@capture("checksum/both-wrong-auto")
def both_wrong():
    """An anonymised capture: all checksums are wrong, also those of a third connection, which is
    midstream."""
    shown = rewritten(Capture(), lambda packet: True)
    shown.connection().talk()
    shown.connection(client=("10.0.0.1", 1001)).talk("second")
    middle = shown.connection(client=("10.0.0.3", 1001))
    middle.send(CLIENT, text("middle", 100))
    return shown


@capture("checksum/payload-rewritten-auto")
def payload_rewritten():
    """Only segments with data have wrong checksums: a tool changed the payload."""
    shown = rewritten(Capture(), lambda packet: len(packet) > 60)
    connection = shown.connection()
    connection.open()
    for number in range(4):
        connection.send(CLIENT, text(f"request {number}", 100))
        connection.send(SERVER, text(f"answer {number}", 300))
    return end(shown, connection)


@capture("checksum/lone-wrong-port-auto")
def lone_wrong_port():
    """A damaged segment has another source port. It opens no connection, as its sender's checksums
    are right."""
    shown = Capture()
    shown.checksum = "auto"
    connection = shown.connection()
    connection.open()
    data = text("data", 300)
    damaged = bytearray(connection.packet_of(CLIENT, connection.tcp(CLIENT, connection.seq(CLIENT, 0), PSH | ACK, data)))
    damaged[20] ^= 0x40
    shown.packet(bytes(damaged))
    connection.send(CLIENT, data)
    return end(shown, connection)


@capture("checksum/offloaded-auto")
def offloaded_auto():
    """A sender left its checksums to the adapter: they contain only the pseudo header's sum."""
    shown = Capture()
    shown.checksum = "auto"

    def dress(packet):
        if packet[15] == 1:  # the client's packets were captured on the client
            src, dst = "10.0.0.1", "10.0.0.2"
            partial = ~headers.checksum(headers.pseudo_header(src, dst, len(packet) - 20)) & 0xFFFF
            packet = packet[:20] + headers.with_checksum(packet[20:], partial)
        return headers.ethernet(packet)

    shown.dress = dress
    shown.connection().talk()
    return shown
