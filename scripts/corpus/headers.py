# SPDX-License-Identifier: BSD-2-Clause
"""
headers.py - packet headers as bytes: TCP, IPv4, IPv6, link layers, tags and tunnels.

A function named after a header takes the bytes that follow the header and returns both. A dress is
a function that takes an IP packet and returns the frame, or the list of frames, of the capture.
"""
import socket
import struct

FIN, SYN, RST, PSH, ACK, URG = 1, 2, 4, 8, 16, 32
TCP, UDP, GRE, AH, FRAGMENT = 6, 17, 47, 51, 44
HOP_BY_HOP, ROUTING, DESTINATION = 0, 43, 60
IPV4, IPV6, TEB = 0x0800, 0x86DD, 0x6558
OUTER = ("192.0.2.1", "192.0.2.2")
OUTER6 = ("2001:db8:ff::1", "2001:db8:ff::2")
MACS = bytes.fromhex("020000000002020000000001")


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def address(text):
    return socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text)


def pseudo_header(src, dst, length):
    if ":" in src:
        return address(src) + address(dst) + struct.pack("!II", length, TCP)
    return address(src) + address(dst) + struct.pack("!HH", TCP, length)


def segment(src, dst, seq, ack, flags, payload=b"", window=65535, options=b"", urgent=0):
    """Returns a TCP segment with a right checksum; src and dst are (address, port)."""
    options += b"\x01" * (-len(options) % 4)
    header = struct.pack("!HHIIBBHHH", src[1], dst[1], seq % 2**32, ack % 2**32,
                         (20 + len(options)) // 4 << 4, flags, window, 0, urgent) + options
    data = header + payload
    return with_checksum(data, checksum(pseudo_header(src[0], dst[0], len(data)) + data))


def with_checksum_at(packet, at, value):
    return packet[:at] + struct.pack("!H", value) + packet[at + 2:]


def with_checksum(tcp, value):
    return tcp[:16] + struct.pack("!H", value) + tcp[18:]


# ---- IP ----


def ipv4(src, dst, proto, payload, ident=1, fragment=0x4000, options=b"", length=None):
    header_bytes = 20 + len(options)
    length = header_bytes + len(payload) if length is None else length
    header = struct.pack("!BBHHHBBH", 0x40 | header_bytes // 4, 0, length, ident, fragment, 64, proto, 0)
    header += address(src) + address(dst) + options
    return header[:10] + struct.pack("!H", checksum(header)) + header[12:] + payload


def ipv6(src, dst, proto, payload, length=None):
    length = len(payload) if length is None else length
    return struct.pack("!IHBB", 6 << 28, length, proto, 64) + address(src) + address(dst) + payload


def ip(src, dst, proto, payload):
    return (ipv6 if ":" in src else ipv4)(src, dst, proto, payload)


def is_ipv6(packet):
    return packet[0] >> 4 == 6


def with_extensions(packet):
    """Hop-by-hop options, a routing header with no segments left, destination options."""
    pad = b"\x01\x04\0\0\0\0"
    chain = bytes([ROUTING, 0]) + pad + bytes([DESTINATION, 0, 0, 0]) + bytes(4) + bytes([packet[6], 0]) + pad
    payload = chain + packet[40:]
    return packet[:4] + struct.pack("!HB", len(payload), HOP_BY_HOP) + packet[7:40] + payload


def authenticated(packet):
    """An authentication header (RFC 4302) of 24 bytes in front of TCP."""
    payload = struct.pack("!BBHII", packet[9], 4, 0, 7, 1) + bytes(12) + packet[20:]
    return ipv4(socket.inet_ntop(socket.AF_INET, packet[12:16]),
                socket.inet_ntop(socket.AF_INET, packet[16:20]), AH, payload)


def fragments(packet, size, ident):
    """Returns the packet in fragments of @size bytes, in order."""
    pieces = []
    data = packet[40:] if is_ipv6(packet) else packet[20:]
    for off in range(0, len(data), size):
        piece = data[off:off + size]
        more = off + len(piece) < len(data)
        if is_ipv6(packet):
            payload = struct.pack("!BBHI", packet[6], 0, off | more, ident) + piece
            pieces.append(packet[:4] + struct.pack("!HB", len(payload), FRAGMENT) + packet[7:40] + payload)
        else:
            pieces.append(ipv4(socket.inet_ntop(socket.AF_INET, packet[12:16]),
                               socket.inet_ntop(socket.AF_INET, packet[16:20]),
                               packet[9], piece, ident, more << 13 | off // 8))
    return pieces


def atomic_fragment(packet):
    """RFC 6946: a fragment header before a whole datagram."""
    payload = struct.pack("!BBHI", packet[6], 0, 0, 0) + packet[40:]
    return packet[:4] + struct.pack("!HB", len(payload), FRAGMENT) + packet[7:40] + payload


# ---- headers in front of IP ----


def ethertype_of(packet):
    return IPV6 if is_ipv6(packet) else IPV4


def ethernet(packet, tags=b""):
    return MACS + tags + struct.pack("!H", ethertype_of(packet)) + packet


def ethernet_type(ethertype, payload):
    return MACS + struct.pack("!H", ethertype) + payload


def vlan(packet, *tags):
    """@tags: (tag protocol, priority and VLAN id), the outermost first."""
    return ethernet(packet, b"".join(struct.pack("!HH", *tag) for tag in tags))


def padded(packet):
    return ethernet(packet).ljust(60, b"\xee") + b"\xee" * 4


def mpls_labels(bottom):
    return struct.pack("!II", 16 << 12 | 64, bottom << 12 | 0x100 | 64)


def mpls(packet):
    return ethernet_type(0x8847, mpls_labels(17) + packet)


def mpls_pseudowire(packet):
    return ethernet_type(0x8847, mpls_labels(18) + bytes(4) + ethernet(packet))


def mpls_without_control_word(packet, tags=((0x8100, 7),)):
    return ethernet_type(0x8847, mpls_labels(18) + vlan(packet, *tags))


def tag(ethertype, fields):
    """Ethernet with a tag that ends with the EtherType of the packet."""
    return lambda packet: ethernet_type(ethertype, fields + struct.pack("!H", ethertype_of(packet)) + packet)


vn_tag = tag(0x8926, bytes.fromhex("80010002"))
e_tag = tag(0x893F, bytes.fromhex("e00110020304"))
cisco_metadata = tag(0x8909, bytes.fromhex("010100010005"))


def pbb(packet):
    return ethernet_type(0x88E7, struct.pack("!I", 42) + ethernet(packet))


def fabricpath(packet):
    return ethernet_type(0x8903, struct.pack("!H", 1 << 6 | 32) + vlan(packet, (0x8100, 7)))


def nsh_header(kind, metadata=bytes(16)):
    return struct.pack("!HBBI", 0x0FC0 | 2 + len(metadata) // 4, 1 if metadata else 2, kind, 1 << 8 | 255) + metadata


def nsh(packet):
    return ethernet_type(0x894F, nsh_header(3) + ethernet(packet))


def nsh_ip(packet):
    return ethernet_type(0x894F, nsh_header(2 if is_ipv6(packet) else 1, b"") + packet)


def macsec(packet):
    """MACsec with authentication only: a check value of 16 bytes follows the packet."""
    data = struct.pack("!H", ethertype_of(packet)) + packet
    short = len(data) if len(data) < 48 else 0
    return ethernet_type(0x88E5, struct.pack("!BBIQ", 0x20, short, packet[15], 2 << 16 | 1) + data + b"\xcc" * 16)


def nflog(order, packet):
    def attribute(kind, value):
        return struct.pack(order + "HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)
    return (struct.pack("!BBH", 10 if is_ipv6(packet) else 2, 0, 1) + attribute(1, bytes.fromhex("08000100"))
            + attribute(10, b"prefix\0") + attribute(9, packet))


def snap(packet):
    return b"\xaa\xaa\x03\0\0\0" + struct.pack("!H", ethertype_of(packet)) + packet


def wireless(packet):
    """A data frame of 802.11, to or from an access point, with QoS in one direction."""
    to_access_point = packet[15] == 1
    header = b"\x88\x01" if to_access_point else b"\x08\x02"
    return header + bytes(2) + MACS + MACS[:6] + b"\x10\x20" + bytes(2 * to_access_point) + snap(packet)


def radiotap(packet):
    """A radiotap header with TSFT, flags and rate. Flags: the 802.11 header is padded, a check
    sequence follows."""
    frame = wireless(packet)
    header_bytes = len(frame) - len(snap(packet))
    frame = frame[:header_bytes] + bytes(-header_bytes % 4) + frame[header_bytes:]
    return struct.pack("<BBHIQBB", 0, 0, 18, 7, 1, 0x30, 2) + frame + b"\xfc" * 4


def cisco_hdlc(packet):
    return struct.pack("!BBH", 0x0F, 0, ethertype_of(packet)) + packet


def pktap(packet, dlt=1, frame=None):
    header = struct.pack("<III24s", 108, 1, dlt, b"en0").ljust(108, b"\0")
    return header + (ethernet(packet) if frame is None else frame)


def ppp(packet):
    return struct.pack("!H", 0x0057 if is_ipv6(packet) else 0x0021) + packet


def pppoe(packet):
    return ethernet_type(0x8864, struct.pack("!BBHH", 0x11, 0, 5, len(ppp(packet))) + ppp(packet))


def llc_snap(packet):
    payload = snap(packet)
    return ethernet_type(len(payload), payload)


def family(order, packet, inet6=10):
    return struct.pack(order + "I", inet6 if is_ipv6(packet) else 2) + packet


def sll(packet):
    return struct.pack("!HHH8sH", 0, 1, 6, MACS[:6], ethertype_of(packet)) + packet


def sll2(packet):
    return struct.pack("!HHIHBB8s", ethertype_of(packet), 0, 3, 1, 0, 6, MACS[:6]) + packet


# ---- tunnels: a packet or frame in an IP packet ----


def udp(port, payload, outer=OUTER):
    return ip(*outer, UDP, struct.pack("!HHHH", 50000, port, 8 + len(payload), 0) + payload)


def vxlan(packet, port=4789):
    return udp(port, struct.pack("!II", 0x08 << 24, 42 << 8) + ethernet(packet))


def vxlan_gpe(packet):
    kind = 2 if is_ipv6(packet) else 1
    return udp(4790, struct.pack("!BBBBI", 0x0C, 0, 0, kind, 42 << 8) + packet)


def geneve(packet, options=b"\x01\x02\x80\x01\0\0\0\7"):
    return udp(6081, struct.pack("!BBHI", len(options) // 4, 0, TEB, 42 << 8) + options + ethernet(packet))


def geneve_ip(packet):
    return udp(6081, struct.pack("!BBHI", 0, 0, ethertype_of(packet), 42 << 8) + packet)


def gtpu(packet):
    """GTP-U with a sequence number and one extension header; each direction has its own TEID."""
    more = struct.pack("!HBB", 9, 0, 0x85) + bytes([1, 0x10, 9, 0])
    teid = packet[15]
    return udp(2152, struct.pack("!BBHI", 0x36, 255, len(more) + len(packet), teid) + more + packet)


def vxlan_gpe_nsh(packet):
    return udp(4790, struct.pack("!BBBBI", 0x0C, 0, 0, 4, 42 << 8) + nsh_header(3) + ethernet(packet))


def gue(packet):
    return udp(6080, struct.pack("!BBHI", 1, 41 if is_ipv6(packet) else 4, 1, 0) + packet)


def gue_without_header(packet):
    return udp(6080, packet)


def lisp(packet):
    """LISP: the nonce differs by direction; the instance id is 42."""
    return udp(4341, struct.pack("!II", 0x88 << 24 | packet[15], 42 << 8 | 1) + packet)


def udp_from(port, from_server, payload):
    """UDP between @port at the server's end of the tunnel and port 50000 at the other end."""
    ports = (port, 50000) if from_server else (50000, port)
    return ip(*OUTER, UDP, struct.pack("!HHHH", *ports, 8 + len(payload), 0) + payload)


def teredo(packet):
    """Teredo: packets of the server have an authentication header and an origin indication."""
    from_server = packet[23] == 2
    extra = struct.pack("!BBBB9sHHI", 0, 1, 0, 0, b"12345678\0", 0, 1, 2) if from_server else b""
    return udp_from(3544, from_server, extra + packet)


def l2tp(packet):
    """L2TP data messages, in one direction with length, sequence numbers and offset."""
    from_server = packet[15] == 2
    payload = b"\xff\x03" + ppp(packet)
    if from_server:
        header = struct.pack("!HHHHHHH2s", 0x4A02, 16 + len(payload), 1, 2, 3, 4, 2, b"")
    else:
        header = struct.pack("!HHH", 2, 5, 6)
    return udp_from(1701, from_server, header + payload)


def capwap(packet, frame=None):
    header = struct.pack("!BBBBI", 0, 2 << 3, 1 << 1 | (frame is not None), 0, 0)
    return udp_from(5247, packet[15] == 2, header + (ethernet(packet) if frame is None else frame))


def capwap_wireless(packet):
    return capwap(packet, wireless(packet))


def capwap_swapped(packet):
    frame = wireless(packet)
    return capwap(packet, frame[1::-1] + frame[2:])


def tzsp(packet):
    return udp(37008, struct.pack("!BBHBBBbB", 1, 0, 1, 0, 10, 1, -40, 1) + ethernet(packet))


def tzsp_wireless(packet):
    return udp(37008, struct.pack("!BBHB", 1, 0, 18, 1) + wireless(packet))


def hp_erm(packet):
    return udp(7932, bytes(12) + ethernet(packet))


def gre(packet, flags=0, fields=b""):
    return ip(*OUTER, GRE, struct.pack("!HH", flags, ethertype_of(packet)) + fields + packet)


def gre_all_fields(packet):
    return gre(packet, 0xB000, struct.pack("!HHII", 0, 0, 7, 1))


def nvgre(packet):
    """NVGRE: the low byte of the GRE key is a flow number, which each direction chooses itself."""
    return ip(*OUTER, GRE, struct.pack("!HHI", 0x2000, TEB, 42 << 8 | packet[15]) + ethernet(packet))


def erspan1(packet):
    return ip(*OUTER, GRE, struct.pack("!HH", 0, 0x88BE) + ethernet(packet))


def erspan2(packet):
    return ip(*OUTER, GRE, struct.pack("!HHI", 0x1000, 0x88BE, 1) + struct.pack("!HHI", 1 << 12, 5, 0)
              + ethernet(packet))


def erspan3(packet):
    """ERSPAN III with the optional platform-specific subheader."""
    header = struct.pack("!HHIHBB", 2 << 12, 5, 0, 0, 0, 1) + bytes(8)
    return ip(*OUTER, GRE, struct.pack("!HHI", 0x1000, 0x22EB, 1) + header + ethernet(packet))


def pptp(packet):
    payload = b"\xff\x03" + ppp(packet)
    return ip(*OUTER, GRE, struct.pack("!HHHHII", 0x3081, 0x880B, len(payload), packet[15], 1, 1) + payload)


def ip_in_ip(packet, outer=OUTER):
    return ip(*outer, 41 if is_ipv6(packet) else 4, packet)
